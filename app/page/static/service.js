// Every call of the service. All addresses are relative, so that a prefix of a proxy does not matter: where the page
// stands at /slipway, it wants the slash of /slipway/ for that.
const home = import.meta.url.replace(/page\/(?:[0-9a-f]{16}\/)?service\.js$/, "");
if (!location.href.startsWith(home)) history.replaceState(history.state, "", home + location.search + location.hash);

export class Refused extends Error {
  constructor(status, message, path) {
    super(message);
    Object.assign(this, { status, path });
  }
}

let key = null; // of the API, in memory alone
let asked = null; // while a person types one

// How a person is asked for a key; main.js has a dialog for it.
let ask = async () => null;
export const keyed = () => key !== null;
export const askBy = (way) => { ask = way; };

async function call(address, options = {}) {
  for (;;) {
    const sent = key;
    const headers = { ...options.headers, ...(key && { authorization: `Bearer ${key}` }) };
    const reply = await fetch(address, { ...options, headers });
    if (reply.ok) return reply;
    if (reply.status === 401) {
      if (sent === key) {
        asked ??= ask(key !== null).finally(() => { asked = null; });
        const given = await asked;
        if (given) key = given;
      }
      if (key && key !== sent) continue;
    }
    throw await refusal(reply);
  }
}

async function refusal(reply) {
  try {
    const { error } = await reply.json();
    return new Refused(reply.status, typeof error === "string" ? error : (error.message ?? JSON.stringify(error)), error.path);
  } catch {
    return new Refused(reply.status, `The service answered ${reply.status} ${reply.statusText}.`);
  }
}

const json = async (address, options) => (await call(address, options)).json();
const of = ({ name, version }) => `models/${encodeURIComponent(name)}/versions/${version}`;

export const models = async () => (await json("models")).models;
export const versions = async (name) => (await json(`models/${encodeURIComponent(name)}`)).versions;
export const profile = (model) => json(`${of(model)}/profile`);
export const examples = async (model) => (await json(`${of(model)}/examples`)).instances;
export const now = (model) => json(`${of(model)}/now`);
export const file = (model, name) => call(fileAddress(model, name));
export const fileAddress = (model, name) => `${of(model)}/files/${encodeURIComponent(name)}`;

// Where a request of this model goes; `preview` says that it is no traffic.
export const predictAddress = ({ name, version }, preview = false) =>
  `predict?${new URLSearchParams({ model: name, version, ...(preview && { purpose: "preview" }) })}`;

// One prediction a row. They are no traffic: nothing that a person tries here reaches drift, feedback or the objective.
export async function predict(model, rows, signal) {
  const body = JSON.stringify({ instances: rows }), headers = { "content-type": "application/json" };
  return (await json(predictAddress(model), { method: "POST", headers, body, signal })).predictions;
}
