local sqrt = math.sqrt

local function body(x, y, z, vx, vy, vz, mass)
  return { x = x, y = y, z = z, vx = vx, vy = vy, vz = vz, mass = mass }
end

local function step(bodies)
  local moved = {}
  for i = 1, #bodies do
    local b = bodies[i]
    local vx, vy, vz = b.vx, b.vy, b.vz
    for j = 1, #bodies do
      if i ~= j then
        local other = bodies[j]
        local dx, dy, dz = b.x - other.x, b.y - other.y, b.z - other.z
        local square = dx * dx + dy * dy + dz * dz
        local force = 0.01 * other.mass / (square * sqrt(square))
        vx = vx - dx * force
        vy = vy - dy * force
        vz = vz - dz * force
      end
    end
    moved[i] = body(b.x + 0.01 * vx, b.y + 0.01 * vy, b.z + 0.01 * vz, vx, vy, vz, b.mass)
  end
  return moved
end

local bodies = {
  body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.5),
  body(4.84, -1.16, -0.1, 0.6, 2.8, -0.02, 0.037),
  body(8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011),
  body(12.9, -15.1, -0.22, 1.08, 0.87, -0.01, 0.0017),
  body(15.4, -25.9, 0.18, 0.98, 0.59, -0.03, 0.002),
}
for _ = 1, 60000 do bodies = step(bodies) end
local sum = 0.0
for _, b in ipairs(bodies) do sum = sum + b.x + b.y * 2.0 + b.z * 3.0 end
sum = sum * 1000.0
print(string.format("%d", sum < 0 and math.ceil(sum) or math.floor(sum)))
