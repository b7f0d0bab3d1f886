function make(depth, seed) {
  if (depth === 0) {
    if (seed % 3 === 0) return { tag: "null" };
    if (seed % 3 === 1) return { tag: "number", value: seed };
    return { tag: "text", value: `v${seed}` };
  }
  const list = [];
  if (depth % 2 === 0) {
    for (let i = 0; i < 6; i++) list.push(make(depth - 1, seed + i));
    return { tag: "items", value: list };
  }
  for (let i = 0; i < 6; i++) list.push([`k${i}`, make(depth - 1, seed + i * 2)]);
  return { tag: "members", value: list };
}

function sum(doc) {
  switch (doc.tag) {
    case "null": return 1;
    case "number": return doc.value;
    case "text": return doc.value.length;
    case "items": return doc.value.reduce((total, item) => total + sum(item), 0);
    default: return doc.value.reduce((total, [name, value]) => total + name.length + sum(value), 0);
  }
}

function render(doc) {
  switch (doc.tag) {
    case "null": return "null";
    case "number": return `${doc.value}`;
    case "text": return `"${doc.value}"`;
    case "items": return "[" + doc.value.map(render).join(",") + "]";
    default: return "{" + doc.value.map(([name, value]) => `"${name}":` + render(value)).join(",") + "}";
  }
}

let total = 0;
for (let round = 0; round < 3; round++) {
  const doc = make(7, round);
  for (let k = 0; k < 3; k++) total += sum(doc);
  total += render(doc).length;
}
console.log(total);
