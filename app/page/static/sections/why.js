// Why: what moved the answer from that to the typical row, a share a feature; the shares add up to the difference.
import { bars, renew } from "../charts.js";
import { h, show } from "../dom.js";
import { follow, predict, ranked } from "../questions.js";
import { plan, shares } from "../shapley.js";
import { count, listed, short } from "../words.js";

const WAIT_MS = 180; // of an answer that stands
const SHOWN = 7, NAMED = 24;

export default function why(subject) {
  const { model, answerType, reference } = subject, names = ranked(model), named = new Map(model.features.map((feature) => [feature.name, feature]));
  const tell = (name, row) => `${short(name)} ${subject.kind(named.get(name)).shorten(named.get(name), row[name])}`;
  const place = h("div", {}), card = h("section", { className: "card why", hidden: true, ariaLabel: "Why" }, h("h2", {}, "Why"), place, typical(names, (name) => tell(name, reference)));

  async function explain(signal) {
    const look = answerType.why(model, subject.answer, subject.choice);
    card.hidden = look === null;
    if (!look) return;
    const planned = plan(names, subject.row, reference);
    if (!planned.players.length) return void show(place, h("p", {}, "This is the typical row itself: change a feature to see what moves the answer."));
    const values = (await predict(model, planned.rows, signal)).map(look.of), last = planned.walks ? values[1] : values.at(-1);
    const found = shares(planned, values).map((one) => ({ ...one, name: one.names.length > 1 ? `${count(one.names.length, "other feature")} together` : tell(one.names[0], subject.row) }));
    renew(place, sentence(found, look, values[0], last), picture(found, look), h("p", { className: "quiet small" }, method(planned)));
  }

  follow(subject, ["answer", "choice"], WAIT_MS, explain, (error) => { card.hidden = false; show(place, h("p", { className: "error" }, error.message)); });
  return card;
}

function sentence(found, look, first, last) {
  const most = found.filter(({ share }) => Math.abs(share) > Math.abs(found[0].share) / 4).slice(0, 3);
  const by = listed(most.map(({ name, share }) => `${name} (${look.difference(share)})`));
  return h("p", {}, `The ${look.about} is ${look.text(last)}; for the typical row it is ${look.text(first)}. `, found[0].share ? `What moved it most: ${by}.` : "No feature that differs moves it.");
}

function picture(found, look) {
  const rest = found.slice(SHOWN + 1).length ? found.slice(SHOWN) : [];
  const lines = found.slice(0, rest.length ? SHOWN : undefined).map(({ name, share, error }) => ({ name, value: share, text: look.difference(share), error }));
  if (rest.length) lines.push({ name: `and ${rest.length} more`, value: rest.reduce((sum, { share }) => sum + share, 0) });
  return bars(lines.map((line) => ({ ...line, text: [look.difference(line.value), line.error > 0 && h("small", {}, ` ± ${look.difference(line.error).slice(1).split("\u00a0")[0]}`)] })), { low: Math.min(0, ...lines.map(({ value }) => value)), high: Math.max(0, ...lines.map(({ value }) => value)), className: "bars sides" });
}

const method = ({ walks, rows }) => (walks
  ? `Shapley values, from ${count(walks.length, "order")} in which the features may change (${count(rows.length, "answer")}); ± is the standard error.`
  : `Shapley values, exact: ${count(rows.length, "answer")}.`);

function typical(names, tell) {
  const more = names.length - NAMED;
  return h("details", { className: "small" }, h("summary", {}, `The typical row: ${names.slice(0, 2).map(tell).join(", ")} …`),
    h("p", { className: "quiet" }, `${names.slice(0, NAMED).map(tell).join(", ")}${more > 0 ? ` and ${count(more, "more", "more")}` : ""}.`));
}
