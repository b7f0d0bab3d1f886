const n = 3000000;
const flags = new Array(n + 1).fill(true);
for (let i = 2; i * i <= n; i++) {
  if (flags[i]) {
    for (let at = i * i; at <= n; at += i) flags[at] = false;
  }
}
let found = 0;
for (let k = 2; k <= n; k++) if (flags[k]) found++;
console.log(found);
