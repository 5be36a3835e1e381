// Node's `http` and `https`, with an agent that keeps connections.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { run, told } from "./told.mjs";

const certificates = {
  ca: readFileSync(told.authority),
  cert: readFileSync(told.certificate),
  key: readFileSync(told.key),
};
let agents;

function renew() {
  agents?.["http:"].destroy();
  agents?.["https:"].destroy();
  const options = { keepAlive: true, maxSockets: Number(told.connections) };
  agents = { "http:": new http.Agent(options), "https:": new https.Agent({ ...options, ...certificates }) };
}

function ask(address, one) {
  const url = new URL(one.path, address);
  const headers = one.method === "GET" ? {} : { "content-type": "application/json" };
  if (one.method !== "GET" && !one.chunked) headers["content-length"] = Buffer.byteLength(one.body);
  return new Promise((resolve, reject) => {
    const options = { method: one.method, headers, agent: agents[url.protocol], timeout: 60_000 };
    const request = (url.protocol === "http:" ? http : https).request(url, options, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        resolve([answer.statusCode, answer.headers["x-slipway-version"], text, answer.httpVersion]);
      });
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error("no answer in a minute")));
    if (one.chunked) request.write(one.body.slice(0, one.body.length / 2));
    request.end(one.chunked ? one.body.slice(one.body.length / 2) : one.body);
  });
}

await run(ask, renew);
renew();
