// Drawings of how good a model is. Words beside each say the same, so readers of a screen skip them.
import { h, svg } from "./dom.js";

const drawing = (attributes, ...shapes) => svg("svg", { "aria-hidden": "true", ...attributes }, shapes);
const stretched = (className, height, ...shapes) => drawing({ class: className, viewBox: `0 0 100 ${height}`, preserveAspectRatio: "none" }, shapes);
const upright = (className, x, height) => svg("line", { class: className, x1: x, x2: x, y1: 0, y2: height });
const scale = (from, to, width) => (value) => Math.max(0, Math.min(width, (width * (value - from)) / (to - from || 1)));

// A value with its interval on a line that others share: a bar from `bar`, or a dot beside an upright `line`.
export function strip({ low, value, high, from, to, bar, line }) {
  const x = scale(from, to, 100), isBar = bar !== undefined;
  return stretched("strip", 12,
    isBar ? svg("rect", { x: Math.min(x(bar), x(value)), y: 1, width: Math.abs(x(value) - x(bar)), height: 10 }) : upright("beside", x(line), 12),
    svg("line", { x1: x(low), x2: x(high), y1: 6, y2: 6 }), !isBar && upright("value", x(value), 12));
}

// Ranges around the answer, the narrowest first and thickest, the middle of all, and the answer itself at zero.
export function ranges(pairs, middle) {
  const ends = pairs.flat(), x = scale(Math.min(0, ...ends), Math.max(0, ...ends), 100);
  const rect = ([low, high], at) => svg("rect", { x: x(low), y: 3 * at, width: Math.max(0.5, x(high) - x(low)), height: 20 - 6 * at });
  return stretched("strip ranges", 20, pairs.map(rect).reverse(), upright("beside", x(0), 20), Number.isFinite(middle) && upright("value", x(middle), 20));
}

// What was claimed against what came true, a dot a bin; the area of a dot is how many cases it has.
// Its words are elements, so that they grow with the reader's text.
export function reliability(bins) {
  const size = 200, x = scale(0, 1, size), y = (share) => size - x(share), most = Math.max(...bins.map((bin) => bin[2]));
  const word = (className, words, share = 0.5) => {
    const element = h("span", { className: `tick ${className}` }, words);
    element.style[className === "x" ? "left" : "bottom"] = `${100 * share}%`;
    return element;
  };
  return h("div", { className: "reliability chart", ariaHidden: "true" }, h("div", { className: "plot" },
    drawing({ viewBox: `0 0 ${size} ${size}` },
      svg("rect", { width: size, height: size }), svg("line", { x1: 0, y1: size, x2: size, y2: 0 }),
      bins.map(([says, came, n]) => svg("circle", { cx: x(says), cy: y(came), r: 2.5 + 6 * Math.sqrt(n / most) }))),
    [0, 0.5, 1].map((share) => [word("x", `${share === 0.5 ? "it says " : ""}${100 * share} %`, share), word("y", `${100 * share} %`, share)]),
    word("up", "came true")));
}
