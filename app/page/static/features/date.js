// A date as in ISO 8601: the browser's own picker, with the time where training had one.
import { h, show } from "../dom.js";
import { dates } from "../file/cells.js";
import { histogram, median, placeOf, random, scaleOf } from "../scale.js";

const DAY_MS = 86_400_000;
const CURVE = 41;
const TICKS = 4;
const ISO = /^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:[.,]\d+)?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?\s*$/;

const hasTime = ({ offset, minimum, maximum }) => Boolean(offset) || [minimum, maximum].some((end) => /T(?!00:00(:00)?$)/.test(end ?? ""));

// A text -> days since 1970 on the clock of the column, or NaN.
function days(text, offset) {
  const found = ISO.exec(text ?? "");
  if (!found) return NaN;
  const [, day, time = "00:00", , said] = found, shift = said && offset ? minutes(offset) - minutes(said) : 0;
  return Date.parse(`${day}T${time}Z`) / DAY_MS + shift / 1440;
}

function minutes(offset) {
  if (offset === "Z") return 0;
  const [hours, rest] = [Number(offset.slice(1, 3)), Number(offset.slice(3).replace(":", "") || 0)];
  return (offset[0] === "-" ? -1 : 1) * (60 * hours + rest);
}

// As the picker has it: on the clock of the column.
function local(feature, day) {
  const year = day * DAY_MS;
  return Number.isFinite(year) && Math.abs(year) < 8e15 ? new Date(year).toISOString().slice(0, hasTime(feature) ? 16 : 10) : "";
}

const text = (feature, day) => local(feature, day) + (hasTime(feature) ? feature.offset ?? "" : "");
const ends = (feature) => [days(feature.minimum, feature.offset), days(feature.maximum, feature.offset)];

export function input(feature, bins, { id, changed }) {
  const note = h("small", { className: "note", id: `${id}-note` }), [least, most] = ends(feature);
  const box = h("input", { type: hasTime(feature) ? "datetime-local" : "date", id });
  box.setAttribute("aria-describedby", note.id);
  const say = (value) => {
    const day = days(value, feature.offset), outside = day < Math.floor(least) || day >= Math.floor(most) + 1;
    show(note, value === null ? (feature.optional ? "missing" : "A date is needed; the answer is to the one before.") : outside && `Outside of what training saw: ${shorten(feature, feature.minimum)} to ${shorten(feature, feature.maximum)}.`);
  };
  box.oninput = () => {
    const value = box.value ? text(feature, days(box.value)) : null;
    say(value);
    if (value !== null || (feature.optional && !box.validity.badInput)) changed(value);
  };
  const write = (value) => { box.value = local(feature, days(value, feature.offset)); say(value); };
  return { element: h("div", { className: "control" }, box, feature.offset && h("small", {}, `at UTC${feature.offset}`), note), write };
}

// Over training's range: by months where there are not too many, else in even steps.
export function vary(feature, bins, value) {
  const [least, most] = ends(feature), scale = scaleOf(undefined, least, most, false);
  if (!scale) return null;
  const steps = stepped(least, most), place = (day) => placeOf(scale, day);
  const ticks = Array.from({ length: TICKS }, (_, at) => least + ((most - least) * at) / (TICKS - 1));
  return {
    values: steps.map((day) => text(feature, day)), line: true, at: steps.map(place),
    here: value === null ? null : place(days(value, feature.offset)),
    ticks: ticks.map((day) => [place(day), local(feature, day).slice(0, 10)]),
    histogram: histogram(scale, bins),
  };
}

function stepped(least, most) {
  const first = new Date(least * DAY_MS), months = [];
  for (let at = 1; months.length < CURVE - 1; at++) {
    const day = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + at) / DAY_MS;
    if (day >= most) break;
    months.push(day);
  }
  if (months.length > 5 && months.length < CURVE - 2) return [least, ...months, most];
  return Array.from({ length: CURVE }, (_, at) => least + ((most - least) * at) / (CURVE - 1));
}

export function shorten(feature, value) {
  if (value === null || value === undefined) return "missing";
  const said = local(feature, days(value, feature.offset)).replace("T", " ");
  return said || String(value);
}

export function typical(feature, bins) {
  const day = median(bins);
  return day === undefined ? undefined : text(feature, day);
}

export const fits = (feature, value) => typeof value === "string" && !Number.isNaN(days(value, feature.offset)) && (Boolean(feature.offset) || !ISO.exec(value)[4]);

export function draw(feature, bins) {
  if (feature.optional && Math.random() < feature.missing_share) return null;
  const [least, most] = ends(feature), day = random(bins, scaleOf(bins, least, most, !hasTime(feature)));
  return day === undefined ? typical(feature, bins) : text(feature, day);
}
export const reader = dates; // of the cells of a file
