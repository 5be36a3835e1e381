// What answers with a probability for each label share: how they are called, and the bars of many labels.
import { bars } from "../charts.js";
import { h, show } from "../dom.js";
import { count, number, percent, points, score, short, signed } from "../words.js";

const SHOWN = 8;

// How often a label is true is known only where a temperature was fitted, and no threshold moved the probabilities.
export const calibrated = ({ training }) => Number.isFinite(training?.temperature) && !Number.isFinite(training?.threshold);
export const share = (model) => (calibrated(model) ? percent : score);
const labelsOf = (model, { probabilities }) => model.answer?.labels ?? model.labels ?? Object.keys(probabilities);

// The one number that "what if" and "why" look at.
export const look = (model, label) => ({
  about: `${calibrated(model) ? "probability" : "score"} of ${short(label)}`,
  of: ({ probabilities }) => probabilities[label],
  text: share(model),
  axis: calibrated(model) ? (at) => `${number(100 * at)} %` : number,
  difference: calibrated(model) ? points : (difference) => signed(Number(difference.toFixed(4)), 2),
  off: (error) => number(Number(((calibrated(model) ? 100 : 1) * error).toPrecision(2))),
  low: 0,
  high: 1,
});

// Few labels keep their places, so that bars grow and shrink where they are; of many the most probable come first.
export function board(model, prediction, given, mark) {
  const all = labelsOf(model, prediction), { probabilities } = prediction;
  const line = (label) => ({ name: short(label), value: probabilities[label], text: share(model)(probabilities[label]), here: given.includes(label), mark: mark?.(label) });
  if (all.length <= SHOWN) return bars(all.map(line));
  const ranked = [...all].sort((a, b) => probabilities[b] - probabilities[a]);
  return [bars(ranked.slice(0, SHOWN).map(line)), rest(ranked, line)];
}

let sought = null; // among many labels; what is typed outlives the answer

function rest(ranked, line) {
  const found = h("div", {}), seek = () => {
    const words = box.value.trim().toLowerCase(), match = ranked.slice(SHOWN).filter((label) => label.toLowerCase().includes(words));
    show(found, bars(match.slice(0, SHOWN).map(line)), match.length > SHOWN && h("p", { className: "quiet small" }, `and ${count(match.length - SHOWN, "more", "more")}`));
  };
  const box = h("input", { type: "search", value: sought ?? "", ariaLabel: "Find a label", placeholder: "Find a label", oninput: () => { sought = box.value; seek(); } });
  const folded = h("details", { className: "small", open: sought !== null }, h("summary", {}, `${count(ranked.length - SHOWN, "more label")}`), box, found);
  folded.ontoggle = () => { sought = folded.open ? box.value : null; };
  seek();
  return folded;
}

export const columns = (model, first) => [first, ...labelsOf(model, { probabilities: {} }).map((label) => `probability[${label}]`)];
export const cells = (model, { probabilities }, first) => [first, ...labelsOf(model, { probabilities }).map((label) => probabilities[label])];
