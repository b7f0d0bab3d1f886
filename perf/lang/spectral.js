const n = 500;

function element(i, j) {
  return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

function both(v) {
  const u = new Array(n);
  const w = new Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0.0;
    for (let j = 0; j < n; j++) sum += element(i, j) * v[j];
    u[i] = sum;
  }
  for (let i = 0; i < n; i++) {
    let sum = 0.0;
    for (let j = 0; j < n; j++) sum += element(j, i) * u[j];
    w[i] = sum;
  }
  return w;
}

function dot(a, b) {
  let sum = 0.0;
  for (let i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

let u = new Array(n).fill(1.0);
let v = u;
for (let k = 0; k < 10; k++) {
  v = both(u);
  u = both(v);
}
console.log(Math.trunc(Math.sqrt(dot(u, v) / dot(v, v)) * 1000000000.0));
