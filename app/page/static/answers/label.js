// One of a few labels, with the probability of each.
import { h } from "../dom.js";
import { short } from "../words.js";
import * as shared from "./probabilities.js";

const worth = (model, { label, probabilities }) => {
  const text = shared.share(model)(probabilities[label]);
  return shared.calibrated(model) ? text : `score ${text}`;
};
const probably = (model) => (shared.calibrated(model) ? "probably " : "");

export const present = (model, prediction) => h("div", {},
  h("p", { className: "quiet" }, `${short(model.target)} is ${probably(model)}`),
  h("p", { className: "said" }, h("b", {}, short(prediction.label, 80)), " ", h("span", {}, worth(model, prediction))),
  shared.board(model, prediction, [prediction.label]));

export const say = (model, prediction) => `${short(model.target)} is ${probably(model)}${short(prediction.label)}, ${worth(model, prediction)}.`;

export function compare(model, ours, theirs) {
  const text = shared.share(model), [mine, other] = [ours, theirs].map(({ probabilities }) => probabilities[theirs.label]);
  if (ours.label !== theirs.label) return `${short(theirs.label)} instead, ${worth(model, theirs)}`;
  return text(mine) === text(other) ? `the same, ${worth(model, theirs)}` : `the same label, ${worth(model, theirs)}: ${shared.look(model, theirs.label).difference(other - mine)}`;
}

// Of two labels the second is the one that a model is about; of more it is the answer, unless one was chosen.
export const choices = (model) => (model.answer?.labels ?? model.labels ?? []);
export const why = (model, prediction, choice) => shared.look(model, choice ?? (choices(model).length === 2 ? choices(model)[1] : prediction.label));

export const columns = (model) => shared.columns(model, "label");
export const cells = (model, prediction) => shared.cells(model, prediction, prediction.label);
