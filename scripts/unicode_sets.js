// scripts/unicode_sets.js: writes vm/std/unicode_sets.def from the Unicode data that Node carries.
//
//     npm install unicode-property-value-aliases-ecmascript
//     node scripts/unicode_sets.js > vm/std/unicode_sets.def
const aliases = require('unicode-property-value-aliases-ecmascript');

const properties = {
  ASCII_Hex_Digit: 'AHex', Alphabetic: 'Alpha', Bidi_Control: 'Bidi_C', Case_Ignorable: 'CI',
  Cased: 'Cased', Dash: 'Dash', Default_Ignorable_Code_Point: 'DI', Deprecated: 'Dep',
  Diacritic: 'Dia', Emoji: 'Emoji', Emoji_Component: 'EComp', Emoji_Modifier: 'EMod',
  Emoji_Modifier_Base: 'EBase', Emoji_Presentation: 'EPres', Extended_Pictographic: 'ExtPict',
  Extender: 'Ext', Grapheme_Extend: 'Gr_Ext', Hex_Digit: 'Hex', ID_Continue: 'IDC',
  ID_Start: 'IDS', Ideographic: 'Ideo', Join_Control: 'Join_C', Lowercase: 'Lower',
  Math: 'Math', Noncharacter_Code_Point: 'NChar', Pattern_Syntax: 'Pat_Syn',
  Pattern_White_Space: 'Pat_WS', Quotation_Mark: 'QMark', Regional_Indicator: 'RI',
  Sentence_Terminal: 'STerm', Soft_Dotted: 'SD', Terminal_Punctuation: 'Term',
  Unified_Ideograph: 'UIdeo', Uppercase: 'Upper', Variation_Selector: 'VS',
  White_Space: 'space', XID_Continue: 'XIDC', XID_Start: 'XIDS',
};

function ranges(expression) {
  const found = [];
  let start = -1;
  for (let code = 0; code <= 0x110000; code++) {
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    const is = code < 0x110000 && !isSurrogate && expression.test(String.fromCodePoint(code));
    if (is && start < 0) start = code;
    if (!is && start >= 0) {
      found.push([start, code - 1]);
      start = -1;
    }
  }
  return found;
}

function row(kind, name, short, expression) {
  const hex = (code) => '0x' + code.toString(16).toUpperCase();
  const numbers = ranges(expression).map(([low, high]) => `${hex(low)}, ${hex(high)}`);
  let text = `SET(${kind}, "${name}", "${short}",`;
  let line = '';
  const lines = [];
  for (const pair of numbers) {
    if (line.length + pair.length > 90) {
      lines.push(line);
      line = '';
    }
    line += (line === '' ? '    ' : ', ') + pair;
  }
  lines.push(line);
  return text + '\n' + lines.join(',\n') + ')\n';
}

process.stdout.write(
  '// vm/std/unicode_sets.def: categories, scripts and properties of characters, for \\p{…}\n' +
  `// in regular expressions. Written by scripts/unicode_sets.js from Unicode ` +
  `${process.versions.unicode}.\n//\n` +
  '//  SET(kind, long name, short name, first, last, first, last, …)\n');
for (const [short, name] of aliases.get('General_Category')) {
  // Two letters: no groups of categories (L, LC …), which are unions. Strings have no surrogates.
  if (/^[A-Z][a-z]$/.test(short) && short !== 'Cs') {
    process.stdout.write(row('CATEGORY', name, short, new RegExp(`\\p{${short}}`, 'u')));
  }
}
const scripts = aliases.get('Script');
const seen = new Map();
for (const [alias, name] of scripts) {
  if (!seen.has(name)) seen.set(name, []);
  if (alias !== name) seen.get(name).push(alias);
}
for (const [name, shorts] of [...seen].sort()) {
  let expression;
  try {
    expression = new RegExp(`\\p{Script=${name}}`, 'u');
  } catch (error) {
    continue; // A script that this Node does not know.
  }
  process.stdout.write(row('SCRIPT', name, shorts[0] || name, expression));
}
for (const [name, short] of Object.entries(properties)) {
  process.stdout.write(row('PROPERTY', name, short, new RegExp(`\\p{${name}}`, 'u')));
}
