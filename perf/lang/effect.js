// Handlers in a table, found by name when the operation is performed.
const handlers = {};

function perform(name, value) {
  return handlers[name](value);
}

function count(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    perform("add", i % 3);
    sum = (sum + perform("next")) % 1000003;
  }
  return sum;
}

let state = 0;
handlers.next = () => ++state;
handlers.add = (k) => {
  state += k;
};
const sum = count(3000000);
console.log(`${sum} ${state}`);
