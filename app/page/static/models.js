// Which models and versions there are: the list, the picker in the header, and one that is not ready.
import * as address from "./address.js";
import { h, show } from "./dom.js";
import { count, number } from "./words.js";
import { mainMetric, metricTitle } from "./scores.js";

// The models by name, each with its newest version that answers; `asked` is one that there is not.
export function list(place, all, asked, go) {
  if (!all.length) {
    return show(place, h("h1", {}, "No model yet"), h("p", {}, "Put a bundle into the folder of models; this page shows it as soon as it is served."), h("p", { className: "quiet" }, "Looking again every few seconds."));
  }
  const names = [...new Set(all.map((one) => one.name))];
  const opened = (event, name) => {
    event.preventDefault();
    address.push({ model: name });
    go();
  };
  return show(place, h("h1", {}, count(names.length, "model")), asked !== null && h("p", { className: "error" }, `There is no model ${asked} here.`),
    h("ul", { className: "models" }, names.map((name) => card(name, all.filter((one) => one.name === name), opened))));
}

function card(name, versions, opened) {
  const ready = versions.filter((one) => one.state === "ready"), shown = ready.at(-1) ?? versions.at(-1);
  const metric = mainMetric(shown), link = `#${new URLSearchParams({ model: name })}`;
  return h("li", { className: "card" },
    h("h2", {}, h("a", { href: link, onclick: (event) => opened(event, name) }, name)),
    h("p", {}, shown.target ? `Says ${shown.target}.` : "A graph alone.", metric && ` ${metricTitle(metric)} ${number(shown.metrics[metric], 3)}.`),
    state(shown), versions.length > 1 && h("p", { className: "quiet small" }, `${count(versions.length, "version")}, ${ready.length} ready`));
}

// Its state with the reason; never colour alone.
export const state = ({ version, state: is, reason }) =>
  h("p", { className: "small quiet" }, h("span", { className: `dot ${is === "ready" ? "" : "bad"}` }), ` Version ${version}: ${is}`, reason && `. ${reason}`);

export function picker(model, versions, all, opened) {
  const select = h("select", { id: "version" }, versions.map((one) =>
    h("option", { value: one.version, selected: one === model }, `${one.version}${one.state === "ready" ? "" : ` (${one.state})`}`)));
  select.onchange = () => opened(Number(select.value));
  const several = new Set(all.map((one) => one.name)).size > 1;
  return [several && h("a", { href: "./" }, "All models"), h("label", { htmlFor: "version", className: "quiet" }, "Version"), select];
}

// A version that does not answer: why, and which one does.
export function waiting(place, model, other, open) {
  show(place, h("h1", {}, model.name), h("section", { className: "card", role: "status" },
    h("h2", {}, `Version ${model.version} is ${model.state === "failed" ? "not served" : "not ready"}`), state(model),
    h("p", { className: "quiet" }, "Looking again every few seconds."),
    other && h("button", { type: "button", onclick: () => open(other.name, other.version) }, `Open version ${other.version}, which answers`)));
}

// A graph alone has no named features: nothing to try here.
export const graph = (model) => h("section", { className: "card" }, state(model),
  h("p", {}, "This is a graph alone: it says which tensors it takes, and not what they mean. It answers over the Open Inference Protocol and over TensorFlow Serving's REST; see the ", h("a", { href: "docs" }, "API"), "."),
  h("pre", { tabIndex: 0 }, JSON.stringify({ inputs: model.inputs, outputs: model.outputs }, null, 2)));
