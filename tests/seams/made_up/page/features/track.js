// A track: a point a line in a box, and its way drawn beside it. The page finds this file by the name of the type.
import { h, show, svg } from "../dom.js";
import { count } from "../words.js";

const POINT = /^\s*(-?\d+(?:\.\d+)?)[\s,]+(-?\d+(?:\.\d+)?)\s*$/;
const written = (track) => (track ?? []).map((point) => point.join(", ")).join("\n");

export function input(feature, bins, { id, changed }) {
  const box = h("textarea", { id, rows: 4, spellcheck: false }), picture = h("div", {});
  box.oninput = () => {
    const track = box.value.trim() ? box.value.trim().split("\n").map(read) : null;
    const good = track ? track.every((point) => point) : feature.optional;
    box.ariaInvalid = String(!good);
    if (!good) return;
    draw(picture, track);
    changed(track);
  };
  const write = (track) => {
    box.value = written(track);
    draw(picture, track);
  };
  return { element: h("div", { className: "control" }, box, picture), write };
}

const read = (line) => POINT.exec(line)?.slice(1).map(Number);

function draw(place, track) {
  const points = (track ?? []).map(([x, y]) => `${x},${-y}`).join(" ");
  show(place, track && svg("svg", { viewBox: "-5 -5 10 10", role: "img", "aria-label": shorten(null, track) },
    svg("polyline", { points, fill: "none", stroke: "currentColor", "stroke-width": 0.1 })));
}

export const fits = (feature, value) => Array.isArray(value) && value.length > 0;
export const shorten = (feature, track) => (track ? count(track.length, "point") : "missing");

// A track is a line through its points; what if it were walked the other way, or only a half of it?
export function vary(feature, bins, track) {
  if (!track || track.length < 2) return null;
  const half = track.length >> 1;
  return { values: [track, [...track].reverse(), track.slice(0, half), track.slice(half)], words: ["as it is", "the other way", "first half", "second half"], here: 0 };
}
