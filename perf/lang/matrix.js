const n = 220;

function make(f) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    const row = [];
    for (let j = 0; j < n; j++) row.push(f(i, j) / 7.0);
    rows.push(row);
  }
  return rows;
}

const a = make((i, j) => (i * 3 + j * 5) % 11);
const b = make((j, i) => (i * 7 + j * 2) % 13);
const c = a.map((row) => b.map((column) => {
  let sum = 0.0;
  for (let k = 0; k < n; k++) sum += row[k] * column[k];
  return sum;
}));
let sum = 0.0;
for (const row of c) for (const x of row) sum += x;
console.log(Math.trunc(sum));
