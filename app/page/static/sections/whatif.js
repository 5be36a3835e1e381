// What if one feature were otherwise: the answers over its values, everything else as it stands.
import { bars, curve, renew, ticks } from "../charts.js";
import { h, show } from "../dom.js";
import { follow, predict, ranked } from "../questions.js";
import { percent, short } from "../words.js";

const WAIT_MS = 40;

export default function whatif(subject) {
  const { model, answerType } = subject, named = new Map(model.features.map((feature) => [feature.name, feature]));
  const vary = (name) => subject.kind(named.get(name)).vary(named.get(name), subject.bins(name), subject.row[name]);
  const names = ranked(model).filter(vary);
  if (!names.length) return null;
  const pick = list(names, (name) => subject.look(name)), place = h("div", {}), words = h("p", { className: "small" });
  pick.ariaLabel = "Feature";
  const labels = answerType.choices?.(model) ?? [];
  const choose = labels.length > 2 && h("label", { className: "small quiet end" }, "looking at ", list(labels, (label) => {
    subject.choice = label;
    subject.dispatchEvent(new Event("choice"));
  }, "the answer"));
  const card = h("section", { className: "card whatif", hidden: true, ariaLabel: "What if" },
    h("div", { className: "bar" }, h("h2", {}, "What if"), pick, "were otherwise?", choose), place, words);
  let drawn = null;

  async function draw(signal) {
    const name = subject.feature, look = answerType.why(model, subject.answer, subject.choice), varied = look && vary(name);
    card.hidden = !look;
    pick.value = names.indexOf(name);
    if (!varied) return;
    const asked = JSON.stringify([{ ...subject.row, [name]: null }, name, look.about]);
    if (asked !== drawn?.asked) {
      const answers = await predict(model, varied.values.map((value) => ({ ...subject.row, [name]: value })), signal);
      drawn = { asked, ...picture(subject, named.get(name), varied, answers.map(look.of), look) };
      renew(place, drawn.element);
      show(words, drawn.words, varied.histogram && h("span", { className: "quiet" }, " Grey: how often training saw it."));
    }
    drawn.mark(varied.here, look.of(subject.answer));
  }

  follow(subject, ["answer", "feature", "choice"], WAIT_MS, draw, ({ message }) => { drawn = null; card.hidden = false; show(place); show(words, message); });
  if (!names.includes(subject.feature)) subject.look(names.find((name) => vary(name).line) ?? names[0]);
  return card;
}

// A list whose options are known by their places, since a name may be anything.
function list(names, chosen, first) {
  const pick = h("select", {}, first && h("option", { value: -1 }, first), names.map((name, at) => h("option", { value: at }, short(name))));
  pick.onchange = () => chosen(names[pick.value]);
  return pick;
}

function picture(subject, feature, varied, numbers, look) {
  const name = short(feature.name), shorten = (value) => subject.kind(feature).shorten(feature, value);
  const told = (number) => `${shorten(varied.values[numbers.indexOf(number)])} (${look.text(number)})`;
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)], [low, high] = range(least, most, look);
  const words = look.text(least) === look.text(most) ? `The ${look.about} stays at ${look.text(most)}, whatever ${name} is.`
    : `The ${look.about} is lowest at ${name} ${told(least)}, highest at ${told(most)}.`;
  const take = (at) => subject.set({ [feature.name]: varied.values[at] });
  if (!varied.line) return { words, ...lines(varied, numbers, look, take, high) };
  const { element, mark } = curve(varied.at.map((place, at) => [place, numbers[at]]), {
    low, high, text: look.axis, ends: varied.ticks, histogram: varied.histogram ?? [], pick: take, name: `${name}: sets it, and shows the ${look.about}`,
  });
  return { words, element, mark: (here, number) => mark(here, number, `${shorten(subject.row[feature.name])}: ${look.text(number)}`) };
}

function lines({ words, here, histogram }, numbers, { text }, take, high) {
  const element = bars(numbers.map((value, at) => ({
    name: words[at], value, text: [text(value), histogram && h("small", {}, percent(histogram[at]))], pick: () => take(at), here: at === here,
  })), { low: Math.min(0, ...numbers), high: Math.max(0, high) });
  const mark = (now) => [...element.children].forEach((one, at) => {
    one.className = at === now ? "here" : "";
    one.firstChild.ariaPressed = String(at === now);
  });
  return { element, mark };
}

// Shares are seen from 0 to 1 unless all lie near one end; numbers from one round number to another.
function range(least, most, { low }) {
  const room = (most - least || Math.abs(most) || 1) / 10, [first, second] = ticks(least - room, most + room), step = second - first;
  const from = first - step, to = Math.ceil((most + room) / step) * step;
  return low === null ? [from, to] : [least > 0.75 ? Math.max(from, 0) : 0, most < 0.25 ? Math.min(to, 1) : 1];
}
