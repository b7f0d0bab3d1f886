// Nodes are never changed; null is a leaf.
function node(red, left, key, right) {
  return { red, left, key, right };
}

function isRed(tree) {
  return tree !== null && tree.red;
}

function balance(red, left, key, right) {
  if (!red) {
    if (isRed(left)) {
      if (isRed(left.left)) {
        const l = left.left;
        return node(true, node(false, l.left, l.key, l.right), left.key,
                    node(false, left.right, key, right));
      }
      if (isRed(left.right)) {
        const r = left.right;
        return node(true, node(false, left.left, left.key, r.left), r.key,
                    node(false, r.right, key, right));
      }
    }
    if (isRed(right)) {
      if (isRed(right.left)) {
        const l = right.left;
        return node(true, node(false, left, key, l.left), l.key,
                    node(false, l.right, right.key, right.right));
      }
      if (isRed(right.right)) {
        const r = right.right;
        return node(true, node(false, left, key, right.left), right.key,
                    node(false, r.left, r.key, r.right));
      }
    }
  }
  return node(red, left, key, right);
}

function add(tree, key) {
  if (tree === null) return node(true, null, key, null);
  if (key < tree.key) return balance(tree.red, add(tree.left, key), tree.key, tree.right);
  if (key > tree.key) return balance(tree.red, tree.left, tree.key, add(tree.right, key));
  return tree;
}

function insert(tree, key) {
  const { left, key: at, right } = add(tree, key);
  return node(false, left, at, right);
}

function mix(tree, depth) {
  if (tree === null) return depth;
  return (mix(tree.left, depth + 1) + mix(tree.right, depth + 1) + tree.key) % 1000003;
}

let tree = null;
let seed = 42;
for (let i = 0; i < 120000; i++) {
  tree = insert(tree, seed);
  seed = seed * 16807 % 2147483647;
}
console.log(mix(tree, 0));
