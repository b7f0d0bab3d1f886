local function mix(n, sum)
  for i = 0, n - 1 do sum = (sum * 31 + i) % 1000003 end
  return sum
end

local function average(n, x)
  for _ = 1, n do x = (x + 3.0 / (x + 1.5)) * 0.75 end
  return x
end

print(string.format("%d %d", mix(20000000, 1), math.floor(average(10000000, 1.0) * 1000000.0)))
