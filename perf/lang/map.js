const numbers = new Map();
let seed = 42;
for (let i = 0; i < 400000; i++) {
  numbers.set(seed % 200000, i);
  seed = seed * 16807 % 2147483647;
}
let sum = 0;
for (let i = 0; i < 200000; i++) sum = (sum * 31 + (numbers.get(i) ?? 7)) % 1000003;

const counts = new Map();
seed = 42;
for (let i = 0; i < 400000; i++) {
  const word = `word${seed % 5000}`;
  counts.set(word, (counts.get(word) ?? 0) + 1);
  seed = seed * 16807 % 2147483647;
}
let most = 0;
for (const count of counts.values()) if (count > most) most = count;
console.log(`${sum} ${most}`);
