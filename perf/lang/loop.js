function mix(n, sum) {
  for (let i = 0; i < n; i++) sum = (sum * 31 + i) % 1000003;
  return sum;
}

function average(n, x) {
  for (let i = 0; i < n; i++) x = (x + 3.0 / (x + 1.5)) * 0.75;
  return x;
}

console.log(`${mix(20000000, 1)} ${Math.trunc(average(10000000, 1.0) * 1000000.0)}`);
