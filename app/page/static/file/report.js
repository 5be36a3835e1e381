// What came of a file: in words, as bars, as the first rows, and as files to take away.
import { bars } from "../charts.js";
import { h } from "../dom.js";
import { count, listed, number, short, size } from "../words.js";

const REASONS = 6, CELLS = 12;

export function report({ rows, aside, seconds, answers, tally, truth, first, absent, error, cut }, model, name) {
  const kind = answers.delimiter ? "csv" : "jsonl", base = name.replace(/\.gz$/i, "").replace(/\.\w+$/, "");
  const ended = error && (error.name === "AbortError" ? " Stopped before the end of the file." : ` Then: ${error.message}`);
  return h("div", { className: "report" },
    h("p", { tabIndex: -1 }, `${count(rows, "row")} answered in ${number(seconds, 2)} s${aside.rows ? `, ${aside.rows.toLocaleString("en")} set aside` : ""}.`, ended),
    cut && h("p", {}, "This page answers a million rows of a file; slipway score answers all."),
    absent.length > 0 && h("p", { className: "small" }, `Not in the file, so missing in each row: ${listed(absent.slice(0, CELLS))}${absent.length > CELLS ? ", …" : ""}.`),
    truth.words && h("p", {}, truth.words),
    h("p", { className: "buttons" }, take(answers.file, `${base}-answers.${kind}`, "Answers"), aside.rows > 0 && take(aside.file, `${base}-set-aside.csv`, "Rows set aside")),
    aside.rows > 0 && [h("h3", {}, "Set aside"), h("ul", { className: "small" }, reasons(aside))],
    rows > 0 && [h("h3", {}, `Answers: ${short(model.target)}`), bars(tally.bars()), h("h3", {}, "The first rows"), table(answers.columns, first, model)]);
}

const take = (blob, name, text) => h("a", { className: "button", href: URL.createObjectURL(blob), download: name }, `${text} (${size(blob.size)})`);

function reasons({ reasons: all }) {
  const found = [...all].sort(([, [one]], [, [other]]) => other - one), more = found.length - REASONS;
  return [...found.slice(0, REASONS).map(([reason, [rows, line]]) => h("li", {}, `${reason}: ${count(rows, "row")}, first in line ${line.toLocaleString("en")}`)),
    more > 0 && h("li", {}, count(more, "other reason"))];
}

function table(columns, first, model) {
  const features = model.features.slice(0, CELLS).map(({ name }) => name), shown = columns.slice(0, CELLS);
  const cell = (value) => h("td", {}, typeof value === "number" ? number(value) : short(value ?? ""));
  return h("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: "The first rows, with their answers" }, h("table", {},
    h("thead", {}, h("tr", {}, ["line", ...shown, ...features].map((name) => h("th", { scope: "col" }, short(name))))),
    h("tbody", {}, first.map(([{ line, row }, values]) => h("tr", {}, h("th", { scope: "row" }, line), values.slice(0, CELLS).map(cell), row.slice(0, CELLS).map(cell))))));
}
