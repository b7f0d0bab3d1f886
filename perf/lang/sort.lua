local function numbers(n, seed)
  local made = {}
  for i = 1, n do
    made[i] = seed
    seed = seed * 16807 % 2147483647
  end
  return made
end

local function slice(xs, from, to)
  local out = {}
  for i = from, to do out[#out + 1] = xs[i] end
  return out
end

local function merge(a, b)
  local i, j, out = 1, 1, {}
  while true do
    local x, y = a[i], b[j]
    if x and (not y or x <= y) then
      out[#out + 1] = x
      i = i + 1
    elseif y then
      out[#out + 1] = y
      j = j + 1
    else
      return out
    end
  end
end

local function sorted(xs)
  local n = #xs
  if n < 2 then return xs end
  local half = math.floor(n / 2)
  return merge(sorted(slice(xs, 1, half)), sorted(slice(xs, half + 1, n)))
end

local xs = sorted(numbers(300000, 42))
local sum = 0
for i = 0, 9 do sum = (sum * 31 + xs[i * 30000 + 1]) % 1000003 end
print(string.format("%d", sum))
