// A word: a list of those that training saw, or a box that searches where there are many. Other words may come.
import { h, show } from "../dom.js";
import { words } from "../file/cells.js";
import { pick } from "../scale.js";
import { count, short } from "../words.js";

const LIST_MAX = 30;
const MATCHES_MAX = 100; // of a search that are offered at once
const BARS = 12; // of "what if"
const UNSEEN = "Not seen in training: the model takes it for unknown.";

const known = new WeakMap(); // feature -> its words, to be looked up
function isKnown(feature, word) {
  if (!known.has(feature)) known.set(feature, new Set(feature.vocabulary));
  return known.get(feature).has(word);
}

export function input(feature, bins, tools) {
  const words = feature.vocabulary ?? [], note = h("small", { className: "note", id: `${tools.id}-note` });
  const say = (value) => show(note, value !== null && words.length > 0 && !isKnown(feature, value) && UNSEEN);
  const make = words.length && words.length <= LIST_MAX ? pickFrom : search;
  const { elements, write } = make(feature, words, { ...tools, note, changed: (value) => { say(value); tools.changed(value); } });
  return { element: h("div", { className: "control" }, elements, note), write: (value) => { write(value); say(value); } };
}

// The options are known by their places: a word may be anything, "" and "missing" too.
function pickFrom(feature, words, { id, changed, note }) {
  const list = h("select", { id }, feature.optional && h("option", { value: "missing" }, "missing"),
    words.map((word, at) => h("option", { value: at }, short(word, 60))), h("option", { value: "other" }, "another value …"));
  const box = h("input", { type: "text", hidden: true, spellcheck: false, ariaLabel: `${feature.name}, another value` });
  box.setAttribute("aria-describedby", note.id);
  list.onchange = () => {
    box.hidden = list.value !== "other";
    if (box.hidden) changed(list.value === "missing" ? null : words[list.value]);
    else box.focus();
  };
  box.onchange = () => { if (box.value) changed(box.value); };
  const write = (value) => {
    const at = value === null ? "missing" : words.indexOf(value);
    box.hidden = at !== -1;
    list.value = at === -1 ? "other" : at;
    if (at === -1) box.value = value;
  };
  return { elements: [list, box], write };
}

// A vocabulary may have 50,000 words: the browser gets those that match what is typed.
function search(feature, words, { id, changed, note }) {
  const offers = h("datalist", { id: `${id}-words` });
  const box = h("input", { type: "text", id, list: offers.id, spellcheck: false, autocomplete: "off", placeholder: feature.optional ? "missing" : "" });
  box.setAttribute("aria-describedby", note.id);
  const offer = () => show(offers, matches(words, box.value).map((value) => h("option", { value })));
  const take = () => { if (box.value || feature.optional) changed(box.value || null); };
  box.onfocus = offer;
  box.oninput = () => {
    offer();
    if (isKnown(feature, box.value)) take();
  };
  box.onchange = take;
  return { elements: [box, offers, words.length > 0 && h("small", {}, `${count(words.length, "known value")}: type to find one.`)], write: (value) => { box.value = value ?? ""; } };
}

export function matches(words, text) {
  const wanted = text.toLowerCase(), found = [];
  for (const word of words) {
    if (word.toLowerCase().includes(wanted)) found.push(word);
    if (found.length === MATCHES_MAX) break;
  }
  return found;
}

export function vary(feature, bins, value) {
  const values = (feature.vocabulary ?? []).slice(0, BARS);
  if (value !== null && !values.includes(value)) values.splice(BARS - 1, 1, value);
  const shares = new Map(bins?.values?.map((word, at) => [word, bins.shares[at]]));
  return { values, line: false, words: values.map((word) => short(word)), here: values.indexOf(value), histogram: bins ? values.map((word) => shares.get(word) ?? null) : null };
}

export const shorten = (feature, value) => (value === null ? "missing" : short(value));
export const fits = (feature, value) => typeof value === "string" && value !== "";

export function typical(feature, bins) {
  if (!bins?.shares?.length) return feature.vocabulary?.[0];
  return bins.values[bins.shares.indexOf(Math.max(...bins.shares))];
}

export function draw(feature, bins) {
  const words = feature.vocabulary ?? [];
  if (feature.optional && Math.random() < feature.missing_share) return null;
  if (!bins?.shares?.length) return words[Math.floor(words.length * Math.random() ** 3)]; // the frequent ones are first
  const at = pick([...bins.shares, bins.other ?? 0]);
  return bins.values[at] ?? words[Math.floor(words.length * Math.random())];
}
export const reader = words; // of the cells of a file
