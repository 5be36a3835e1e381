// Why: what moved the answer from that to the typical row, a share a feature; the shares add up to the difference.
import { bars, renew } from "../charts.js";
import { h, show } from "../dom.js";
import { follow, predict, ranked } from "../questions.js";
import { plan, shares } from "../shapley.js";
import { count, listed, short } from "../words.js";

const WAIT_MS = 180; // of an answer that stands
const SHOWN = 7, NAMED = 24;
const SEEN = 0.001; // of a share: a smaller error is not told

export default function why(subject) {
  const { model, answerType, reference } = subject, names = ranked(model), named = new Map(model.features.map((feature) => [feature.name, feature]));
  const tell = (name, row) => `${short(name)} ${subject.kind(named.get(name)).shorten(named.get(name), row[name])}`;
  const place = h("div", {}), card = h("section", { className: "card why", hidden: true, ariaLabel: "Why" }, h("h2", {}, "Why"), place, typical(names.map((name) => () => tell(name, reference))));

  async function explain(signal) {
    const look = answerType.why(model, subject.answer, subject.choice);
    card.hidden = !look;
    if (!look) return;
    const planned = plan(names, subject.row, reference), { walks, rows } = planned;
    if (!planned.players.length) return show(place, h("p", {}, "This is the typical row itself: change a feature to see what moves the answer."));
    const values = (await predict(model, rows, signal)).map(look.of);
    const found = shares(planned, values).map((one) => ({ ...one, name: one.names[1] === undefined ? tell(one.names[0], subject.row) : `${one.names.length} others together` }));
    const way = walks ? `from ${count(walks.length, "order")} in which the features may change (${count(rows.length, "answer")}); ± is the standard error` : `exact: ${count(rows.length, "answer")}`;
    renew(place, sentence(found, look, values[0], walks ? values[1] : values.at(-1)), picture(found, look), h("p", { className: "quiet small" }, `Shapley values, ${way}.`));
  }

  follow(subject, ["answer", "choice"], WAIT_MS, explain, ({ message }) => { card.hidden = false; show(place, h("p", { className: "error" }, message)); });
  return card;
}

function sentence(found, { about, text, difference }, first, last) {
  const most = found.slice(0, 3).filter(({ share }) => Math.abs(share) > Math.abs(found[0].share) / 4);
  const by = listed(most.map(({ name, share }) => `${name} (${difference(share)})`));
  return h("p", {}, `The ${about} is ${text(last)}; for the typical row it is ${text(first)}. `, by ? `What moved it most: ${by}.` : "No feature that differs moves it.");
}

// The largest shares, and the others in one line.
function picture(found, look) {
  const shown = found.length > SHOWN + 1 ? found.slice(0, SHOWN) : found, rest = found.slice(shown.length);
  if (rest.length) shown.push({ name: `and ${rest.flatMap(({ names }) => names).length} more`, share: rest.reduce((sum, { share }) => sum + share, 0) });
  const all = shown.map(({ share }) => share);
  return bars(shown.map(({ name, share, error }) => ({
    name, value: share, text: [look.difference(share), error > SEEN * Math.abs(share) && h("small", {}, ` ± ${look.off(error)}`)],
  })), { low: Math.min(0, ...all), high: Math.max(0, ...all), className: "bars sides" });
}

function typical(told) {
  const more = told.length - NAMED, say = (first, end) => told.slice(0, first).map((one) => one()).join(", ") + end;
  return h("details", { className: "small" }, h("summary", {}, `The typical row: ${say(2, " …")}`), h("p", { className: "quiet" }, say(NAMED, more > 0 ? ` and ${more} more.` : ".")));
}
