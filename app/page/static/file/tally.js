// What came of a file, in few numbers: which answers how often, and how many are as the file says. It knows no type.
import { FLOAT, numbers, word, MISSING } from "./cells.js";
import { count, number, percent, short } from "../words.js";

const SHOWN = 8, MOST = 1000; // labels; bins

export class Tally {
  #counts = new Map();
  #values = [];

  add(value) {
    if (typeof value === "number") this.#values.push(value);
    else if (this.#counts.size < MOST || this.#counts.has(value)) this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  // [{name, value: share of the most, text}]
  bars() {
    const found = this.#values.length ? this.#bins() : [...this.#counts].sort(([, one], [, other]) => other - one);
    const all = found.reduce((sum, [, rows]) => sum + rows, 0), most = Math.max(...found.map(([, rows]) => rows));
    const rest = found.slice(SHOWN).reduce((sum, [, rows]) => sum + rows, 0);
    return [...found.slice(0, SHOWN), ...(rest ? [["others", rest]] : [])]
      .map(([name, rows]) => ({ name: short(String(name)), value: rows / Math.max(most, rest), text: `${rows.toLocaleString("en")}, ${percent(rows / all)}` }));
  }

  // Where nearly all are one number: below it, the number itself, above it.
  #one(sorted, value) {
    const less = sorted.findIndex((each) => each >= value), more = sorted.length - 1 - sorted.findLastIndex((each) => each <= value);
    const text = number(value);
    return [[`below ${text}`, less], [text, sorted.length - less - more], [`above ${text}`, more]].filter(([, rows]) => rows);
  }

  // Of equal width, but for the hundredth at either end.
  #bins() {
    const sorted = Float64Array.from(this.#values).sort(), at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
    const [low, high] = [at(0.01), at(0.99)];
    if (low === high) return this.#one(sorted, low);
    const width = (high - low) / SHOWN, rows = Array(SHOWN).fill(0);
    for (const value of sorted) rows[Math.max(0, Math.min(SHOWN - 1, Math.floor((value - low) / width)))] += 1;
    const edge = (bin) => number(Number((low + bin * width).toPrecision(3)));
    return rows.map((of, bin) => [bin === 0 ? `up to ${edge(1)}` : bin === SHOWN - 1 ? `from ${edge(bin)}` : `${edge(bin)} to ${edge(bin + 1)}`, of]);
  }
}

// Where the file holds the target: how many answers are right, or how far they are off.
export class Truth {
  #read;
  #rows = 0;
  #sum = 0;

  constructor({ answer = {}, target, reading, labels }) {
    this.#read = numbers({}, reading?.columns?.[target]);
    this.target = target;
    this.separator = answer.separator;
    this.labels = new Set(answer.labels ?? labels);
  }

  add(truth, value) {
    const text = Array.isArray(truth) ? truth.join(this.separator) : truth === null || truth === undefined ? null : word(String(truth), MISSING);
    if (text === null) return;
    const found = typeof value === "number" ? this.#off(text, value) : this.#right(text, value);
    if (found === null) return;
    this.#rows += 1;
    this.#sum += found;
  }

  #off(text, value) {
    try {
      return Math.abs(this.#read(text) - value);
    } catch {
      return null;
    }
  }

  #right(text, value) {
    const parts = (of) => (this.separator ? of.split(this.separator).map((one) => one.trim()).filter(Boolean).sort() : [of]);
    const [theirs, ours] = [parts(text), parts(value)];
    return theirs.every((label) => this.labels.has(label)) ? Number(theirs.join("\0") === ours.join("\0")) : null;
  }

  get words() {
    if (!this.#rows) return null;
    const of = `${count(this.#rows, "row")} whose \`${short(this.target)}\` the file holds`;
    return this.labels.size ? `Right in ${percent(this.#sum / this.#rows)} of the ${of}.` : `Off by ${number(this.#sum / this.#rows, 3)} on average in the ${of}.`;
  }
}
