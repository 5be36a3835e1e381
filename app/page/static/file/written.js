// Answers and rows set aside as files, a piece at a time: a Blob lies outside the page's memory.
import { FLOAT } from "./cells.js";

// RFC 4180. The file's own cells stay as they are; a label that a sheet would run as a formula gets an apostrophe.
const quoted = (cell, delimiter) => (/["\r\n]|^\s|\s$/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell);
const line = (cells, delimiter) => `${cells.map((cell) => quoted(cell, delimiter)).join(delimiter)}\r\n`;
const written = (value) => {
  if (typeof value !== "string") return value === null || value === undefined ? "" : String(value);
  return /^[=+\-@\t\r]/.test(value) && !FLOAT.test(value) ? `'${value}` : value;
};

export class Answers {
  #parts = [];

  constructor(names, columns, { delimiter, mark }) {
    this.columns = columns.map((name) => (names.includes(name) ? `${name} (model)` : name));
    this.delimiter = delimiter;
    if (delimiter) this.#parts.push((mark ? "\ufeff" : "") + line([...names, ...this.columns], delimiter));
  }

  // [[entry of the file, values of the answer], …]
  add(pairs) {
    const text = pairs.map(([{ cells, object }, values]) => (this.delimiter
      ? line([...cells, ...values.map(written)], this.delimiter)
      : `${JSON.stringify({ ...object, ...Object.fromEntries(this.columns.map((name, at) => [name, values[at]])) })}\n`));
    if (text.length) this.#parts.push(new Blob([text.join("")]));
  }

  get file() { return new Blob(this.#parts, { type: this.delimiter ? "text/csv" : "application/x-ndjson" }); }
}

export class Aside {
  #parts = [line(["line", "reason", "row"], ",")];
  reasons = new Map(); // without what was received -> [rows, the first line]
  rows = 0;

  add(entries) {
    for (const { line: at, reason } of entries) {
      const known = this.reasons.get(reason) ?? [0, at];
      this.reasons.set(reason, [known[0] + 1, known[1]]);
    }
    this.rows += entries.length;
    if (entries.length) this.#parts.push(new Blob(entries.map(({ line: at, said, text }) => line([String(at), said, text.trimEnd()], ","))));
  }

  get file() { return new Blob(this.#parts, { type: "text/csv" }); }
}
