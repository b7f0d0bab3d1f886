local function build(i, n)
  local pieces = {}
  for k = i, n - 1 do pieces[#pieces + 1] = "item " .. k .. ", " end
  return table.concat(pieces)
end

local function split(text)
  local parts, at = {}, 1
  while true do
    local from = string.find(text, ", ", at, true)
    if not from then break end
    parts[#parts + 1] = string.sub(text, at, from - 1)
    at = from + 2
  end
  parts[#parts + 1] = string.sub(text, at)
  return parts
end

local total = 0
for round = 0, 3 do
  local text = build(round, 200000)
  local parts = split(text)
  local upper, hits = {}, 0
  for i, part in ipairs(parts) do
    upper[i] = string.upper(part)
    if string.sub(part, 1, 6) == "item 7" then hits = hits + 1 end
  end
  total = total + #text + #table.concat(upper, ";") + hits
end
print(string.format("%d", total))
