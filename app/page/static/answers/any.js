// A type that this page has no module for: its answer as JSON.
import { h } from "../dom.js";

export const present = (model, prediction) => h("pre", { tabIndex: 0 }, JSON.stringify(prediction, null, 2));
export const say = (model, prediction) => `${model.target}: ${JSON.stringify(prediction)}`;
export const compare = (model, ours, theirs) => (JSON.stringify(ours) === JSON.stringify(theirs) ? "the same" : "another answer");
export const why = () => null;
export const columns = () => ["answer"];
export const cells = (model, prediction) => [JSON.stringify(prediction)];
