// The form: what matters most first, the rest when it is asked for. What is touched is what "what if" shows.
// Fields are known by their places: a name may be any text.
import { h, show } from "../dom.js";
import { own } from "../subject.js";
import { count, short } from "../words.js";

const FIRST = 12;
const ALL = 15; // up to so many are all shown
const SEARCHED = 20; // from so many on there is a search
const MORE = 100; // fields that are added or found at once: a model may have 50,000
const FROM_ANOTHER = 0.3; // of a shuffled row, from a second example

export default function (subject) {
  const fields = ordered(subject).map((feature, place) => ({ feature, id: `feature-${place}`, element: null }));
  const form = new Form(subject, fields);
  return h("section", { className: "card", id: "try", tabIndex: -1 },
    h("div", { className: "bar" }, h("h2", {}, "Try it"), buttons(subject)), form.element);
}

function ordered({ model }) {
  const lost = model.training?.importances?.lost, worth = ({ name }) => own(lost, name)?.[0] ?? -Infinity;
  const places = new Map(model.features.map((feature, place) => [feature, [worth(feature), place]]));
  return [...model.features].sort((a, b) => (places.get(b)[0] - places.get(a)[0] || 0) || places.get(a)[1] - places.get(b)[1]);
}

class Form {
  #own = null; // the field that is being written in: it knows its value

  constructor(subject, fields) {
    Object.assign(this, { subject, fields, limit: fields.length > ALL ? FIRST : ALL, list: h("div", {}), foot: h("div", { className: "foot" }) });
    const many = fields.length >= SEARCHED;
    this.search = h("input", { type: "search", placeholder: `Search ${count(fields.length, "feature")}`, ariaLabel: `Search ${count(fields.length, "feature")}`, oninput: () => this.draw() });
    this.element = h("div", {}, many && this.search, this.list, this.foot);
    subject.addEventListener("row", () => this.write(), { signal: subject.closed });
    subject.addEventListener("feature", () => this.mark(), { signal: subject.closed });
    this.draw();
  }

  // The fields that are found, or the first ones; each is made when it is first seen.
  draw() {
    const text = this.search.value.trim().toLowerCase();
    const found = text ? this.fields.filter(({ feature }) => feature.name.toLowerCase().includes(text)) : this.fields;
    const shown = found.slice(0, text ? MORE : this.limit), rest = found.length - shown.length;
    show(this.list, shown.map((field) => field.element ?? this.make(field)), !shown.length && h("p", { className: "quiet" }, "No feature is called so."));
    const more = Math.min(rest, MORE);
    show(this.foot, rest > 0 && !text && h("button", { type: "button", onclick: () => this.more(more) }, more === rest ? `Show the other ${rest.toLocaleString("en")}` : `Show ${more} more`),
      rest > 0 && text && h("p", { className: "quiet small" }, `${rest.toLocaleString("en")} more: type more of the name.`));
  }

  more(count) {
    const first = this.fields[this.limit];
    this.limit += count;
    this.draw();
    document.getElementById(first.id)?.focus();
  }

  make(field) {
    const { feature, id } = field, { subject } = this, kind = subject.kind(feature);
    const changed = (value) => {
      this.#own = field;
      subject.set({ [feature.name]: value });
      this.#own = null;
    };
    const { element, write } = kind.input(feature, subject.bins(feature.name), { id, changed });
    field.element = h("div", { className: "field" }, h("label", { htmlFor: id, title: feature.name.length > 60 ? feature.name : null }, breakable(short(feature.name, 60))), element);
    field.element.addEventListener("focusin", () => { if (subject.feature !== feature.name) subject.look(feature.name); });
    field.write = () => {
      const value = own(subject.row, feature.name) ?? null;
      if (value !== field.value) write(value);
      field.value = value;
    };
    field.write();
    return field.element;
  }

  write() {
    for (const field of this.fields) {
      if (field === this.#own) field.value = own(this.subject.row, field.feature.name);
      else field.write?.();
    }
  }

  mark() {
    for (const { element, feature } of this.fields) element?.classList.toggle("looked", feature.name === this.subject.feature);
  }
}

// A long name goes on in the next line after an underscore.
const breakable = (name) => name.split(/(?<=_)/).flatMap((part) => [h("wbr"), part]);

function buttons(subject) {
  const { examples } = subject, button = (text, onclick, title) => h("button", { type: "button", title, onclick }, text);
  let next = 0;
  const example = () => subject.replace(subject.checked(examples[next++ % examples.length]));
  return h("div", { className: "buttons" },
    button("Typical", () => subject.replace({ ...subject.reference }), "The median or the most frequent value of each feature"),
    examples.length > 0 && button("Example", example, "A row of the data, the next one at each press"),
    button("Shuffle", () => subject.replace(shuffled(subject)), "A row as there might be one"));
}

// A row as there might be one: of two examples mixed, or each value as often as training had it.
function shuffled(subject) {
  const { examples } = subject, any = () => examples[Math.floor(examples.length * Math.random())];
  const [one, other] = [any(), any()];
  const mixed = (feature) => own(Math.random() < FROM_ANOTHER ? other : one, feature.name);
  const drawn = (feature) => subject.kind(feature).draw?.(feature, subject.bins(feature.name));
  return subject.checked(subject.rowOf((feature) => (examples.length > 2 ? mixed : drawn)(feature) ?? (feature.optional ? null : undefined)));
}
