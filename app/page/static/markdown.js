// A small reader of Markdown, text -> plain blocks: what a bundle's card is made of, and no HTML, ever.
//   {type: "heading", level, text} {type: "paragraph", text} {type: "list", items} {type: "code", lines}
//   {type: "table", head, rows, right}      each text is a list of pieces: {text, as?: "bold" | "italic" | "code" | "link" | "image", to?}
// A card may be a stranger's: it is bounded, and each line is read once.

export const MOST_CHARS = 300_000, MOST_LINES = 5000;

export function read(text) {
  const lines = text.slice(0, MOST_CHARS).split(/\r?\n/, MOST_LINES), blocks = [];
  for (let at = 0; at < lines.length;) {
    const [kind, block, next] = take(lines, at);
    if (kind) blocks.push(block);
    at = next;
  }
  return blocks;
}

const HEADING = /^(#{1,6}) +(.*?)(?: +#+)?$/, ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)]) +(.*)$/, FENCE = /^ {0,3}\x60{3}/;
const CELLS = /^ *\|?(.*?)\|? *$/, RULE = /^ *\|?(?: *:?-+:? *\|)+ *(?::?-+:? *)?$/;

function take(lines, at) {
  const line = lines[at], heading = HEADING.exec(line);
  if (!line.trim()) return [null, null, at + 1];
  if (heading) return ["heading", { type: "heading", level: heading[1].length, text: pieces(heading[2]) }, at + 1];
  if (FENCE.test(line)) return code(lines, at + 1);
  if (line.includes("|") && RULE.test(lines[at + 1] ?? "")) return table(lines, at);
  if (ITEM.test(line)) return list(lines, at);
  return paragraph(lines, at);
}

// From `at` as long as lines are `good`.
function while_(lines, at, good) {
  let end = at;
  while (end < lines.length && good(lines[end], end)) end++;
  return [lines.slice(at, end), end];
}

function code(lines, at) {
  const [within, end] = while_(lines, at, (line) => !FENCE.test(line));
  return ["code", { type: "code", lines: within }, end + 1];
}

function table(lines, at) {
  const cells = (line) => CELLS.exec(line)[1].split(/(?<!\\)\|/).map((cell) => pieces(cell.trim().replaceAll("\\|", "|")));
  const [rows, end] = while_(lines, at + 2, (line) => line.includes("|"));
  const right = CELLS.exec(lines[at + 1])[1].split("|").map((cell) => cell.trim().endsWith(":"));
  return ["table", { type: "table", head: cells(lines[at]), rows: rows.map(cells), right }, end];
}

function list(lines, at) {
  const [items, end] = while_(lines, at, (line) => ITEM.test(line));
  return ["list", { type: "list", items: items.map((line) => pieces(ITEM.exec(line)[1])) }, end];
}

function paragraph(lines, at) {
  const [own, end] = while_(lines, at, (line, here) => here === at || (line.trim() && !HEADING.test(line) && !FENCE.test(line) && !ITEM.test(line)));
  return ["paragraph", { type: "paragraph", text: pieces(own.join("\n")) }, end];
}

// What stands between marks within a line; a mark without its other end is text.
const MARKS = /`([^`\n]{1,500})`|\*\*([^*\n]{1,500})\*\*|\*([^*\s][^*\n]{0,500})\*|(!?)\[([^[\]\n]{0,500})\]\(([^()\s]{1,500})\)|\\([!-/:-@[-`{-~])/g;

export function pieces(text) {
  const found = [];
  let at = 0;
  for (const match of text.matchAll(MARKS)) {
    if (match.index > at) found.push({ text: text.slice(at, match.index) });
    found.push(piece(match));
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

function piece([, code, bold, italic, mark, name, to, escaped]) {
  if (code !== undefined) return { text: code, as: "code" };
  if (bold !== undefined) return { text: bold, as: "bold" };
  if (italic !== undefined) return { text: italic, as: "italic" };
  return to === undefined ? { text: escaped } : { text: name, as: mark ? "image" : "link", to };
}
