local n = 500

local function element(i, j)
  return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1)
end

local function both(v)
  local u, w = {}, {}
  for i = 0, n - 1 do
    local sum = 0.0
    for j = 0, n - 1 do sum = sum + element(i, j) * v[j] end
    u[i] = sum
  end
  for i = 0, n - 1 do
    local sum = 0.0
    for j = 0, n - 1 do sum = sum + element(j, i) * u[j] end
    w[i] = sum
  end
  return w
end

local function dot(a, b)
  local sum = 0.0
  for i = 0, n - 1 do sum = sum + a[i] * b[i] end
  return sum
end

local u, v = {}, nil
for i = 0, n - 1 do u[i] = 1.0 end
for _ = 1, 10 do
  v = both(u)
  u = both(v)
end
print(string.format("%d", math.floor(math.sqrt(dot(u, v) / dot(v, v)) * 1000000000.0)))
