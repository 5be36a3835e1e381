// What if one feature were otherwise: the answers over its values, everything else as it stands.
import { bars, curve, renew, ticks } from "../charts.js";
import { h, show } from "../dom.js";
import { follow, predict, ranked } from "../questions.js";
import { percent, short } from "../words.js";

const WAIT_MS = 40;

export default function whatif(subject) {
  const { model, answerType } = subject, named = new Map(model.features.map((feature) => [feature.name, feature]));
  const variation = (name) => subject.kind(named.get(name)).vary(named.get(name), subject.bins(name), subject.row[name]);
  const names = ranked(model).filter((name) => variation(name));
  if (!names.length) return null;
  const pick = list("Feature", names, (name) => subject.look(name)), place = h("div", {}), words = h("p", { className: "small" });
  const choices = answerType.choices?.(model) ?? [];
  const choose = choices.length > 2 && h("label", { className: "small quiet end" }, "looking at ", list(null, choices, (label) => choice(subject, label), "the answer"));
  const card = h("section", { className: "card whatif", hidden: true, ariaLabel: "What if" },
    h("div", { className: "bar" }, h("h2", {}, "What if"), pick, h("span", {}, "were otherwise?"), choose), place, words);
  let drawn = null;

  async function draw(signal) {
    const name = subject.feature, feature = named.get(name), look = answerType.why(model, subject.answer, subject.choice);
    card.hidden = look === null;
    pick.value = names.indexOf(name);
    if (!look) return;
    const varied = variation(name);
    if (!varied) return;
    const asked = JSON.stringify([{ ...subject.row, [name]: null }, name, look.about]);
    if (asked !== drawn?.asked) {
      const answers = await predict(model, varied.values.map((value) => ({ ...subject.row, [name]: value })), signal);
      drawn = { asked, ...picture(subject, feature, varied, answers.map(look.of), look) };
      renew(place, drawn.element);
      show(words, drawn.words);
    }
    drawn.mark(varied.here, look.of(subject.answer));
  }

  follow(subject, ["answer", "feature", "choice"], WAIT_MS, draw, (error) => { drawn = null; card.hidden = false; show(place); show(words, error.message); });
  const number = names.find((name) => variation(name).line);
  subject.look(names.includes(subject.feature) ? subject.feature : number ?? names[0]);
  return card;
}

// A list whose options are known by their places, since a name may be anything.
function list(ariaLabel, names, chosen, first) {
  const pick = h("select", { ariaLabel }, first && h("option", { value: -1 }, first), names.map((name, at) => h("option", { value: at }, short(name))));
  pick.onchange = () => chosen(names[pick.value]);
  return pick;
}

function choice(subject, label) {
  subject.choice = label;
  subject.dispatchEvent(new CustomEvent("choice"));
}

function picture(subject, feature, varied, numbers, look) {
  const shorten = (at) => subject.kind(feature).shorten(feature, varied.values[at]), name = short(feature.name);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)], [least, most] = [low, high].map(look.text);
  const said = least === most ? `The ${look.about} stays at ${least}, whatever ${name} is.`
    : `The ${look.about} is lowest at ${name} ${shorten(numbers.indexOf(low))} (${least}), highest at ${shorten(numbers.indexOf(high))} (${most}).`;
  const take = (at) => subject.set({ [feature.name]: varied.values[at] });
  const made = (varied.line ? line : lines)({ varied, numbers, look, name, take, shorten, subject, feature });
  const seen = varied.histogram && h("span", { className: "quiet" }, varied.line ? " Grey: how often training saw which values." : " In grey: how often training saw it.");
  return { ...made, words: [said, seen] };
}

function line({ varied, numbers, look, name, take, subject, feature }) {
  const [low, high] = range(numbers, look);
  const { element, mark } = curve(varied.at.map((place, at) => [place, numbers[at]]), {
    low, high, text: look.axis ?? look.text, ends: varied.ticks, histogram: varied.histogram, pick: take, name: `${name}: sets it, and shows the ${look.about}`,
  });
  return { element, mark: (here, value) => mark(here, value, `${subject.kind(feature).shorten(feature, subject.row[feature.name])}: ${look.text(value)}`) };
}

function lines({ varied, numbers, look, take }) {
  const element = bars(numbers.map((value, at) => ({
    name: varied.words[at], value, text: [look.text(value), varied.histogram && h("small", {}, percent(varied.histogram[at]))], pick: () => take(at), here: at === varied.here,
  })), { low: Math.min(0, ...numbers), high: Math.max(0, range(numbers, look)[1], ...numbers) });
  const mark = (here) => [...element.children].forEach((one, at) => {
    one.className = at === here ? "here" : "";
    one.firstChild.ariaPressed = String(at === here);
  });
  return { element, mark };
}

// Shares are seen from 0 to 1 unless all lie near one end; numbers from one round number to another.
function range(numbers, { low, high }) {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)], small = (most - least || Math.abs(most) || 1) / 10;
  if (low !== null && most > low + (high - low) / 4 && least < high - (high - low) / 4) return [low, high];
  const step = ticks(least - small, most + small)[1] - ticks(least - small, most + small)[0] || small;
  const round = [Math.floor((least - small) / step) * step, Math.ceil((most + small) / step) * step];
  if (low === null) return round;
  return most <= low + (high - low) / 4 ? [low, Math.min(high, round[1])] : [Math.max(low, round[0]), high];
}
