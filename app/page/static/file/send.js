// Rows to the service, a portion at a time: none is lost, and of those that it refuses each is found.
import * as service from "../service.js";

const BUSY = [408, 429, 502, 503, 504], BAD = [400, 413, 500]; // of one row, perhaps
const LONGEST_WAIT_S = 30, TRIES = 6; // of a service that nobody finds

// -> a prediction a row, or the error that the service has for it. `left.refusals` bounds how many are looked for.
export async function answers(model, rows, { signal, left, busy }) {
  if (!rows.length) return [];
  try {
    return await sent(model, rows, signal, busy);
  } catch (error) {
    if (!BAD.includes(error.status) || left.refusals <= 0) throw error;
    if (rows.length === 1) return (left.refusals -= 1, [error]);
    const half = rows.length >> 1, more = { signal, left, busy };
    return [...await answers(model, rows.slice(0, half), more), ...await answers(model, rows.slice(half), more)];
  }
}

async function sent(model, rows, signal, busy) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await service.predict(model, rows, signal);
    } catch (error) {
      const away = error instanceof service.Away && tries < TRIES;
      if (!away && !BUSY.includes(error.status)) throw error;
      busy();
      await pause(error.retryAfter >= 0 ? error.retryAfter : Math.min(LONGEST_WAIT_S, 2 ** (tries - 1)), signal);
    }
  }
}

const pause = (seconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, 1000 * seconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
});
