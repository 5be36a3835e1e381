// A file through the model: read, sent in portions one after another, written. It shows nothing.
//   table ─ portions ─ send ─> answers ─┬─ written: the answers and the rows set aside
//                                       └─ tally: for the summary
import { answers } from "./send.js";
import { open } from "./table.js";
import { Unread } from "./text.js";
import { Tally, Truth } from "./tally.js";
import { Answers, Aside } from "./written.js";

const PORTION_ROWS = 250, STEP_MS = 10, STEPS = 20, MOST_ROWS = 1_000_000, MOST_REFUSALS = 200, FIRST = 10, MOST_NAMED = 10;
const TOO_MANY_ASIDE = 10_000; // where they are most: it is another table

// `told` is called after each portion. What was answered before a stop or a fault of the service is kept, with `error`.
export async function run(file, subject, signal, told) {
  const { model, features, answerType } = subject;
  const table = await open(file, model, features), entries = table.entries(), began = performance.now(), left = { refusals: MOST_REFUSALS };
  const found = { rows: 0, aside: new Aside(), tally: new Tally(), truth: new Truth(model), first: [], seconds: 0 };
  const tell = (busy) => {
    found.seconds = (performance.now() - began) / 1000;
    told({ rows: found.rows + found.aside.rows, share: table.share(), seconds: found.seconds, busy });
  };
  const send = async (some) => {
    const rows = some.filter(({ row }) => row).map(({ row }) => row);
    const predictions = await answers(model, rows, { signal, left, busy: () => tell(true) });
    take(found, table, some, predictions, model, answerType);
    tell(false);
  };
  try {
    let sending = null; // while the next portion is read
    for (let some; (some = await portion(entries)).length; sending.catch(() => {})) {
      found.answers ??= begin(table, model, answerType, found);
      await sending;
      await idle(subject);
      if (found.rows + found.aside.rows >= MOST_ROWS) return { ...found, cut: true };
      sending = send(some);
    }
    await sending;
  } catch (error) {
    if (error instanceof Unread || !found.rows) throw error;
    return { ...found, error };
  }
  if (!found.answers) throw new Error("The file names columns and has no rows.");
  return found;
}

// Who changes the form meanwhile goes first, but for ever.
async function idle(subject) {
  for (let step = 0; subject.waiting && step < STEPS; step += 1) await new Promise((done) => { setTimeout(done, STEP_MS); });
}

async function portion(entries) {
  const some = [];
  for (let next; some.length < PORTION_ROWS && !(next = await entries.next()).done; ) some.push(next.value);
  return some;
}

// Refuse a file of another table at once.
function begin(table, model, answerType, found) {
  const { features } = model, names = table.names(), lacking = features.filter((each) => !names.includes(each.name));
  const needed = lacking.filter(({ optional }) => !optional || lacking.length === features.length);
  if (needed.length) {
    const shown = needed.slice(0, MOST_NAMED).map((each) => `${each.name}${meant(each.name, names)}`);
    throw new Error(`The file lacks columns of the model: ${shown.join(", ")}${needed.length > MOST_NAMED ? ", …" : ""}.\nIt has: ${names.slice(0, 2 * MOST_NAMED).join(", ")}.`);
  }
  found.absent = lacking.map((each) => each.name);
  return new Answers(names, answerType.columns(model), table);
}

function meant(name, names) {
  const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ""), wanted = plain(name);
  const near = names.find((each) => plain(each) === wanted) ?? names.find((each) => wanted && plain(each).length > 2 && (plain(each).includes(wanted) || wanted.includes(plain(each))));
  return near ? ` (did you mean ${near}?)` : "";
}

function take(found, table, some, predictions, model, answerType) {
  const good = [], bad = [];
  let at = 0;
  for (const entry of some) {
    const prediction = entry.row ? predictions[at++] : entry.fault;
    if (prediction instanceof Error) bad.push({ ...entry, ...reasonOf(prediction, model) });
    else good.push([entry, answerType.cells(model, prediction)]);
  }
  for (const [entry, [value]] of good) {
    found.tally.add(value);
    found.truth.add(table.of(entry, model.target), value);
  }
  found.answers.add(good);
  found.aside.add(bad);
  found.first.push(...good.slice(0, FIRST - found.first.length));
  found.rows += good.length;
  if (found.aside.rows > Math.max(TOO_MANY_ASIDE, found.rows)) throw new Error(`Most rows do not fit the model; line ${bad.at(-1)?.line}: ${bad.at(-1)?.said}`);
}

// What is said of a row, and the same without what was received.
function reasonOf(error, { features }) {
  const said = error.message.replace(/instances\[\d+\](?:\[(\d+)\])?/, (path, place) => features[place]?.name ?? "");
  return { said, reason: error.reason ?? said.split(". Received:")[0] };
}
