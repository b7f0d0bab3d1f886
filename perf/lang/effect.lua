-- Handlers in a table, found by name when the operation is performed.
local handlers = {}

local function perform(name, value)
  return handlers[name](value)
end

local function count(n)
  local sum = 0
  for i = 0, n - 1 do
    perform("add", i % 3)
    sum = (sum + perform("next")) % 1000003
  end
  return sum
end

local state = 0
handlers.next = function()
  state = state + 1
  return state
end
handlers.add = function(k) state = state + k end
print(string.format("%d %d", count(3000000), state))
