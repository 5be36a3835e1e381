// Pictures of numbers. Words are elements, so that they grow with the reader's text; only lines are SVG, stretched
// to the place that there is. Widths and places are set through `style`, which the page's policy allows to scripts.
import { h, show, svg } from "./dom.js";
import { nearest } from "./scale.js";

const inside = (share) => Math.max(0, Math.min(1, share || 0));
const scale = (low, high) => (value) => (high > low ? inside((value - low) / (high - low)) : 0.5);
const part = (share) => `${(100 * share).toFixed(2)}%`;
const drawing = (...lines) => svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, lines);

function placed(element, from, to = from) {
  Object.assign(element.style, { left: part(from), ...(to !== from && { width: part(to - from) }) });
  return element;
}

// The first and the last word below a picture end where it ends.
const across = (element, place) => Object.assign(element.style, { translate: part(-place) }) && element;

// A bar a line, from zero: [{name, value, text, here, mark, pick}], and a list for those who hear it.
export function bars(entries, { low = 0, high = 1, className = "bars" } = {}) {
  const at = scale(low, high);
  return h("ul", { className }, entries.map(({ name, value, text, here, mark, pick }) => h("li", { className: here ? "here" : "" },
    pick ? h("button", { type: "button", className: "name", onclick: pick, ariaPressed: String(here) }, name) : h("span", { className: "name" }, name),
    h("span", { className: "track" }, bar(at, value), low < 0 && placed(h("i", { className: "zero" }), at(0)), mark !== undefined && placed(h("i", { className: "mark" }), at(mark))),
    h("span", { className: "text" }, text))));
}

function bar(at, value) {
  const fill = placed(h("i", { className: value < 0 ? "fill down" : "fill" }), at(Math.min(0, value)));
  fill.style.width = part(Math.abs(at(value) - at(0)));
  return fill;
}

// Show bars anew: those of the same name grow from where they were.
export function renew(place, ...children) {
  const before = new Map(fills(place));
  show(place, ...children);
  const moves = fills(place).filter(([name]) => before.has(name)).map(([name, { style }]) => {
    const { left, width } = style, old = before.get(name).style;
    Object.assign(style, { left: old.left, width: old.width });
    return () => Object.assign(style, { left, width });
  });
  if (moves.length) void place.offsetWidth; // the browser has to see the old widths once
  for (const move of moves) move();
}

const fills = (place) => [...place.querySelectorAll(".bars li")].map((line) => [line.querySelector(".name").textContent, line.querySelector(".fill")]);

// Numbers for an axis, 1, 2, 2.5 or 5 times a power of ten apart.
export function ticks(low, high, most = 4) {
  if (!(high > low)) return [low];
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((times) => times * power >= rough * 0.999) ?? 10), first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

// A line through [[place from 0 to 1, number]], over the shares of training: [[from, to, share]].
// It is a slider, whose steps `pick(at)` gets. `mark(place, number, words)` moves the sign that stands for now, through which the line goes.
export function curve(points, { low, high, text, ends, histogram, name, pick }) {
  const y = scale(low, high), heights = ticks(low, high), line = h("i", { className: "now" }), dot = h("i", { className: "now dot" });
  const area = svg("path", { class: "area" }), stroke = svg("path", { class: "curve" });
  const raised = (element, value) => Object.assign(element.style, { bottom: part(y(value)) }) && element;
  const plot = h("div", { className: "plot", role: "slider", tabIndex: 0, ariaLabel: name, ariaValueMin: 1, ariaValueMax: points.length },
    drawing(columns(histogram ?? []), heights.map((at) => svg("path", { class: "grid", d: `M0 ${100 - 100 * y(at)}H100` })), area, stroke),
    line, dot,
    heights.map((at) => raised(h("span", { className: "tick y" }, text(at)), at)),
    ends.map(([place, words]) => across(placed(h("span", { className: "tick x" }, words), place), place)));
  const places = points.map(([place]) => place);
  const mark = (place, value, words) => {
    line.hidden = dot.hidden = place === null;
    const path = through(place === null ? points : [...points.filter(([one]) => one !== place), [inside(place), value]].sort(([a], [b]) => a - b), y);
    stroke.setAttribute("d", path);
    area.setAttribute("d", `${path}V100H0Z`);
    raised(placed(dot, inside(place)), value);
    placed(line, inside(place));
    Object.assign(plot, { ariaValueNow: nearest(places, place ?? 0) + 1, ariaValueText: words });
  };
  moves(plot, places, pick);
  return { element: h("div", { className: "chart" }, plot), mark };
}

const through = (points, y) => points.map(([place, value], at) => `${at ? "L" : "M"}${(100 * place).toFixed(2)} ${(100 - 100 * y(value)).toFixed(2)}`).join("");

// The share a unit of width, so that the area says how many.
function columns(histogram) {
  const wide = histogram.map(([from, to]) => Math.max(to - from, 0.008)), dense = histogram.map(([, , share], at) => share / wide[at]), most = Math.max(...dense);
  return histogram.map(([from], at) => svg("rect", { class: "past", x: 100 * from, width: 100 * wide[at], y: 100 - (70 * dense[at]) / most, height: (70 * dense[at]) / most }));
}

const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5, Home: -Infinity, End: Infinity };

function moves(plot, places, pick) {
  plot.onclick = ({ clientX }) => {
    const { left, width } = plot.getBoundingClientRect();
    pick(nearest(places, (clientX - left) / width));
  };
  plot.onkeydown = (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    pick(Math.max(0, Math.min(places.length - 1, plot.ariaValueNow - 1 + step)));
  };
}

// Where a number lies among bins as the profile has them, with how far it may be off.
export function among({ edges, shares, minimum, maximum }, value, half, name) {
  const bounds = [minimum ?? edges[0], ...edges, maximum ?? edges.at(-1)], x = scale(Math.min(bounds[0], value), Math.max(bounds.at(-1), value));
  return h("div", { className: "among", role: "img", ariaLabel: name },
    drawing(columns(shares.map((share, at) => [x(bounds[at]), x(bounds[at + 1]), share]))),
    half > 0 && placed(h("i", { className: "band" }), x(value - half), x(value + half)), placed(h("i", { className: "now" }), x(value)));
}
