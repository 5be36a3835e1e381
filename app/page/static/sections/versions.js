// The versions of the model: which one answers, who gets a part of the requests, and two of them on the same row.
import { h, show } from "../dom.js";
import { answerModule } from "../kinds.js";
import { state } from "../models.js";
import { mainMetric, metricName } from "../scores.js";
import { whileOpen } from "../seen.js";
import * as service from "../service.js";
import { own } from "../subject.js";
import { number, percent } from "../words.js";

export default function versions(subject) {
  const others = subject.versions.filter((one) => one.features && one.version !== subject.model.version).reverse();
  return h("section", { className: "card" }, h("h2", {}, "Versions"),
    h("ul", { className: "versions" }, subject.versions.map((one) => h("li", {}, state(one), h("p", { className: "small" }, about(one))))),
    others.length > 0 && sideBySide(subject, others));
}

function about(one) {
  const metric = mainMetric(one), share = one.share === undefined ? "" : ` ${percent(one.share)} of the requests`;
  const role = one.answers ? `Answers${share || " requests"} that name no version`
    : one.share !== undefined ? `A canary: answers${share} that name no version`
    : one.shadow !== undefined ? `A shadow: gets copies of ${percent(one.shadow)} of the requests, and answers nobody`
    : one.state === "ready" && "Answers requests that name it";
  return [role, metric && `${metricName(metric)} ${number((one.metrics.shipped ?? one.metrics)[metric], 3)}`, one.created && `made on ${one.created.slice(0, 10)}`].filter(Boolean).join(" · ");
}

// Both answers, anew with each answer of the page, while they are seen.
function sideBySide(subject, others) {
  const place = h("div", {}), which = h("select", { id: "other" }, others.map(({ version, answers }) => h("option", { value: version, selected: answers }, `version ${version}`)));
  const box = h("div", { className: "others" }, h("div", { className: "buttons" }, h("label", { htmlFor: "other" }, "The row above, answered by "), which), place);
  let seen = false, asking = null;
  const ask = async () => {
    asking?.abort();
    if (!seen || subject.answer === null) return;
    const { signal } = asking = new AbortController(), other = others.find(({ version }) => version === Number(which.value));
    const shown = await compared(subject, other, signal).catch((error) => h("p", { className: "error" }, `Version ${other.version} does not answer this row: ${error.message}`));
    if (!signal.aborted) show(place, shown);
  };
  which.onchange = ask;
  subject.addEventListener("answer", ask, { signal: subject.closed });
  whileOpen(box, subject.closed, (is) => { seen = is; ask(); });
  return box;
}

// A feature that the other version has and this one has not is missing there.
async function compared({ model, row, answer, answerType, profile }, other, signal) {
  const theirRow = Object.fromEntries(other.features.map(({ name }) => [name, own(row, name) ?? null]));
  const [kind, [theirs]] = await Promise.all([answerModule(other.answer.type), service.predict(other, [theirRow], signal)]);
  const column = (title, element) => h("div", { className: "answer" }, h("h3", {}, title), element);
  return [kind === answerType && h("p", {}, `Version ${other.version} says ${kind.compare(other, answer, theirs)}.`),
    h("div", { className: "two" }, column(`Version ${model.version}, which is open`, answerType.present(model, answer, profile)), column(`Version ${other.version}`, kind.present(other, theirs)))];
}
