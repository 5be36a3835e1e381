// As many labels as fit a row: those whose probability reaches their threshold.
import { h } from "../dom.js";
import { count, listed, short } from "../words.js";
import * as shared from "./probabilities.js";

const NAMED = 12;
const given = ({ labels }, length) => {
  const names = labels.slice(0, NAMED).map((label) => short(label, length));
  return names.length ? listed(labels.length > NAMED ? [...names, count(labels.length - NAMED, "more", "more")] : names) : "none";
};
const thresholds = ({ answer }) => new Map(answer?.labels?.map((label, at) => [label, answer.thresholds?.[at]]));

export function present(model, prediction) {
  const from = thresholds(model);
  return h("div", {},
    h("p", { className: "quiet" }, `${short(model.target)}: ${prediction.labels.length === 1 ? "this label is" : "these labels are"} given`),
    h("p", { className: "said" }, h("b", { className: prediction.labels.length > 2 ? "many" : "" }, given(prediction, 60))),
    shared.board(model, prediction, prediction.labels, (label) => from.get(label)),
    from.size > 0 && h("p", { className: "quiet small" }, "The mark on a bar is the label’s threshold: from there on it is given."));
}

export const say = (model, prediction) => `${short(model.target)}: ${given(prediction)}.`;

export function compare(model, ours, theirs) {
  const only = (one, other) => one.labels.filter((label) => !other.labels.includes(label));
  const more = only(theirs, ours), less = only(ours, theirs);
  const parts = [more.length && `also ${given({ labels: more })}`, less.length && `not ${given({ labels: less })}`].filter(Boolean);
  return parts.length ? parts.join(", ") : `the same: ${given(theirs)}`;
}

export const choices = (model) => model.answer?.labels ?? [];
const highest = ({ probabilities }) => Object.keys(probabilities).reduce((best, label) => (probabilities[label] > probabilities[best] ? label : best));
export const why = (model, prediction, choice) => shared.look(model, choice ?? highest(prediction));

export const columns = (model) => shared.columns(model, "labels");
export const cells = (model, prediction) => shared.cells(model, prediction, prediction.labels.join(model.answer?.separator ?? "|"));
