// A number in the target's own unit, with how far the test rows lay from theirs.
import { among } from "../charts.js";
import { h } from "../dom.js";
import { axis, number, percent, short, signed, within } from "../words.js";

const DIGITS = 4; // where nobody knows how many say something

// From the residuals of the test rows, which older bundles lack.
function told(model, value) {
  const { half_width: half, level } = model.training?.residuals ?? {};
  if (!(half > 0)) return { about: number(Number(value.toPrecision(DIGITS))), half: null };
  const [about, off] = within(value, half);
  return { about, half, off: `±${off} in ${percent(level)} of test rows` };
}

export function present(model, { value }, profile) {
  const { about, half, off } = told(model, value), bins = profile?.prediction;
  const place = bins?.edges?.length && rank(bins, value);
  return h("div", {},
    h("p", { className: "quiet" }, `${short(model.target)} is about`),
    h("p", { className: "said" }, h("b", {}, about), " ", off && h("span", {}, off)),
    place && [among(bins, value, half, `Where ${about} lies among the answers to the training rows: ${place}`), h("p", { className: "quiet small" }, place)]);
}

// In words: higher than so many of the rows.
function rank({ edges, shares, minimum, maximum }, value) {
  if (value < minimum) return "lower than every answer to a training row";
  if (value > maximum) return "higher than every answer to a training row";
  const below = edges.findLastIndex((edge) => edge < value) + 1, bounds = [minimum, ...edges, maximum];
  const full = shares.slice(0, below).reduce((sum, one) => sum + one, 0), [from, to] = [bounds[below], bounds[below + 1]];
  return `higher than about ${percent(Math.round(100 * (full + (to > from ? shares[below] * (value - from) / (to - from) : 0))) / 100)} of the answers to training rows`;
}

export function say(model, { value }) {
  const { about, off } = told(model, value);
  return `${short(model.target)} is about ${about}${off ? ` (${off})` : ""}.`;
}

export function compare(model, ours, theirs) {
  const { about } = told(model, theirs.value);
  return number(ours.value) === number(theirs.value) ? `the same: about ${about}` : `about ${about}: ${difference(theirs.value - ours.value)}`;
}

const difference = (of) => signed(Number(of.toPrecision(3)), 3);
export const why = (model) => ({ about: short(model.target), of: ({ value }) => value, text: (value) => number(Number(value.toPrecision(DIGITS))), axis, difference, off: (error) => number(Number(error.toPrecision(2))), low: null, high: null });

export const columns = () => ["value"];
export const cells = (model, { value }) => [value];
