// Which models there are -> one version of one -> its sections, in the order in which people ask.
// What is open stands in the address (address.js). This file knows no type and no section but by its name.
import * as address from "./address.js";
import { h, show } from "./dom.js";
import { answerModule, featureModule } from "./kinds.js";
import { chooser, list, picker, waiting } from "./models.js";
import * as service from "./service.js";
import { Subject } from "./subject.js";

const AGAIN_MS = 3000; // until a model that is not ready is looked at again
const LOOK_MS = 5000; // at most so often, and only after an answer: has the service other versions now?

// Where each section stands: `two` are the columns of a desk, which a phone has one under the other.
const LAYOUT = [["says"], ["two", ["try"], ["answer", "whatif", "why"]], ["two", ["call"], ["rows"]], ["now"], ["quality"], ["versions"], ["papers"]];
const names = LAYOUT.flat(2).filter((name) => name !== "two");
const modules = new Map(names.map((name) => [name, import(`./sections/${name}.js`).catch(() => null)]));
const main = document.getElementById("main");
let subject = null; // what is open
let turn = 0; // of opening: an older one that comes late is dropped
let timer = 0;

// Open what the address says; where it says nothing, the only model, or the list of all.
async function go(wanted = address.read()) {
  const mine = ++turn;
  clearTimeout(timer);
  subject?.close();
  subject = null;
  main.setAttribute("aria-busy", "true");
  try {
    const all = await service.models();
    const name = wanted.model ?? (new Set(all.map((one) => one.name)).size === 1 ? all[0].name : null);
    const versions = name !== null && all.some((one) => one.name === name) ? await service.versions(name) : null;
    if (mine === turn) await (versions ? choose(versions, wanted, all, mine) : lobby(all, wanted));
  } catch (error) {
    if (mine === turn) later(wanted, show(main, h("h1", {}, "The service does not answer"), h("p", { className: "error", role: "alert" }, words(error)), h("p", { className: "quiet" }, "Asking again every few seconds.")));
  }
  if (mine === turn) main.removeAttribute("aria-busy");
}

// All models, or none: looked at again, since one may come.
function lobby(all, wanted) {
  show(document.getElementById("which"));
  document.title = "Slipway";
  list(main, all, wanted.model, go);
  later({});
}

// The version that is asked for, else the newest that answers.
async function choose(versions, wanted, all, mine) {
  const ready = versions.filter((one) => one.state === "ready");
  const model = versions.find((one) => one.version === wanted.version) ?? ready.at(-1) ?? versions.at(-1);
  document.title = `${model.name} · Slipway`;
  show(document.getElementById("which"), picker(model, versions, all, (version) => open(model.name, version)));
  if (model.state !== "ready") {
    waiting(main, model, ready.at(-1), open);
    return later(wanted);
  }
  await present(model, versions, wanted, mine);
}

// Open a version; the row that is looked at stays.
export function open(name, version) {
  const row = subject?.model.name === name ? subject.row : address.read().row;
  address.push({ model: name, version, row });
  go();
}

function later(wanted) {
  clearTimeout(timer);
  timer = setTimeout(() => go(wanted), AGAIN_MS);
}

async function present(model, versions, wanted, mine) {
  if (!model.features) return show(main, h("h1", {}, model.name), chooser(model));
  const types = [...new Set(model.features.map((feature) => feature.type))];
  const [profile, examples, answerType, sections, ...kinds] = await Promise.all([
    service.profile(model).catch(() => null),
    service.examples(model).catch(() => []),
    answerModule(model.answer.type),
    Promise.all(names.map(async (name) => [name, await modules.get(name)])),
    ...types.map(featureModule),
  ]);
  if (mine !== turn) return;
  const features = Object.fromEntries(types.map((type, at) => [type, kinds[at]]));
  subject = new Subject({ model, versions, profile, examples, features, answerType });
  subject.replace(subject.checked(wanted.row));
  const built = new Map(sections.map(([name, section]) => [name, build(name, section, subject)]));
  show(main, h("h1", {}, model.name), built.get("says"), notices(subject), LAYOUT.slice(1).map((part) => placed(part, built)));
  address.follow(subject);
  performance.mark("usable");
}

// A section that fails takes no other along.
function build(name, section, of) {
  try {
    return section?.default(of);
  } catch (error) {
    return h("section", { className: "card" }, h("p", { className: "error" }, `The part “${name}” of this page failed: ${error.message}`));
  }
}

const placed = ([first, ...columns], built) => first === "two"
  ? h("div", { className: "two" }, columns.map((column) => h("div", { className: `column ${column[0]}` }, column.map((name) => built.get(name)))))
  : built.get(first);

// One place for faults of the service, and one for what has become of the version.
function notices(of) {
  const fault = h("div", { className: "fault", role: "alert" }), news = h("div", { role: "status" }), on = { signal: of.closed };
  let looked = performance.now();
  const look = async () => {
    looked = performance.now();
    const said = await service.models().then((all) => changed(of, all), () => null);
    if (!of.closed.aborted && said) show(news, said);
  };
  of.addEventListener("fault", ({ detail }) => {
    show(fault, h("p", { className: "card error" }, words(detail)));
    if (detail.status === 404) look();
  }, on);
  of.addEventListener("answer", () => {
    show(fault);
    if (performance.now() - looked > LOOK_MS) look();
  }, on);
  return h("div", { className: "notices" }, fault, news);
}

// What has become of the version that is open, in a line; null where nothing has.
function changed(of, all) {
  const { name, version } = of.model, ready = all.filter((one) => one.name === name && one.state === "ready");
  const still = ready.some((one) => one.version === version), newest = ready.at(-1);
  const known = of.versions.some((one) => one.version === newest?.version && one.state === "ready");
  if (still && known) return null;
  const what = still ? `Version ${newest.version} answers now, too.` : `Version ${version} of ${name} is no longer served.`;
  const offer = newest && newest.version !== version && h("button", { type: "button", onclick: () => open(name, newest.version) }, `Open version ${newest.version} with this row`);
  return h("p", { className: "card notice" }, what, " ", offer || "No version of it answers.");
}

// `fetch` says "Failed to fetch" where nobody answers.
const words = (error) => (error instanceof TypeError ? "The service does not answer: it may be starting again, or the network is away." : error.message);

addEventListener("popstate", () => { if (address.changed(subject)) go(); });
document.querySelector(".skip").onclick = (event) => {
  event.preventDefault(); // the address keeps the row
  (document.getElementById("try") ?? main).focus();
};
go();
