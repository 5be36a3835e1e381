// Text as rows of cells, by the rules of app/sources/delimited; where those weigh what a file means, it is refused.
import { MISSING } from "./cells.js";
import { Unread } from "./text.js";

const USUAL = ",;\t|", MOST_ROWS = 1000, LEAST_ROWS = 20, SAMPLE_CELLS = 50_000; // of the sample that decides, as app/sources has it
const BREAK = /\r\n|\n|\r/g, COMMENT = /^\s*(?:#|\/\/|%|--|!)/;
const SEP_LINE = /^\s*"?sep=([!#-&(-/:-@[-`{-~\t ])"?[,;\t| ]*(?:\r\n|\n|\r)/i;
const NUMBER = /^(?:[-+(]?[$€£¥]? ?[-+]?(?:\p{Nd}[\p{Nd}.,' ]*|\.\p{Nd}+)(?:e[-+]?\p{Nd}+)?\)? ?[%€$]?|[-+]?(?:inf|nan)|\p{Nd}{1,4}[-/.]\p{Nd}{1,2}[-/.]\p{Nd}{1,4}.*)$/iu;
const ODD_QUOTES = /[,;\t|] +"|\\"|(?:^|[,;\t|\r\n])'/; // what may be another way to quote

const breaks = (text) => text.match(BREAK)?.length ?? 0;

// Give {cells, text, line, end, fault} of each row that is not empty; `last`: no more text follows.
export function* rowsOf(text, dialect, last, line = 1) {
  for (let at = 0, row; at < text.length; at = row.end) {
    row = rowAt(text, at, dialect, last);
    if (!row) return;
    if (row.cells.length > 1 || row.cells[0] || /[^\r\n]/.test(text[at])) yield { ...row, line, text: text.slice(at, row.end) };
    line += row.breaks;
  }
}

function rowAt(text, at, dialect, last) {
  BREAK.lastIndex = at;
  const found = BREAK.exec(text), end = found ? BREAK.lastIndex : text.length;
  if (!last && (!found || (found[0] === "\r" && end === text.length))) return null; // a line feed may follow
  const line = text.slice(at, found?.index);
  if (dialect.quote && line.includes(dialect.quote)) return quotedRow(text, at, dialect, last);
  return { cells: line.split(dialect.delimiter), end, breaks: found ? 1 : 0 };
}

function quotedRow(text, start, { delimiter, quote, stop }, last) {
  const cells = [];
  for (let at = start, fault = ""; ; ) {
    const quoted = text[at] === quote;
    let cell = "";
    if (quoted) {
      const close = closing(text, at + 1, quote);
      if (!last && (close < 0 || close + 1 === text.length)) return null;
      if (close < 0) return { cells: [text.slice(start)], end: text.length, fault: "a quote never closes" };
      cell = text.slice(at + 1, close).replaceAll(quote + quote, quote);
      at = close + 1;
    }
    stop.lastIndex = at;
    const found = stop.exec(text), rest = text.slice(at, found?.index);
    if (!last && (!found || (found[0] === "\r" && stop.lastIndex === text.length))) return null;
    if (quoted && rest.trim()) fault = "letters stand behind a closing quote";
    cells.push(cell + rest);
    at = found ? stop.lastIndex : text.length;
    if (found?.[0] !== delimiter) return { cells, end: at, fault, breaks: breaks(text.slice(start, at)) };
  }
}

function closing(text, at, quote) {
  for (;;) {
    const close = text.indexOf(quote, at);
    if (close < 0 || text[close + 1] !== quote) return close;
    at = close + 2;
  }
}

// How the sample divides cells, and its header -> {dialect, names, unnamed, skip: letters, line: the first of the data}
export function form({ sample, whole }, rules) {
  const sep = SEP_LINE.exec(sample), text = sample.slice(sep?.[0].length ?? 0);
  const reading = byRules(text, whole, rules) ?? usual(text, whole, sep?.[1]);
  const [head, ...body] = reading.rows, names = header(head.cells, body.map((row) => row.cells));
  const skip = sample.length - text.length + head.end;
  return { ...names, dialect: reading.dialect, skip, line: 1 + breaks(sample.slice(0, skip)) };
}

const dialect = (delimiter, quote) => ({ delimiter, quote, stop: new RegExp(`\\${delimiter}|\r\n|\n|\r`, "g") });

function byRules(text, whole, rules) {
  if (!rules || (rules.format ?? "csv") !== "csv") return null;
  const reading = read(text, whole, dialect(rules.delimiter ?? ",", rules.quote ?? '"'));
  const odd = rules.escape || !USUAL.includes(reading.dialect.delimiter) || reading.dialect.quote !== '"';
  if (reading.alike === reading.rows.length && !rules.escape) return reading;
  if (odd) throw new Unread("the training file had other quotes or delimiters, and here they do not fit each row");
  return null;
}

// By the delimiter that the file names, or the only one in its first line; where no other way to quote comes up.
function usual(text, whole, named) {
  const [first] = text.split(BREAK, 1), [delimiter, other] = [...(named ?? USUAL)].filter((each) => first.includes(each));
  const reading = delimiter && !other && !ODD_QUOTES.test(text) && read(text, whole, dialect(delimiter, '"'));
  // Rows of another width are faults, unless all would fit where quotes are letters.
  const sure = reading && (reading.alike === reading.rows.length || (reading.alike > reading.rows.length / 2
    && !(text.includes('"') && [...USUAL].some((each) => mayBeClean(read(text, whole, dialect(each, "")))))));
  if (!sure) throw new Unread("its rows can be read in several ways");
  return reading;
}

function mayBeClean({ rows, alike }) {
  const widths = rows.map(({ cells }) => cells.length), others = widths.filter((width) => width !== widths[0]);
  return alike > 0 && (!others.length || (others.length >= alike && new Set(others).size === 1));
}

// The first rows, and how many of them have as many cells as the first; 0 where quotes do not pair.
function read(text, whole, dialect) {
  const rows = [];
  let most = MOST_ROWS;
  for (const row of rowsOf(text, dialect, true)) {
    if (!rows.length) most = Math.min(most, LEAST_ROWS + Math.floor(SAMPLE_CELLS / row.cells.length));
    if (rows.push(row) === most) break;
  }
  if (!whole && rows.length > 1 && rows.at(-1).end === text.length) rows.pop(); // the sample may end within it
  const kept = rows.filter(({ cells }) => cells.length > 1 || /[^ ]/.test(cells[0])), width = kept[0].cells.length;
  const fault = width < 2 || kept.some((row) => row.fault);
  return { dialect, rows: kept, alike: fault ? 0 : kept.filter(({ cells }) => cells.length === width).length };
}

const blank = (cells) => !cells.some((cell) => cell.trim());

// Stripped names, made-up ones where there are none; the first row must be them beyond doubt.
function header(cells, body) {
  if (COMMENT.test(cells[0]) || cells.filter((cell) => cell.trim()).length < 2) throw new Unread("its first line is not the names of the columns");
  if (mayBeUnits(body)) throw new Unread("its second line may hold units");
  const unnamed = cells.map((cell) => !cell.trim());
  const names = cells.map((cell, at) => cell.trim().replace(BREAK, " ") || `column ${at + 1}`);
  if (new Set(names).size < names.length) throw new Unread("a name stands twice above its columns");
  return { names, unnamed };
}

// Words above two or more columns of numbers, and a number above none.
function mayBeUnits([first, ...rows]) {
  if (rows.length < 3) return false;
  const over = first.map((cell) => cell.trim()).filter((_, at) => {
    const known = rows.map((row) => row[at]?.trim() ?? "").filter((cell) => !MISSING.has(cell));
    return known.length > 1 && known.every((cell) => NUMBER.test(cell));
  });
  return over.filter((cell) => !MISSING.has(cell)).length > 1 && !over.some((cell) => NUMBER.test(cell));
}

// The cells of a row, repaired where that loses nothing; null where it does not fit.
export function fitted(cells, { names, unnamed }) {
  if (cells.length > names.length) return blank(cells.slice(names.length)) ? cells.slice(0, names.length) : null;
  const lacking = unnamed.slice(cells.length);
  return lacking.every(Boolean) ? [...cells, ...lacking.map(() => "")] : null;
}
