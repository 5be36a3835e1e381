// Which models there are -> one version of one -> its sections, in the order in which people ask.
// What is open stands in the address (address.js). This file knows no type and no section but by its name.
import * as address from "./address.js";
import { h, show } from "./dom.js";
import { askByDialog } from "./key.js";
import { answerModule, featureModule } from "./kinds.js";
import { graph, list, picker, waiting } from "./models.js";
import { notices, words } from "./notices.js";
import * as service from "./service.js";
import { Subject } from "./subject.js";

const AGAIN_MS = 2000; // until a service that is away, or a model that is not ready, is looked at again

// Where each section stands: `two` are the columns of a desk, which a phone has one under the other.
const LAYOUT = [["says"], ["two", ["try"], ["answer", "words", "whatif", "why"]], ["two", ["call"], ["rows"]], ["now"], ["quality"], ["versions"], ["papers"]];
const SEEN = 2; // of these parts a desk shows at once
const names = LAYOUT.flat(2).filter((name) => name !== "two");
const modules = new Map(names.map((name) => [name, import(`./sections/${name}.js`).catch(() => null)]));
const main = document.getElementById("main"), which = document.getElementById("which");
let subject = null; // what is open
let shown = ""; // in words, where nothing is open: what has not changed is not drawn again, for focus would be lost
let turn = 0; // of opening: an older one that comes late is dropped
let timer = 0;

// Open what the address says; where it says nothing, the only model, or the list of all.
async function go(wanted = address.read(), again = false) {
  const mine = ++turn;
  clearTimeout(timer);
  if (!again) closed();
  try {
    const all = await service.models();
    const name = wanted.model ?? (new Set(all.map((one) => one.name)).size === 1 ? all[0].name : null);
    const versions = all.some((one) => one.name === name) ? await service.versions(name) : null;
    if (mine === turn) await (versions ? choose(versions, wanted, all, mine) : lobby(all, wanted));
  } catch (error) {
    if (mine === turn) away(error, wanted);
  }
  if (mine === turn) main.removeAttribute("aria-busy");
}

function closed() {
  subject?.close();
  subject = null;
  shown = "";
  main.setAttribute("aria-busy", "true");
}

// Draw what stands in for a model, and look again later.
function stand(what, draw, wanted) {
  const now = JSON.stringify(what);
  if (now !== shown) draw();
  shown = now;
  timer = setTimeout(() => go(wanted, true), AGAIN_MS);
}

const away = (error, wanted) => stand([error.message], () => show(main, h("h1", {}, error.status === 401 ? "The service asks for a key" : "The service does not answer"),
  h("p", { className: "error", role: "alert" }, words(error)), h("p", { className: "quiet" }, "Asking again every few seconds.")), wanted);

// All models, or none: one may come.
const lobby = (all, wanted) => stand([all, wanted.model], () => {
  show(which);
  document.title = "Slipway";
  list(main, all, wanted.model, go);
}, wanted);

// The version that is asked for, else the newest that answers.
async function choose(versions, wanted, all, mine) {
  const ready = versions.filter((one) => one.state === "ready"), other = ready.at(-1);
  const model = versions.find((one) => one.version === wanted.version) ?? other ?? versions.at(-1);
  const head = () => {
    document.title = `${model.name} · Slipway`;
    show(which, picker(model, versions, all, (version) => open(model.name, version)));
  };
  if (model.state === "ready") {
    head();
    return present(model, versions, wanted, mine);
  }
  return stand(versions.map(({ version, state, reason }) => [version, state, reason]), () => {
    head();
    waiting(main, model, other, open);
  }, wanted);
}

// Open a version; the row that is looked at stays.
function open(name, version) {
  const row = subject?.model.name === name ? subject.row : address.read().row;
  address.push({ model: name, version, row });
  go();
}

async function present(model, versions, wanted, mine) {
  if (!model.features) return show(main, h("h1", {}, model.name), graph(model));
  const types = [...new Set(model.features.map((feature) => feature.type))];
  const [profile, examples, answerType, sections, ...kinds] = await Promise.all([
    model.profile ? service.profile(model).catch(() => null) : null,
    model.examples ? service.examples(model).catch(() => []) : [],
    answerModule(model.answer.type),
    Promise.all(names.map(async (name) => [name, await modules.get(name)])),
    ...types.map(featureModule),
  ]);
  if (mine !== turn) return;
  const features = Object.fromEntries(types.map((type, at) => [type, kinds[at]]));
  subject = new Subject({ model, versions, profile, examples, features, answerType });
  subject.replace(subject.checked(wanted.row));
  const opened = subject, built = new Map(), add = (parts) => parts.map((part) => {
    for (const [name, section] of sections) if (part.flat().includes(name)) built.set(name, build(name, section, opened));
    return placed(part, built);
  });
  const [says, ...first] = add(LAYOUT.slice(0, SEEN));
  show(main, h("h1", {}, model.name), says, notices(subject, wanted.version, open), first);
  address.follow(subject);
  performance.mark("usable");
  await new Promise((done) => { setTimeout(done); }); // what is seen is painted before the rest is built
  if (opened === subject) main.append(...add(LAYOUT.slice(SEEN)).filter(Boolean));
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

addEventListener("popstate", () => { if (address.changed(subject)) go(); });
document.querySelector(".skip").onclick = (event) => {
  event.preventDefault(); // the address keeps the row
  (document.getElementById("try") ?? main).focus();
};
askByDialog(() => go());
go();
