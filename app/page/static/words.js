// Numbers and counts as people read them.

const MISSING = "missing";

// As many digits as say something: 25,760, 3.14, 0.00012.
export function number(value, digits = 4) {
  if (typeof value !== "number" || !Number.isFinite(value)) return value === null || value === undefined ? MISSING : String(value);
  const whole = Math.abs(value) >= 10 ** (digits - 1);
  return whole ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(digits)).toLocaleString("en", { maximumFractionDigits: 12 });
}

// A share, 0 to 1, as 82 %; near the ends with as many digits as tell it from them.
export function percent(share) {
  const hundred = 100 * share, digits = hundred > 1 && hundred < 99 ? 0 : hundred > 0.1 && hundred < 99.9 ? 1 : 2;
  return `${hundred.toFixed(digits)} %`;
}

// A difference of shares: +21 points.
export const points = (difference) => `${signed(100 * difference, 2)} points`;

export const signed = (value, digits) => `${value < 0 ? "−" : "+"}${number(Math.abs(value), digits)}`;

export const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

// A name or value that may be long, with its middle left out.
export function short(text, length = 40) {
  const all = String(text);
  return all.length <= length ? all : `${all.slice(0, length / 2)}…${all.slice(-length / 2 + 1)}`;
}
