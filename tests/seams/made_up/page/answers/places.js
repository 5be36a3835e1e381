// The best places, the likeliest first. The page finds this file by the name of the type.
import { h } from "../dom.js";
import { percent, points } from "../words.js";

export const present = (model, prediction) =>
  h("div", {}, h("p", { className: "quiet" }, "comes by"), h("ol", {}, prediction.map(({ place, score }) => h("li", {}, `${place}, score ${score.toFixed(2)}`))));

export const say = (model, prediction) => `Comes by ${prediction[0].place}.`;
export const compare = (model, ours, theirs) => (ours[0].place === theirs[0].place ? "the same place first" : `${theirs[0].place} first`);

const scored = (place) => (prediction) => prediction.find((one) => one.place === place)?.score ?? 0; // 0 is less than any that is shown
export function why(model, [{ place }]) {
  return { about: `score of ${place}`, of: scored(place), text: percent, difference: points, low: 0, high: 1 };
}

export const columns = (model) => Array.from({ length: model.answer.shown }, (_, rank) => `place_${rank + 1}`);
export const cells = (model, prediction) => prediction.map(({ place }) => place);
