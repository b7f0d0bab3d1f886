function tak(x, y, z) {
  return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

let sum = 0;
for (let i = 0; i < 800; i++) sum += tak(18, 12, 6 + i % 2);
console.log(sum);
