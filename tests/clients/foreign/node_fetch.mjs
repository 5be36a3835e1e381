// Node's `fetch`. Certificates are the dispatcher's, of which Node ships the class but gives it no public name.
import { readFileSync } from "node:fs";
import { run, told } from "./told.mjs";

const DISPATCHER = Symbol.for("undici.globalDispatcher.1");
await fetch("data:,").then((answer) => answer.text()); // makes the default dispatcher
const Agent = globalThis[DISPATCHER].constructor;
const connect = {
  ca: readFileSync(told.authority),
  cert: readFileSync(told.certificate),
  key: readFileSync(told.key),
};

async function renew() {
  await globalThis[DISPATCHER].close();
  globalThis[DISPATCHER] = new Agent({ connect, connections: Number(told.connections) });
}

async function ask(address, one) {
  const options = { method: one.method, signal: AbortSignal.timeout(60_000) };
  if (one.method !== "GET") {
    options.headers = { "content-type": "application/json" };
    options.body = one.chunked ? new Blob([one.body]).stream() : one.body;
    options.duplex = "half";
  }
  const answer = await fetch(address + one.path, options);
  return [answer.status, answer.headers.get("x-slipway-version"), await answer.text()];
}

await run(ask, renew);
await globalThis[DISPATCHER].close();
