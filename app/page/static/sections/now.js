// How this version does just now: four figures, and whether it is asked what it was trained on. It looks while it is seen.
import { h, show, svg } from "../dom.js";
import { whileOpen } from "../seen.js";
import * as service from "../service.js";
import { count, number, short } from "../words.js";

const LOOK_MS = 2000, AGAIN_MS = 5000; // between two looks; where there was no answer
const KEPT = 90, LEAST = 20; // looks in a trace, and for how many there is room at first

// name, figure, its unit, the words below it
const TILES = [
  ["requests a second", (now) => now.requests_per_s, "", (now) => now.previews_per_s > 0 && `and ${number(now.previews_per_s, 2)} of people who try it`],
  ["half answered within", (now) => now.latency_ms.p50, " ms", (now) => now.latency_ms.p99 !== null && `99 of 100 within ${number(now.latency_ms.p99, 2)} ms`],
  ["rows a batch", (now) => now.rows_per_batch, ""],
  ["refused a second", (now) => now.refused_per_s, ""],
];

export default function now(subject) {
  const place = h("div", {}, h("p", { className: "quiet" }, "Looking …")), looks = [];
  const card = h("section", { className: "card" }, h("h2", {}, "Now"), place);
  let seen = false, busy = false, timer = 0;
  const look = async () => {
    clearTimeout(timer);
    if (busy || !seen) return;
    busy = true;
    const found = await service.now(subject.model).catch((error) => error);
    busy = false;
    timer = setTimeout(look, found instanceof Error ? AGAIN_MS : LOOK_MS);
    if (found instanceof Error) return show(place, h("p", { className: "quiet" }, `No figures: ${found.message}`));
    looks.push(found);
    if (looks.length > KEPT) looks.shift();
    show(place, figures(looks, found), drift(found.drift));
  };
  whileOpen(card, subject.closed, (is) => { seen = is; look(); });
  return card;
}

function figures(looks, now) {
  if (!now.window_s) return h("p", { className: "quiet" }, "Looking … how often it is asked takes a second look.");
  if (!now.requests_per_s) return h("p", {}, `Nobody asks at this moment${now.previews_per_s > 0 ? ", but for people who try it" : ""}.`);
  return h("dl", { className: "tiles" }, TILES.map(([name, of, unit, below]) => h("div", {},
    h("dt", { className: "quiet small" }, name), h("dd", {}, of(now) === null ? "–" : number(of(now), 3) + unit),
    h("dd", { className: "quiet small" }, trace(looks.map(of)), below?.(now)))));
}

// A line through the looks, from zero to the most; where nothing was seen it has a gap.
function trace(values) {
  const most = Math.max(...values) || 1, room = Math.max(values.length, LEAST) - 1;
  const path = values.map((value, at) => (value === null ? "" : `${typeof values[at - 1] === "number" ? "L" : "M"}${((100 * at) / room).toFixed(1)} ${(29 - (28 * value) / most).toFixed(1)}`)).join("");
  return svg("svg", { viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("path", { class: "curve", d: path }));
}

function drift(found) {
  const said = (text, ...more) => [h("h3", {}, "Is it asked what it was trained on?"), h("p", {}, text), more];
  if (!found) return said("Nobody can say: the bundle does not hold how its training rows were spread.");
  const rows = `${count(found.rows, "row")} since this version was loaded`;
  if (!found.enough) return said(`Too few rows to say so: ${rows}, and it takes 1,000.`);
  const all = found.drifted + found.moved + found.steady, most = all > found.features.length ? " Those that moved most:" : "";
  return said(`${found.drifted} of ${count(all, "feature")} drifted and ${found.moved} moved, in ${rows}.${most}`, table(found));
}

const SIGNS = { steady: "=", moved: "≈", drifted: "≠" }; // never colour alone

function table({ prediction, features }) {
  const line = (name, { psi, verdict }) => h("tr", {}, h("td", {}, name), h("td", { className: `verdict ${verdict}` }, `${SIGNS[verdict] ?? "?"} ${verdict}`), h("td", {}, number(psi, 2)));
  return h("table", { className: "drift" },
    h("thead", {}, h("tr", {}, ["", "against training", "PSI"].map((text) => h(text ? "th" : "td", {}, text)))),
    h("tbody", {}, prediction && line("the answers", prediction), features.map((one) => line(short(one.name, 60), one))));
}
