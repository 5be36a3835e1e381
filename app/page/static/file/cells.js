// Cells of a file -> JSON values, by the rules of the training file, with the expectations of app/features.
import { Unread } from "./text.js";

export const MISSING = new Set(["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
  "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?", "\\N"]);
const NOT_MISSING = "a value, for it was never missing in training";
const ASCII = /^[\0-\x7f]*$/;

// A stripped and composed word; null for a missing one.
export function word(cell, missing) {
  let text = cell.trim();
  if (!ASCII.test(text)) text = text.normalize("NFC");
  return missing.has(text) ? null : text;
}

// The value of a text; throws with the expectation that it does not meet.
export function valueOf({ name, optional }, text, read) {
  if (text === null && optional) return null;
  try {
    if (text === null) throw new Error(NOT_MISSING);
    return read(text);
  } catch (error) {
    if (error instanceof Unread) throw error;
    const received = text === null ? "nothing" : `“${text.slice(0, 60)}”`;
    throw Object.assign(new Error(`\`${name}\`: expected ${error.message}. Received: ${received}.`), { reason: `\`${name}\`: expected ${error.message}` });
  }
}

// A type's reader: (feature, rule of its column) -> text -> value; `kinds` of JSON values are written as texts for it.
const reader = (kinds, make) => Object.assign(make, { kinds });

export const words = reader(["string", "boolean"], ({ optional }) => (text) => {
  if (!text && !optional) throw new Error("a string of at least 1 characters");
  return text;
});

const TRUTHS = new Map(Object.entries({ true: true, false: false, 1: true, 0: false, "1.0": true, "0.0": false }));

export const booleans = reader(["boolean", "number", "string"], () => (text) => {
  const value = TRUTHS.get(text.trim().toLowerCase());
  if (value === undefined) throw new Error("true or false");
  return value;
});

// ── numbers ──
export const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const FLOAT32_MAX = 3.4028234663852886e38;
const SPACES = " \u00a0\u202f\u2009\u2007", MINUS = "\\-\u2212", SPACE = `[${SPACES}]*`, SIGN = `[+${MINUS}]?`;
const MARKS = { "": "", ",": ",", ".": "\\.", " ": `[${SPACES}]`, "'": "['\u2019\u2018\u00b4`]" };

export const numbers = reader(["number", "string"], (_, rule) => {
  const written = rule?.number ? formReader(rule.number) : () => NaN;
  return (text) => {
    const found = written(text), plain = text.trim();
    const value = Number.isNaN(found) && FLOAT.test(plain) ? Number(plain) : found;
    if (Math.abs(value) <= FLOAT32_MAX) return value;
    if (/(?![0-9])\p{Nd}/u.test(text)) throw new Unread("it holds digits of another script");
    throw new Error("a number within the range of a 32-bit float");
  };
});

function formReader({ decimal = ".", thousands = "", affix = "", percent = false }) {
  const fits = new RegExp(pattern(decimal, MARKS[thousands], affix && escaped(affix), percent));
  const edges = new RegExp(`^[+${MINUS}()%${SPACES}]+|[+${MINUS}()%${SPACES}]+$`, "g");
  const negative = new RegExp(`^[^0-9]*[${MINUS}(]|[${MINUS}]$`), mark = new RegExp(MARKS[thousands] || "$^", "g");
  return (text) => {
    if (!fits.test(text)) return NaN;
    const bare = (affix ? text.replaceAll(affix, "") : text).replace(edges, "").replace(mark, "");
    return (negative.test(text) ? -1 : 1) * Number(decimal === "," ? bare.replace(",", ".") : bare);
  };
}

// As app/sources/numbers/notation.py has it.
function pattern(decimal, mark, affix, percent) {
  const before = affix && `(?:${affix}${SPACE})?`, sign = affix ? `${SIGN}${SPACE}${before}${SIGN}` : `${SIGN}${SPACE}`;
  const behind = percent ? `(?:${SPACE}%)` : affix && `(?:${SPACE}${affix})?`;
  let whole = "\\d+";
  if (mark) whole += `|[1-9]\\d{0,2}(?:${mark}\\d{3})+`;
  if (mark === ",") whole += "|[1-9]\\d?(?:,\\d\\d)+,\\d{3}"; // lakh and crore
  const number = `(?:(?:${whole})(?:\\${decimal}${decimal === "." ? "\\d*" : "\\d+"})?|\\${decimal}\\d+)(?:[eE][+-]?\\d+)?`;
  const bracketed = `\\(${before}${number}${behind}\\)|${before}\\(${number}\\)${behind}`;
  return `^(?:${sign}${number}${behind}|${bracketed}|${before}${number}${behind}[${MINUS}])$`;
}

const escaped = (text) => text.replace(/[$()*+./?[\\\]^{|}-]/g, "\\$&");

// ── dates ──
const NUMERIC = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)(?:[T ](\d{1,2}):([0-5]\d)(?::([0-5]\d))?)?$/;
const OTHER = /^(?=.*\d)(?:\d{1,4}[-/.]\d|\d{8}|.*[a-z]{3})/i; // begins as dates in other shapes do
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?[ \t\n\r]?(Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?$/;

// Texts as in ISO 8601; a rule says of 3/4/2026 which number is the day.
export const dates = reader(["string"], ({ offset, optional }, rule) => (text) => {
  const moment = rule?.date ? isoOf(text, rule.date.order) : text;
  if (moment || !optional) check(moment.trim(), offset);
  return moment;
});

function check(text, clock) {
  const [, year, month, day, hour = 0, minute = 0, second = 0, offset] = ISO.exec(text) ?? [];
  if (!year) throw new Error("a date as in ISO 8601, YYYY-MM-DD with or without THH:MM[:SS] and an offset");
  if (offset && !clock) throw new Error("a date without an offset, as all dates of this column are");
  if (!exists(year, month, day) || hour > 23 || minute > 59 || second > 59) throw new Error("a day, a time and an offset that there are");
}

function exists(year, month, day) {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return year > 0 && day > 0 && day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}

// As app/sources/dates writes it; what does not fit stays as it is, to be refused.
function isoOf(text, order) {
  const [whole, first, mark, last, said, hour, minute, second = "00"] = NUMERIC.exec(text) ?? [];
  if (!order || (!whole && OTHER.test(text))) throw new Unread("it writes dates in several ways");
  if (!whole || (mark !== "/" && said.length < 4 && (first + last).length < 4)) return text; // 1.2.10 is a version
  const [month, day] = order === "mdy" ? [first, last] : [last, first];
  const year = said.length > 2 ? said : String(+said + (said < 69 ? 2000 : 1900));
  if (!exists(year, month, day) || hour > 23) return text;
  return `${year}-${pad(month)}-${pad(day)}${hour ? `T${pad(hour)}:${minute}:${second}` : ""}`;
}

const pad = (number) => number.padStart(2, "0");
