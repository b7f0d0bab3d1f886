function body(x, y, z, vx, vy, vz, mass) {
  return { x, y, z, vx, vy, vz, mass };
}

function step(bodies) {
  const moved = [];
  for (let i = 0; i < bodies.length; i++) {
    const b = bodies[i];
    let { vx, vy, vz } = b;
    for (let j = 0; j < bodies.length; j++) {
      if (i === j) continue;
      const other = bodies[j];
      const dx = b.x - other.x;
      const dy = b.y - other.y;
      const dz = b.z - other.z;
      const square = dx * dx + dy * dy + dz * dz;
      const force = 0.01 * other.mass / (square * Math.sqrt(square));
      vx -= dx * force;
      vy -= dy * force;
      vz -= dz * force;
    }
    moved.push(body(b.x + 0.01 * vx, b.y + 0.01 * vy, b.z + 0.01 * vz, vx, vy, vz, b.mass));
  }
  return moved;
}

let bodies = [
  body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.5),
  body(4.84, -1.16, -0.1, 0.6, 2.8, -0.02, 0.037),
  body(8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011),
  body(12.9, -15.1, -0.22, 1.08, 0.87, -0.01, 0.0017),
  body(15.4, -25.9, 0.18, 0.98, 0.59, -0.03, 0.002),
];
for (let n = 0; n < 60000; n++) bodies = step(bodies);
let sum = 0.0;
for (const b of bodies) sum = sum + b.x + b.y * 2.0 + b.z * 3.0;
console.log(Math.trunc(sum * 1000.0));
