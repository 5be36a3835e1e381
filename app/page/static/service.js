// Every call of the service. All addresses are relative, so that a prefix of a proxy does not matter: where the page
// stands at /slipway, it wants the slash of /slipway/ for that.
const home = import.meta.url.replace(/page\/(?:[0-9a-f]{16}\/)?[a-z]+\.js$/, "");
if (!location.href.startsWith(home)) history.replaceState(history.state, "", home + location.search + location.hash);

// The service said no, in its own words and with what to do about it.
export class Refused extends Error {
  constructor({ status, headers }, message, path) {
    super([message, DO[status]].filter(Boolean).join(" "));
    Object.assign(this, { status, path, retryAfter: Number(headers.get("retry-after") ?? NaN) }); // in seconds
  }
}

// Nobody answered: without a status.
export class Away extends Error {
  constructor() { super("The service does not answer: it may be starting again, or the network is away."); }
}

const DO = {
  401: "Enter a key to go on.",
  403: "Something that stands before the service refused this page.",
  413: "Send less at once.",
  429: "The service has more to do than it takes; it is asked again in a few seconds.",
  500: "This is a fault of the service or of the model, and its log says more.",
  502: "What stands before the service found nobody behind it; it is asked again in a few seconds.",
  503: "It is asked again in a few seconds.",
  504: "It took too long; it is asked again in a few seconds.",
};

let key = null; // of the API, in memory alone
let asking = null; // while a person types one
let declined = false; // nobody is asked twice who said no

// How a person is asked for a key, `wrong` where one was sent: key.js has a dialog for it.
let ask = async () => null;
export const askBy = (way) => { ask = way; };
export const keyed = () => key !== null;

// Ask, and say whether there is another key now; calls that come meanwhile wait for the same answer.
export function askKey() {
  asking ??= ask(key !== null).then((given) => {
    declined = !given;
    if (given) key = given;
    return !declined;
  }).finally(() => { asking = null; });
  return asking;
}

async function call(address, options = {}) {
  for (;;) {
    const sent = key, headers = { ...options.headers, ...(sent && { authorization: `Bearer ${sent}` }) };
    const reply = await fetch(address, { ...options, headers }).catch(away);
    if (reply.ok) return reply;
    const again = reply.status === 401 && (key !== sent || (!declined && (await askKey())));
    if (!again) throw await refusal(reply);
  }
}

// `fetch` fails with a TypeError where nobody answers, and otherwise because somebody broke it off.
function away(error) {
  throw error instanceof TypeError ? new Away() : error;
}

async function refusal(reply) {
  const { error } = await reply.json().catch(() => ({}));
  const said = typeof error === "string" ? error : error?.message; // Open Inference has it as an object, others as a text
  return new Refused(reply, said ?? `The service answered ${reply.status} ${reply.statusText}.`, error?.path);
}

const json = async (address, options) => (await call(address, options)).json().catch((error) => {
  throw error instanceof SyntaxError ? new Error("The service's answer was cut off.") : away(error);
});
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
export const predict = async (model, rows, signal) => (await tried(model, { instances: rows }, signal)).predictions;

// What each word of a row's texts moved.
export const explain = async (model, row, signal) => (await tried(model, { instances: [row], explain: true }, signal)).explanations[0];

const tried = (model, body, signal) => json(predictAddress(model, true), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });
