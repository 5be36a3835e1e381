// A file as rows of a model: what a request holds of each, or why it holds none. It asks nobody.
import { MISSING, valueOf, word } from "./cells.js";
import { fitted, form, rowsOf } from "./delimited.js";
import { open as openText, Unread } from "./text.js";

const LONGEST_CHARS = 2 ** 24; // of a row

// -> {names(), delimiter or null: JSON lines, of(entry, name): a raw cell, entries(): {line, text, cells or object, row or fault}, …}
export async function open(file, model, kinds) {
  const rules = model.reading, text = await openText(file, rules?.encoding), start = text.sample.trimStart();
  if (!start) throw new Error("The file is empty.");
  const lines = start[0] === "{" && isJson(start.split("\n", 1)[0]);
  if (!lines && /^(?:[<{]|\[["{[\s])/.test(start)) throw new Unread("it is neither CSV nor an object a line");
  const columns = model.features.map((feature) => column(feature, kinds[feature.type], rules?.columns?.[feature.name]));
  return { ...(lines ? jsonLines : delimited)(text, columns, rules), mark: text.mark, share: text.share };
}

const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);

function column(feature, { reader }, rule) {
  if (!reader) throw new Unread(`it has columns of the type ${feature.type}`);
  if ((rule?.number && reader.kinds[0] !== "number") || (rule?.date && reader.kinds.length > 1)) throw new Unread(`\`${feature.name}\` is written in a way of its own`);
  return { feature, rule, kinds: reader.kinds, read: reader(feature, rule), plain: reader(feature) };
}

async function* read(text, skip, parse) {
  let rest = "", line = skip.line ?? 1, first = skip.skip ?? 0;
  for await (const piece of text.pieces()) {
    rest += piece.slice(first);
    first = 0;
    [rest, line] = yield* parse(rest, line, false);
    if (rest.length > LONGEST_CHARS) throw new Unread("a row is too long: perhaps a quote never closes");
  }
  yield* parse(rest, line, true);
}

function delimited(text, columns, rules) {
  const found = form(text, rules), { names, dialect } = found;
  const missing = new Set([...MISSING, ...(rules?.missing ?? []).map((each) => each.trim())]);
  const places = columns.map((each) => names.indexOf(each.feature.name));
  const valued = (cells) => instance(columns, (each, at) => valueOf(each.feature, places[at] < 0 ? null : word(cells[places[at]], missing), each.read));

  function* parse(piece, from, last) {
    let at = 0, line = from;
    for (const row of rowsOf(piece, dialect, last, from)) {
      if (row.fault) throw new Unread(`${row.fault}, in line ${row.line}`);
      at = row.end;
      line = row.line + row.breaks;
      const cells = row.cells.length === names.length ? row.cells : row.text.trim() && fitted(row.cells, found);
      if (cells) yield { line: row.line, text: row.text, cells, ...valued(cells) };
      else if (cells === null) yield { line: row.line, text: row.text, fault: new Error(`expected ${names.length} cells, as in the first line. Received: ${row.cells.length}.`) };
    }
    return [piece.slice(at), line];
  }
  return { names: () => names, delimiter: dialect.delimiter, of: ({ cells }, name) => cells[names.indexOf(name)], entries: () => read(text, found, parse) };
}

function jsonLines(text, columns) {
  const keys = new Map(), seen = new Map(); // trimmed -> as written; feature -> kind of its values

  function* parse(piece, from, last) {
    const lines = piece.split("\n"), rest = last ? "" : lines.pop();
    for (const [at, line] of lines.entries()) if (line.trim()) yield { line: from + at, text: line, ...parsed(line) };
    return [rest, from + lines.length];
  }
  function parsed(line) {
    const object = isJson(line);
    if (!object) return { fault: new Error("expected an object with a value for each name.") };
    for (const key of Object.keys(object)) {
      if (!keys.has(key.trim())) keys.set(key.trim(), key);
      else if (keys.get(key.trim()) !== key) throw new Unread(`the name ${key} is written in several ways`);
    }
    return { object, ...instance(columns, (each) => cell(each, own(object, keys.get(each.feature.name)) ?? null)) };
  }
  function cell(each, value) {
    const { feature, rule, kinds } = each, kind = typeof value;
    if (value === null) return valueOf(feature, null);
    if (!seen.has(feature.name)) seen.set(feature.name, kind);
    const odd = seen.get(feature.name) !== kind || !kinds.includes(kind) || (kind === "number" && rule?.number && Math.abs(value) > 2 ** 53);
    if (odd) throw new Unread(`the values of \`${feature.name}\` are of several kinds, or of another than the model's`);
    return valueOf(feature, String(value), kind === "string" ? each.read : each.plain);
  }
  return { names: () => [...keys.keys()], delimiter: null, of: ({ object }, name) => own(object, keys.get(name)), entries: () => read(text, {}, parse) };
}

// What a request holds of a row, a value for each feature, null where it is missing; or its first fault.
function instance(columns, value) {
  try {
    return { row: columns.map(value) };
  } catch (fault) {
    if (fault instanceof Unread) throw fault;
    return { fault };
  }
}

function isJson(line) {
  try {
    const found = JSON.parse(line);
    return found !== null && typeof found === "object" && !Array.isArray(found) && found;
  } catch {
    return false;
  }
}
