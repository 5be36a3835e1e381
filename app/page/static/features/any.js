// A type that this page has no module for: its value is JSON in a box.
import { h } from "../dom.js";
import { short } from "../words.js";

export function input(feature, bins, { id, changed }) {
  const box = h("textarea", { id, rows: 2, spellcheck: false });
  box.oninput = () => {
    try {
      changed(box.value.trim() ? JSON.parse(box.value) : null);
      box.setCustomValidity("");
    } catch {
      box.setCustomValidity("This is no JSON value.");
    }
    box.ariaInvalid = String(!box.validity.valid);
  };
  return { element: box, write: (value) => { box.value = value === null ? "" : JSON.stringify(value); } };
}

export const vary = () => null;
export const shorten = (feature, value) => short(JSON.stringify(value));
