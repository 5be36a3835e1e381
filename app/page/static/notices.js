// Above the sections: one place for faults of the service, and one for what has become of the version that is open.
import { h, show } from "./dom.js";
import * as service from "./service.js";

const LOOK_MS = 2000; // at most so often, and only after an answer: has the service other versions now?

// `asked` is the version of a link, `open` opens one.
export function notices(subject, asked, open) {
  const fault = h("div", { role: "alert" }), news = h("div", { role: "status" }), on = { signal: subject.closed }, { model } = subject;
  if (asked && asked !== model.version) show(news, line(`There is no version ${asked} any more: this is version ${model.version}.`));
  let looked = performance.now();
  const look = async () => {
    looked = performance.now();
    const said = await service.models().then((all) => changed(subject, all, open), () => null);
    if (subject.closed.aborted || !said) return;
    if (said.gone) show(fault);
    if (news.textContent !== said.line.textContent) show(news, said.line);
  };
  subject.addEventListener("fault", ({ detail }) => {
    if (detail.status === 404 || detail.status === 503) look();
    if (detail.status === 400) show(fault); // of the row: said where its answer would stand
    else if (fault.textContent !== words(detail)) show(fault, h("p", { className: "card error" }, words(detail)));
  }, on);
  subject.addEventListener("answer", () => {
    if (fault.firstChild) show(fault);
    if (performance.now() - looked > LOOK_MS) look();
  }, on);
  return h("div", {}, fault, news);
}

const line = (...words) => h("p", { className: "card notice" }, words);

// What has become of the version that is open; null where nothing has.
function changed({ model, versions }, all, open) {
  const ready = all.filter((one) => one.name === model.name && one.state === "ready"), newest = ready.at(-1);
  const now = ready.find((one) => one.version === model.version), known = new Set(versions.filter((one) => one.state === "ready").map((one) => one.version));
  const offer = (version) => h("button", { type: "button", onclick: () => open(model.name, version) }, `Open version ${version} with this row`);
  if (!now) return { gone: true, line: line(`Version ${model.version} is no longer served. `, newest ? offer(newest.version) : "No version answers now.") };
  if (now.created !== model.created) return { line: line(`Version ${model.version} was replaced while this page was open. `, offer(model.version)) };
  return known.has(newest.version) ? null : { line: line(`Version ${newest.version} answers now, too. `, offer(newest.version)) };
}

// `fetch` says "Failed to fetch" where nobody answers.
export const words = (error) => (error instanceof TypeError ? "The service does not answer: it may be starting again, or the network is away." : error.message);
