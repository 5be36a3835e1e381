// Call it: this very request for other programs, as ordinary traffic.
import { h, show } from "../dom.js";
import { LANGUAGES, PROTOCOLS, request } from "../requests.js";
import { keyed } from "../service.js";

const COPIED_MS = 2000;
const chosen = { protocol: Object.keys(PROTOCOLS)[0], language: "curl" }; // stays when another version is opened

export default function (subject) {
  const code = h("pre", { className: "code", tabIndex: 0, role: "region", ariaLabel: "The request" });
  const draw = () => show(code, LANGUAGES[chosen.language](request(chosen.protocol, subject.model, subject.row), keyed()));
  draw();
  for (const name of ["row", "answer"]) subject.addEventListener(name, draw, { signal: subject.closed });
  return h("section", { className: "card" },
    h("div", { className: "bar" }, h("h2", {}, "Call it"), languages(draw)),
    h("div", { className: "bar" }, protocols(draw), copy(code)),
    code,
    h("p", { className: "quiet small" }, "Sent by a program this is ordinary traffic: it counts in drift and metrics. What you try on this page does not."));
}

function languages(draw) {
  const choose = (event) => {
    chosen.language = event.target.textContent;
    for (const button of group.children) button.ariaPressed = String(button === event.target);
    draw();
  };
  const group = h("div", { className: "buttons", role: "group", ariaLabel: "Language" }, Object.keys(LANGUAGES).map((name) =>
    h("button", { type: "button", ariaPressed: String(name === chosen.language), onclick: choose }, name)));
  return group;
}

function protocols(draw) {
  const list = h("select", { id: "protocol" }, Object.keys(PROTOCOLS).map((name) => h("option", { selected: name === chosen.protocol }, name)));
  list.onchange = () => {
    chosen.protocol = list.value;
    draw();
  };
  return h("div", { className: "buttons" }, h("label", { htmlFor: "protocol", className: "quiet" }, "Protocol"), list);
}

function copy(code) {
  const said = h("span", { role: "status", className: "quiet" });
  let timer = 0;
  const button = h("button", { type: "button", onclick: async () => {
    show(said, (await copied(code)) ? "Copied" : "Press Ctrl+C");
    clearTimeout(timer);
    timer = setTimeout(() => show(said), COPIED_MS);
  } }, "Copy");
  return h("div", { className: "buttons" }, said, button);
}

// Without TLS browsers give no clipboard: then the text is selected for the old way.
async function copied(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}
