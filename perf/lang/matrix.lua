local n = 220

local function make(f)
  local rows = {}
  for i = 0, n - 1 do
    local row = {}
    for j = 0, n - 1 do row[j + 1] = f(i, j) / 7.0 end
    rows[i + 1] = row
  end
  return rows
end

local a = make(function(i, j) return (i * 3 + j * 5) % 11 end)
local b = make(function(j, i) return (i * 7 + j * 2) % 13 end)
local c = {}
for i = 1, n do
  local row, out = a[i], {}
  for j = 1, n do
    local column, sum = b[j], 0.0
    for k = 1, n do sum = sum + row[k] * column[k] end
    out[j] = sum
  end
  c[i] = out
end
local sum = 0.0
for i = 1, n do
  for j = 1, n do sum = sum + c[i][j] end
end
print(string.format("%d", math.floor(sum)))
