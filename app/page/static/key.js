// A key of the API, asked for in a dialog. Who closes it without one finds a button in the header.
import { h } from "./dom.js";
import { askBy, askKey } from "./service.js";

const place = document.querySelector("header nav");
const button = h("button", { type: "button", hidden: true }, "Enter a key");
place.prepend(button);

// Have the service ask this way; `entered` is called where a person came back to it.
export function askByDialog(entered) {
  askBy(async (wrong) => {
    const given = await ask(wrong);
    button.hidden = given !== null;
    return given;
  });
  button.onclick = async () => { if (await askKey()) entered(); };
}

function ask(wrong) {
  const said = wrong ? "The service does not know this key." : "This service answers those who have one of its keys.";
  // The signs that a header may hold; others would fail without a word.
  const box = h("input", { id: "key", type: "password", autocomplete: "off", required: true, pattern: "[!-~]+", title: "letters, digits and signs, without spaces", ariaInvalid: wrong ? "true" : null });
  box.setAttribute("aria-describedby", "key-about");
  const dialog = h("dialog", { "aria-labelledby": "key-title", className: "card" },
    h("h2", { id: "key-title" }, "A key, please"),
    h("p", { id: "key-about", className: wrong ? "error" : null, role: wrong ? "alert" : null }, said),
    h("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); dialog.close("given"); } },
      h("label", { htmlFor: "key" }, "Key"), box,
      h("p", { className: "quiet small" }, "Kept by this page alone, until it is closed."),
      h("div", { className: "buttons" }, h("button", {}, "Go on"), h("button", { type: "button", onclick: () => dialog.close() }, "Without"))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === "given" ? box.value : null);
    };
  });
}
