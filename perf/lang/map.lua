local numbers, seed = {}, 42
for i = 0, 399999 do
  numbers[seed % 200000] = i
  seed = seed * 16807 % 2147483647
end
local sum = 0
for i = 0, 199999 do sum = (sum * 31 + (numbers[i] or 7)) % 1000003 end

local counts = {}
seed = 42
for _ = 1, 400000 do
  local word = string.format("word%d", seed % 5000)
  counts[word] = (counts[word] or 0) + 1
  seed = seed * 16807 % 2147483647
end
local most = 0
for _, count in pairs(counts) do
  if count > most then most = count end
end
print(string.format("%d %d", sum, most))
