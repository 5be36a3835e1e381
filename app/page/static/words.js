// Numbers and counts as people read them: never "-0", "1e-7", or "100 %" for a share that is less than all.

const MISSING = "missing", RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// As many digits as say something: 25,760, 3.14, 0.00012, 1.2 × 10²¹.
export function number(value, digits = 4) {
  if (value === null || value === undefined) return MISSING;
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value < 0 ? "−∞" : "∞";
  const size = Math.abs(value), whole = size >= 10 ** (digits - 1);
  const text = size >= 1e15 || (size < 1e-5 && size > 0) ? power(size, digits)
    : grouped(whole ? Math.round(size) : Number(size.toPrecision(digits)));
  return value < 0 && text !== "0" ? `−${text}` : text;
}

// By hand: the browser's own way takes 40 ms when it is first asked.
const grouped = (size) => String(size).replace(/^-?\d+/, (front) => front.replace(/\B(?=(\d{3})+$)/g, ","));

function power(size, digits) {
  const [front, back] = size.toExponential(digits - 1).split("e");
  return `${Number(front)} × 10${back.replace("+", "").replace("-", "⁻").replace(/\d/g, (digit) => RAISED[digit])}`;
}

// A share, 0 to 1, as 82 %, and as a score of 0.82; near the ends with as many digits as tell it from them.
export const percent = (share) => among(share, 100, 0, "\u00a0%");
export const score = (share) => among(share, 1, 2, "");

function among(share, whole, digits, unit) {
  if (!Number.isFinite(share)) return number(share);
  if (share <= 0 || share >= 1) return `${share > 0 ? whole : 0}${unit}`;
  const near = Math.min(share, 1 - share), more = near >= 0.0099 ? 0 : near >= 0.001 ? 1 : 2;
  if (near < 0.00005) return `${share < 0.5 ? "<" : ">"} ${number(share < 0.5 ? 0.0001 * whole : whole - 0.0001 * whole)}${unit}`;
  return `${(whole * share).toFixed(digits + more)}${unit}`;
}

// A difference of shares: +21 points. Percent would say by how much of what it was.
export const points = (difference) => `${signed(Number((100 * difference).toFixed(2)), 2)}\u00a0points`;

export function signed(value, digits) {
  const text = number(Math.abs(value), digits);
  return `${text === "0" ? "±" : value < 0 ? "−" : "+"}${text}`;
}

// A value and how far it may be off, without digits that say nothing: ["25,760", "2,100"].
export function within(value, half) {
  if (!(half > 0)) return [number(value), number(half)];
  const place = Math.floor(Math.log10(half)), own = Math.floor(Math.log10(Math.abs(value))) - 3;
  const step = 10 ** Math.max(place - 2, Math.min(place - 1, own));
  return [number(Math.round(value / step) * step, 12), number(Number(half.toPrecision(2)), 12)];
}

// On an axis, whose numbers are round: 500K, 2,004.5.
export const axis = (value) => (Math.abs(value) < 1e5 ? number(value, 8) : value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 6 }));

export const count = (n, one, many = `${one}s`) => `${grouped(n.toFixed())} ${n === 1 ? one : many}`;

// Of a file: 12 B, 3.4 kB, 5.67 MB.
export const size = (bytes) => (bytes < 1e3 ? `${bytes} B` : bytes < 1e6 ? `${number(bytes / 1e3, 3)} kB` : `${number(bytes / 1e6, 3)} MB`);

// "a, b and c"
export const listed = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);

// A name or value that may be long, with its middle left out.
export function short(text, length = 40) {
  const all = String(text);
  return all.length <= length ? all : `${all.slice(0, length / 2)}…${all.slice(-length / 2 + 1)}`;
}

// Numbers of one list, all with as many decimals as the largest of them needs for so many digits.
export function alike(values, digits) {
  const largest = Math.max(0, ...values.map(Math.abs)), decimals = largest > 0 ? Math.max(0, digits - 1 - Math.floor(Math.log10(largest))) : 0;
  return (value) => grouped(value.toFixed(Math.min(100, decimals))).replace("-", "−").replace(/^−(?=[0.]+$)/, "");
}

// A number of 32 bits in the fewest digits that mean the same: 0.7 for 0.699999988079071. Others stay as they are.
export function brief(value) {
  if (typeof value !== "number" || Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}

// A score beside another: what is next to nothing against that one is 0.
export const scoreBeside = (value, other) => number(Math.abs(value) < Math.abs(other) / 1000 ? 0 : value, 3);
