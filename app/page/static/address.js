// What is open stands in the address, after the #: it is shared by a link, and never sent to a server.
//   #model=adult-income&version=1&row={"age":40,…}

const WRITE_MS = 250; // browsers limit how often an address may change

export function read() {
  const said = new URLSearchParams(location.hash.slice(1));
  return { model: said.get("model"), version: Number(said.get("version")) || null, row: parsed(said.get("row")) };
}

function parsed(text) {
  try {
    const row = JSON.parse(text);
    return typeof row === "object" && !Array.isArray(row) ? row : null;
  } catch {
    return null; // somebody cut the link
  }
}

const written = ({ model, version, row }) =>
  `#${new URLSearchParams({ model, ...(version && { version }), ...(row && { row: JSON.stringify(row) }) })}`;

export const push = (what) => history.pushState(null, "", written(what));
export const home = () => history.pushState(null, "", location.pathname + location.search);

// Write the row of a subject whenever it changes.
export function follow(subject) {
  let timer = 0;
  const { name: model, version } = subject.model;
  const write = () => history.replaceState(null, "", written({ model, version, row: subject.row }));
  const wait = () => { clearTimeout(timer); timer = setTimeout(write, WRITE_MS); };
  subject.addEventListener("row", wait, { signal: subject.closed });
  subject.closed.addEventListener("abort", () => clearTimeout(timer));
  if (read().model) write();
}

// Whether the address says other than what is open; an anchor within the page says nothing.
export function changed(subject) {
  const said = read();
  if (location.hash && said.model === null) return false;
  if (!subject) return true;
  const { name, version } = subject.model;
  return said.model !== name || said.version !== version || JSON.stringify(said.row) !== JSON.stringify(subject.row);
}
