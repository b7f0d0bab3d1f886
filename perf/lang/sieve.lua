local n = 3000000
local flags = {}
for i = 0, n do flags[i] = true end
local i = 2
while i * i <= n do
  if flags[i] then
    for at = i * i, n, i do flags[at] = false end
  end
  i = i + 1
end
local found = 0
for k = 2, n do
  if flags[k] then found = found + 1 end
end
print(string.format("%d", found))
