// The answer to the row, live: the one before stays until a new one is there.
import { renew } from "../charts.js";
import { h, show } from "../dom.js";
import { ranked } from "../questions.js";
import { short } from "../words.js";

const QUIET_MS = 700; // until a screen reader hears where an answer has come to rest

export default function answer(subject) {
  const { model, answerType } = subject, on = { signal: subject.closed };
  const place = h("div", { className: "answer" }), took = h("p", { className: "quiet small took" }), heard = h("p", { className: "heard", role: "status" });
  const card = h("section", { className: "card", ariaLabel: "Answer", ariaBusy: "true" }, place, took, heard);
  let timer = 0;
  const later = (text) => { clearTimeout(timer); timer = setTimeout(() => show(heard, text), QUIET_MS); };

  subject.addEventListener("row", () => { card.ariaBusy = "true"; }, on);
  subject.addEventListener("answer", () => {
    card.ariaBusy = "false";
    place.style.minHeight = "";
    renew(place, answerType.present(model, subject.answer, subject.profile));
    show(took, `answered in ${Math.max(1, Math.round(subject.took_ms))} ms`);
    later(answerType.say(model, subject.answer));
  }, on);
  subject.addEventListener("fault", ({ detail }) => {
    card.ariaBusy = "false";
    if (detail.status !== 400) return show(took, subject.answer && "This was the answer to the row before.");
    place.style.minHeight = `${place.offsetHeight}px`; // nothing below jumps
    show(place, refusal(subject, detail));
    show(took);
    later(`No answer. ${detail.message}`);
  }, on);
  subject.closed.addEventListener("abort", () => clearTimeout(timer));
  return card;
}

// The service names the place of what it refuses: `instances[0].age`.
function refusal({ model }, { message }) {
  const named = model.features.filter(({ name }) => message.includes(`\`instances[0].${name}`)).sort((a, b) => b.name.length - a.name.length)[0];
  const go = () => document.getElementById(`feature-${ranked(model).indexOf(named.name)}`)?.focus();
  return [
    h("p", { className: "said" }, h("b", {}, "No answer")),
    h("p", {}, named ? [`The model does not take this value of ${short(named.name)}. `, h("button", { type: "button", onclick: go }, `Go to ${short(named.name)}`)] : "The model does not take this row."),
    h("p", { className: "error small" }, message),
  ];
}
