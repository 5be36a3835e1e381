// One line: what the model says, and how good it is on rows that it never saw, beside its baselines.
import { h } from "../dom.js";
import { baselineName, baselines, mainMetric, metricTitle } from "../scores.js";
import { count, number, scoreBeside, short } from "../words.js";

const LABELS_SHOWN = 5;

export default function ({ model }) {
  return h("p", { className: "lead" }, `Says ${short(model.target, 80)}${choices(model.answer?.labels)} from ${count(model.features.length, "feature")}. `, score(model));
}

function choices(labels) {
  if (!labels) return "";
  if (labels.length > LABELS_SHOWN) return ` (${count(labels.length, "label")})`;
  return ` (${labels.slice(0, -1).map((label) => short(label)).join(", ")} or ${short(labels.at(-1))})`;
}

function score(model) {
  const metric = mainMetric(model), rows = model.training?.rows?.test;
  if (!metric) return "Its manifest does not say how good it is.";
  const main = model.metrics.shipped[metric], others = baselines(model).map((name) => `${baselineName(name)} ${scoreBeside(model.metrics[name][metric], main)}`);
  const on = rows ? ` on ${count(rows, "row")} that it never saw` : " on rows that it never saw";
  return [h("strong", {}, `${metricTitle(metric)} ${number(main, 3)}`), on, others.length > 0 && `; ${others.join(", ")}`, "."];
}
