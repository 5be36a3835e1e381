// This very request as text: for a protocol a body and an address, for a language its way to send them.
//   (model, row) ─ PROTOCOLS ─> {url, body} ─ LANGUAGES ─> text that runs as it stands
import { own } from "./subject.js";
import { predictAddress } from "./service.js";

const version = (model, family) => `${family}/models/${encodeURIComponent(model.name)}/versions/${model.version}`;

export const PROTOCOLS = {
  "POST /predict": (model, row) => ({ path: predictAddress(model), body: { instances: [row] } }),
  "TensorFlow Serving": (model, row) => ({ path: `${version(model, "v1")}:predict`, body: { instances: [row] } }),
  "Open Inference": (model, row) => ({ path: `${version(model, "v2")}/infer`, body: { inputs: model.inputs.map((tensor) => input(tensor, model.features, row)) } }),
};

// A tensor of one row: its features side by side, as their columns say.
function input({ name, datatype }, features, row) {
  const fed = features.filter((feature) => feature.tensor === name).sort((a, b) => a.column - b.column);
  return { name, datatype, shape: [1, fed.length], data: fed.map((feature) => element(own(row, feature.name) ?? null, datatype)) };
}

const element = (value, datatype) => (datatype === "BYTES" ? value ?? "" : typeof value === "boolean" && datatype !== "BOOL" ? Number(value) : value);

export function request(protocol, model, row) {
  const { path, body } = PROTOCOLS[protocol](model, row);
  return { url: new URL(path, document.baseURI).href, body };
}

// `keyed`: the service wants a key, which stands nowhere but in the variable KEY of who runs this.
export const LANGUAGES = {
  curl: ({ url, body }, keyed) => [`curl -s ${quoted(url)}`, keyed && `-H "authorization: Bearer $KEY"`, "-H 'content-type: application/json'", `-d ${quoted(JSON.stringify(body))}`].filter(Boolean).join(" \\\n  "),
  Python: ({ url, body }, keyed) => `${keyed ? "import os\n\n" : ""}import httpx

body = ${literal(body, PYTHON)}
answer = httpx.post(
    ${JSON.stringify(url)},
    json=body,${keyed ? `\n    headers={"authorization": "Bearer " + os.environ["KEY"]},` : ""}
)
print(answer.raise_for_status().json())`,
  JavaScript: ({ url, body }, keyed) => `const body = ${literal(body, JAVASCRIPT)};
const answer = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: { "content-type": "application/json"${keyed ? `, authorization: "Bearer $KEY"` : ""} },
  body: JSON.stringify(body),
});
console.log(await answer.json());`,
};

// Within single quotes a shell reads nothing but the end of them.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const PYTHON = { indent: "    ", words: new Map([[null, "None"], [true, "True"], [false, "False"]]), key: JSON.stringify };
const JAVASCRIPT = { indent: "  ", words: new Map(), key: (name) => (name === "__proto__" ? '["__proto__"]' : JSON.stringify(name)) };

// A JSON value in a language: objects a line a key, the rest on one.
function literal(value, language, margin = "") {
  const inner = margin + language.indent;
  if (Array.isArray(value)) return `[${value.map((each) => literal(each, language, margin)).join(", ")}]`;
  if (value === null || typeof value !== "object") return language.words.get(value) ?? JSON.stringify(value);
  const lines = Object.entries(value).map(([name, each]) => `${inner}${language.key(name)}: ${literal(each, language, inner)},\n`);
  return `{\n${lines.join("")}${margin}}`;
}
