// Words: the texts of the row, each word coloured and underlined by what the answer loses without it.
import { h, show } from "../dom.js";
import { follow } from "../questions.js";
import { explain } from "../service.js";
import { own } from "../subject.js";
import { listed, short } from "../words.js";

const WAIT_MS = 300; // until a text has come to rest
const NAMED = 4;
const LEAST = 0.02; // of the word that moved most: less is not coloured

export default function words(subject) {
  const { model, answerType } = subject, texts = model.features.filter((feature) => subject.kind(feature).parted);
  if (!texts.length) return null;
  const place = h("div", {}), card = h("section", { className: "card", hidden: true, ariaLabel: "Words" }, h("h2", {}, "Words"), place);

  async function draw(signal) {
    const found = await explain(model, subject.row, signal), look = answerType.why(model, subject.answer, found.of ?? undefined);
    card.hidden = !look || !found.words.length;
    if (card.hidden) return;
    const most = Math.abs(found.words[0].moved), moving = found.words.filter(({ moved }) => Math.abs(moved) > LEAST * most);
    const named = moving.slice(0, NAMED).map(({ text, moved }) => `“${short(text)}” (${look.difference(moved)})`);
    show(place, h("p", {}, named.length ? `What moved the ${look.about} most: ${listed(named)}.` : `No word alone moves the ${look.about}.`),
      texts.map(({ name }) => [texts.length > 1 && h("h3", {}, short(name)), h("p", { className: "parted", dir: "auto" }, marked(own(subject.row, name) ?? "", moving.filter((word) => word.feature === name), most, look))]),
      h("p", { className: "quiet small" }, "Each word’s share is what the answer loses without it; a solid line speaks for it, a dotted one against."));
  }

  follow(subject, ["answer"], WAIT_MS, draw, ({ message }) => { card.hidden = false; show(place, h("p", { className: "error" }, message)); });
  return card;
}

// The service counts code points, a string of the browser does not.
function marked(text, moving, most, { difference }) {
  const characters = [...text], parts = [];
  let end = 0;
  for (const { start, stop, moved } of [...moving].sort((a, b) => a.start - b.start)) {
    const word = h("mark", { className: moved > 0 ? "" : "against", title: difference(moved) }, characters.slice(start, stop).join(""));
    word.style.setProperty("--strength", `${Math.round(60 * Math.abs(moved) / most)}%`);
    parts.push(characters.slice(end, start).join(""), word);
    end = stop;
  }
  return [...parts, characters.slice(end).join("")];
}
