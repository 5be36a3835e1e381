// What sections ask beside the row itself: many rows at once, after the answer, dropped when the row changes.
import * as service from "./service.js";

let most = 1024; // rows of a request; fewer where the service says that these are too many

export async function predict(model, rows, signal) {
  const found = [];
  while (found.length < rows.length) {
    const asked = rows.slice(found.length, found.length + most);
    try {
      found.push(...(await service.predict(model, asked, signal)));
    } catch (error) {
      if (error.status !== 413 || asked.length < 2) throw error;
      most = asked.length >> 1;
    }
  }
  return found;
}

// Do `work(signal)` after these events, `failed(error)` where it fails; an event ends the work of the one before.
export function follow(subject, events, wait_ms, work, failed) {
  let asking = new AbortController(), timer = 0;
  const stop = () => { clearTimeout(timer); asking.abort(); };
  const start = () => {
    stop();
    const { signal } = asking = new AbortController();
    timer = setTimeout(() => work(signal).catch((error) => { if (!signal.aborted) failed(error); }), wait_ms);
  };
  for (const event of events) subject.addEventListener(event, () => { if (subject.answer) start(); }, { signal: subject.closed });
  subject.addEventListener("row", stop, { signal: subject.closed });
  subject.closed.addEventListener("abort", stop);
}

// The names of a model's features, the most important first.
export function ranked({ features, training }) {
  const lost = new Map(Object.entries(training?.importances?.lost ?? {})), of = ({ name }) => lost.get(name)?.[0] ?? -Infinity;
  return [...features].sort((a, b) => of(b) - of(a) || 0).map(({ name }) => name);
}
