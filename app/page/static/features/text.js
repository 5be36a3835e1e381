// A text: a box that grows with what is written in it, and is answered as one types.
import { h, show } from "../dom.js";
import { short } from "../words.js";

const EMPTY = "Write something: a text was never missing in training.";
const fitting = ({ cut, longest }, value) => cut || [...value].length <= longest; // in code points, as the service counts
const said = (feature, value) => (value === "" ? !feature.optional && EMPTY
  : [...value].length > feature.longest && (feature.cut ? `What follows the first ${feature.longest} characters is left out.` : `Longer than ${feature.longest} characters: the model takes no such text.`));

export function input(feature, bins, { id, changed }) {
  const note = h("small", { className: "note", id: `${id}-note` }), box = h("textarea", { id, rows: 3, placeholder: feature.optional ? "missing" : "" });
  const say = () => {
    box.ariaInvalid = String(box.value === "" ? !feature.optional : !fitting(feature, box.value));
    show(note, said(feature, box.value));
  };
  box.setAttribute("aria-describedby", note.id);
  box.oninput = () => {
    say();
    if (box.value || feature.optional) changed(box.value || null);
  };
  return { element: h("div", { className: "control" }, box, note), write: (value) => { box.value = value ?? ""; say(); } };
}

export const parted = true; // the service can say what its words moved
export const vary = () => null;
export const shorten = (feature, value) => (value === null ? "missing" : `“${short(value)}”`);
export const fits = (feature, value) => typeof value === "string" && value !== "" && fitting(feature, value);
export const reader = async () => (await import("../file/cells.js")).words; // of the cells of a file
