function build(i, n) {
  let text = "";
  for (; i < n; i++) text += `item ${i}, `;
  return text;
}

let total = 0;
for (let round = 0; round < 4; round++) {
  const text = build(round, 200000);
  const parts = text.split(", ");
  const joined = parts.map((part) => part.toUpperCase()).join(";");
  const hits = parts.filter((part) => part.startsWith("item 7")).length;
  total += text.length + joined.length + hits;
}
console.log(total);
