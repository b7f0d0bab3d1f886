local function make(depth, seed)
  if depth == 0 then
    if seed % 3 == 0 then return { tag = "null" } end
    if seed % 3 == 1 then return { tag = "number", value = seed } end
    return { tag = "text", value = "v" .. seed }
  end
  local list = {}
  if depth % 2 == 0 then
    for i = 0, 5 do list[i + 1] = make(depth - 1, seed + i) end
    return { tag = "items", value = list }
  end
  for i = 0, 5 do list[i + 1] = { "k" .. i, make(depth - 1, seed + i * 2) } end
  return { tag = "members", value = list }
end

local function sum(doc)
  local tag, value = doc.tag, doc.value
  if tag == "null" then return 1 end
  if tag == "number" then return value end
  if tag == "text" then return #value end
  local total = 0
  if tag == "items" then
    for i = 1, #value do total = total + sum(value[i]) end
  else
    for i = 1, #value do total = total + #value[i][1] + sum(value[i][2]) end
  end
  return total
end

local function render(doc)
  local tag, value = doc.tag, doc.value
  if tag == "null" then return "null" end
  if tag == "number" then return tostring(value) end
  if tag == "text" then return '"' .. value .. '"' end
  local pieces = {}
  if tag == "items" then
    for i = 1, #value do pieces[i] = render(value[i]) end
    return "[" .. table.concat(pieces, ",") .. "]"
  end
  for i = 1, #value do pieces[i] = '"' .. value[i][1] .. '":' .. render(value[i][2]) end
  return "{" .. table.concat(pieces, ",") .. "}"
end

local total = 0
for round = 0, 2 do
  local doc = make(7, round)
  for _ = 1, 3 do total = total + sum(doc) end
  total = total + #render(doc)
end
print(string.format("%d", total))
