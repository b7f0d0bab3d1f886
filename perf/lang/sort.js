function numbers(n, seed) {
  const made = [];
  for (let i = 0; i < n; i++) {
    made.push(seed);
    seed = seed * 16807 % 2147483647;
  }
  return made;
}

function merge(a, b) {
  const out = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (j >= b.length || (i < a.length && a[i] <= b[j])) out.push(a[i++]);
    else out.push(b[j++]);
  }
  return out;
}

function sorted(xs) {
  if (xs.length < 2) return xs;
  const half = xs.length >> 1;
  return merge(sorted(xs.slice(0, half)), sorted(xs.slice(half)));
}

const xs = sorted(numbers(300000, 42));
let sum = 0;
for (let i = 0; i < 10; i++) sum = (sum * 31 + xs[i * 30000]) % 1000003;
console.log(sum);
