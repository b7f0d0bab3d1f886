-- A node is { red, left, key, right }; nil is a leaf. Nodes are never changed.
local function node(red, left, key, right)
  return { red, left, key, right }
end

local function is_red(tree)
  return tree and tree[1]
end

local function balance(red, left, key, right)
  if not red then
    if is_red(left) then
      if is_red(left[2]) then
        local l = left[2]
        return node(true, node(false, l[2], l[3], l[4]), left[3], node(false, left[4], key, right))
      end
      if is_red(left[4]) then
        local r = left[4]
        return node(true, node(false, left[2], left[3], r[2]), r[3], node(false, r[4], key, right))
      end
    end
    if is_red(right) then
      if is_red(right[2]) then
        local l = right[2]
        return node(true, node(false, left, key, l[2]), l[3], node(false, l[4], right[3], right[4]))
      end
      if is_red(right[4]) then
        local r = right[4]
        return node(true, node(false, left, key, right[2]), right[3], node(false, r[2], r[3], r[4]))
      end
    end
  end
  return node(red, left, key, right)
end

local function add(tree, key)
  if not tree then return node(true, nil, key, nil) end
  local at = tree[3]
  if key < at then return balance(tree[1], add(tree[2], key), at, tree[4]) end
  if key > at then return balance(tree[1], tree[2], at, add(tree[4], key)) end
  return tree
end

local function insert(tree, key)
  local t = add(tree, key)
  return node(false, t[2], t[3], t[4])
end

local function mix(tree, depth)
  if not tree then return depth end
  return (mix(tree[2], depth + 1) + mix(tree[4], depth + 1) + tree[3]) % 1000003
end

local tree, seed = nil, 42
for _ = 1, 120000 do
  tree = insert(tree, seed)
  seed = seed * 16807 % 2147483647
end
print(string.format("%d", mix(tree, 0)))
