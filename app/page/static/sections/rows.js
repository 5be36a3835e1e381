// Many rows: a file is dropped or chosen, answered by this service, and taken away as a file again.
import { h, show } from "../dom.js";
import { report } from "../file/report.js";
import { run } from "../file/run.js";
import { count, listed, number } from "../words.js";

const WHERE = "Rows go to /predict of this service and nowhere else; they are not counted as traffic.";
const HINT = "A CSV or JSON lines file, gzip or not, with a column for each feature, is read by the rules of the training file.";
const SPOKEN = 4; // times on the way, and at the end

export default function (subject) {
  const input = h("input", { type: "file", id: "rows-file", accept: ".csv,.tsv,.txt,.json,.jsonl,.ndjson,.gz" });
  const drop = h("div", { className: "drop" }, h("label", { htmlFor: "rows-file" }, "Choose a file, or drop one here"), input, h("p", { className: "quiet small" }, HINT));
  const place = h("div", {}), spoken = h("p", { className: "heard", role: "status" });
  let running = null;

  async function begin(file) {
    running?.abort();
    const mine = running = new AbortController(), signal = AbortSignal.any([mine.signal, subject.closed]);
    const shown = progress(() => mine.abort(), spoken);
    addEventListener("beforeunload", warn);
    show(place, shown.element);
    try {
      const found = await run(file, subject, signal, shown.told);
      if (mine === running) done(report(found, subject.model, file.name));
    } catch (error) {
      if (mine === running) done(refused(error, file.name, subject.model));
    } finally {
      if (mine === running) removeEventListener("beforeunload", warn);
    }
  }
  function done(element) {
    const here = place.contains(document.activeElement);
    show(place, element);
    spoken.textContent = element.firstChild.textContent;
    if (here) element.firstChild.focus();
  }

  input.onchange = () => { if (input.files.length) begin(input.files[0]); input.value = ""; };
  drop.ondragover = (event) => { event.preventDefault(); drop.classList.add("over"); };
  drop.ondragleave = () => drop.classList.remove("over");
  drop.ondrop = (event) => {
    drop.ondragover(event);
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) begin(event.dataTransfer.files[0]);
  };
  subject.closed.addEventListener("abort", () => removeEventListener("beforeunload", warn));
  return h("section", { className: "card", id: "rows" }, h("h2", {}, "Many rows"), drop, place, spoken, h("p", { className: "quiet small" }, WHERE));
}

const warn = (event) => event.preventDefault();

function progress(stop, spoken) {
  const bar = h("progress", { id: "rows-progress", max: 1, value: 0 }), text = h("label", { htmlFor: "rows-progress" }, "Reading …");
  let said = 0;
  const told = ({ rows, share, seconds, busy }) => {
    const left = Math.ceil(seconds * (1 / share - 1)), words = `${count(rows, "row")} of about ${number(rows / share, 2)}`;
    bar.value = share;
    text.textContent = busy ? "The service is busy; the next rows wait …" : `${words} · ${number(rows / seconds, 2)} rows/s · ${left > 90 ? `${Math.ceil(left / 60)} min` : `${left} s`} left`;
    if (!rows || share * SPOKEN < said + 1) return;
    said = Math.floor(share * SPOKEN);
    spoken.textContent = words;
  };
  return { element: h("div", {}, text, bar, h("button", { type: "button", onclick: stop }, "Stop")), told };
}

// In words, with what to do.
function refused(error, name, model) {
  const only = error.name === "Unread", said = error.name === "AbortError" ? "Stopped." : error.message;
  const file = /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
  return h("div", {},
    h("p", { className: "error", tabIndex: -1 }, only ? `This page does not read this file: ${said}. The command does, or says why not:` : said),
    only && h("pre", { className: "code", tabIndex: 0 }, `slipway score ${file} --model ${model.name} --version ${model.version} --keep all --out answers`));
}
