// A number: a slider over training's values beside a box that takes any.
import { ticks } from "../charts.js";
import { h, show } from "../dom.js";
import { numbers } from "../file/cells.js";
import { histogram, median, nearest, placeOf, random, scaleOf, valueAt } from "../scale.js";
import { brief, number } from "../words.js";

const CURVE = 41; // values of "what if", at most
const TICKS = 5;

const isWhole = ({ minimum, maximum }, bins) => [minimum, maximum, ...(bins?.edges ?? [])].every(Number.isInteger);
const scaled = (feature, bins) => scaleOf(bins, feature.minimum, feature.maximum, isWhole(feature, bins) && feature.maximum - feature.minimum > 1);

export function input(feature, bins, { id, changed }) {
  const scale = scaled(feature, bins), note = h("small", { id: `${id}-note`, className: "note" });
  const box = h("input", { type: "number", id, step: stepOf(scale), placeholder: feature.optional ? "missing" : "" });
  const slide = scale && h("input", { type: "range", min: 0, max: scale.stops.length - 1, step: 1, ariaLabel: `${feature.name}, slider` });
  box.setAttribute("aria-describedby", note.id);
  const say = (value) => {
    show(note, remark(feature, value, box));
    box.ariaInvalid = String(box.validity.badInput || (value === null && !feature.optional));
    if (!slide) return;
    slide.value = nearest(scale.stops, value ?? scale.least);
    slide.ariaValueText = number(value);
    slide.classList.toggle("none", value === null);
  };
  box.oninput = () => {
    const value = box.value === "" ? null : Number(box.value);
    say(value);
    if (value !== null || (feature.optional && !box.validity.badInput)) changed(value);
  };
  if (slide) {
    slide.oninput = () => {
      box.value = scale.stops[slide.value];
      box.oninput();
    };
  }
  const write = (value) => { box.value = value ?? ""; say(value); };
  return { element: h("div", { className: "control number" }, slide, box, note), write };
}

function stepOf(scale) {
  if (!scale || scale.whole) return scale ? 1 : "any";
  return 10 ** Math.floor(Math.log10((scale.most - scale.least) / 50));
}

function remark({ optional, minimum, maximum }, value, box) {
  if (box.validity.badInput || (value === null && !optional)) return "A number is needed; the answer is to the one before.";
  const outside = value !== null && (value < minimum || value > maximum);
  return outside && `Outside of what training saw: ${number(minimum)} to ${number(maximum)}.`;
}

export function vary(feature, bins, value) {
  const scale = scaled(feature, bins);
  if (!scale) return null;
  const count = Math.min(CURVE, scale.stops.length) - 1;
  const values = [...new Set(Array.from({ length: count + 1 }, (_, at) => valueAt(scale, at / count)))];
  const even = Array.from({ length: TICKS }, (_, at) => valueAt(scale, at / (TICKS - 1)));
  return {
    values, line: true, at: values.map((each) => placeOf(scale, each)),
    here: value === null ? null : placeOf(scale, value),
    ticks: [...new Set(scale.bend ? even : ticks(scale.least, scale.most))].map((each) => [placeOf(scale, each), number(each)]),
    histogram: histogram(scale, bins),
  };
}

export const shorten = (feature, value) => number(value);
export const typical = (feature, bins) => brief(median(bins));
export const fits = (feature, value) => Number.isFinite(value);

export function draw(feature, bins) {
  if (feature.optional && Math.random() < feature.missing_share) return null;
  return random(bins, scaled(feature, bins)) ?? typical(feature, bins);
}
export const reader = numbers; // of the cells of a file
