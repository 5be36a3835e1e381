// Which models there are -> one version of one -> its sections, in the order in which people ask.
import { h, show } from "./dom.js";
import { answerModule, featureModule } from "./kinds.js";
import * as service from "./service.js";
import { Subject } from "./subject.js";

const SECTIONS = ["says", "try", "answer", "whatif", "why", "call", "rows", "now", "quality", "versions", "papers"];
const main = document.getElementById("main");

async function open(model, versions) {
  const types = [...new Set(model.features.map((feature) => feature.type))];
  const [profile, examples, answerType, ...modules] = await Promise.all([
    service.profile(model).catch(() => null),
    service.examples(model).catch(() => []),
    answerModule(model.answer.type),
    ...types.map(featureModule),
  ]);
  const features = Object.fromEntries(types.map((type, at) => [type, modules[at]]));
  const subject = new Subject({ model, versions, profile, examples, features, answerType });
  // A section that is not there yet is left out.
  const sections = await Promise.all(SECTIONS.map((name) => import(`./sections/${name}.js`).catch(() => null)));
  show(main, h("h1", {}, model.name), sections.map((section) => section?.default(subject)));
  main.removeAttribute("aria-busy");
  subject.replace(subject.row);
  performance.mark("usable");
}

async function begin() {
  const ready = (await service.models()).filter((model) => model.state === "ready");
  const newest = ready.at(-1);
  const versions = await service.versions(newest.name);
  await open(versions.find((one) => one.version === newest.version), versions);
}

begin().catch((error) => show(main, h("h1", {}, "The service does not answer"), h("p", { className: "error" }, error.message)));
