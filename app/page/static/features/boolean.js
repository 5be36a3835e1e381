// True or false: a list of two, and "missing" where that may be.
import { h } from "../dom.js";
import { booleans } from "../file/cells.js";

const share = (bins) => (bins?.edges?.[0] === 0 ? bins.shares.slice(1).reduce((sum, each) => sum + each, 0) : bins?.minimum ?? 0.5); // of true

export function input(feature, bins, { id, changed }) {
  const texts = [...(feature.optional ? ["missing"] : []), "true", "false"];
  const list = h("select", { id }, texts.map((text) => h("option", { value: text }, text)));
  list.onchange = () => changed(list.value === "missing" ? null : list.value === "true");
  return { element: h("div", { className: "control" }, list), write: (value) => { list.value = shorten(feature, value); } };
}

export function vary(feature, bins, value) {
  const values = [true, false], part = share(bins);
  return { values, line: false, words: values.map(String), here: values.indexOf(value), histogram: bins ? [part, 1 - part] : null };
}

export const shorten = (feature, value) => (value === null ? "missing" : String(value));
export const typical = (feature, bins) => (bins ? share(bins) >= 0.5 : undefined);
export const fits = (feature, value) => typeof value === "boolean";
export const draw = (feature, bins) => (feature.optional && Math.random() < feature.missing_share ? null : Math.random() < share(bins));
export const reader = booleans; // of the cells of a file
