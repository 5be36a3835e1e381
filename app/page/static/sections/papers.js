// What lies in the bundle: its card, its report, its files. The card is fetched when it is opened, and written as elements.
import { h, show } from "../dom.js";
import { read } from "../markdown.js";
import * as service from "../service.js";
import { size } from "../words.js";

const CARD = "card.md", REPORT = "report.html";
const IMAGE = /\.(png|jpe?g|webp|svg)$/i;

export default function papers({ model, closed }) {
  const files = model.files ?? [], readable = new Set(files.filter((file) => file.readable).map((file) => file.name));
  if (!files.length) return null;
  return h("section", { className: "card papers", ariaLabel: "Card, report and files" },
    h("div", { className: "bar" }, h("h2", {}, "The bundle"), readable.has(REPORT) && link(model, REPORT, "Open the report")),
    readable.has(CARD) && card(model, readable, closed),
    h("details", {}, h("summary", {}, "Files"), h("ul", {}, files.map((file) =>
      h("li", {}, file.readable ? link(model, file.name, file.name) : file.name, ` ${size(file.bytes)}`)))));
}

// A file opens in a tab of its own, where the service's policy holds it in a sandbox. A link cannot send a key: then it is saved.
function link(model, name, text) {
  const anchor = h("a", { href: service.fileAddress(model, name), target: "_blank", rel: "noopener" }, text);
  anchor.onclick = (event) => {
    if (!service.keyed()) return;
    event.preventDefault();
    save(model, name).catch((error) => anchor.after(h("span", { className: "error small", role: "alert" }, ` ${error.message}`)));
  };
  return anchor;
}

async function save(model, name) {
  const address = URL.createObjectURL(await (await service.file(model, name)).blob());
  h("a", { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

function card(model, readable, closed) {
  const place = h("div", { className: "paper" });
  const draw = async () => {
    show(place, h("p", { className: "quiet", role: "status" }, "Fetching the card …"));
    try {
      const reply = await service.file(model, CARD);
      show(place, read(await reply.text()).map((block) => written(block, { model, readable, closed })));
    } catch (error) {
      folded.ontoggle = opened; // it may be tried again
      show(place, h("p", { className: "error", role: "alert" }, error.message));
    }
  };
  const opened = () => {
    if (!folded.open) return;
    folded.ontoggle = null;
    draw();
  };
  const folded = h("details", { ontoggle: opened }, h("summary", {}, "The card: how it was made, how good it is, its limits"), place);
  return folded;
}

const BLOCKS = {
  heading: ({ level, text }, at) => h(`h${Math.min(6, level + 2)}`, {}, line(text, at)), // below the page's own
  paragraph: ({ text }, at) => h("p", {}, line(text, at)),
  list: ({ items }, at) => h("ul", {}, items.map((item) => h("li", {}, line(item, at)))),
  code: ({ lines }) => h("pre", { tabIndex: 0 }, lines.join("\n")),
  table: ({ head, rows, right }, at) => {
    const row = (tag, cells) => h("tr", {}, cells.map((cell, place) => h(tag, { className: right[place] ? "right" : "left" }, line(cell, at))));
    return h("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: "A table of the card" }, h("table", {}, h("thead", {}, row("th", head)), h("tbody", {}, rows.map((cells) => row("td", cells)))));
  },
};
const TAGS = { bold: "strong", italic: "em", code: "code" };

const written = (block, at) => BLOCKS[block.type](block, at);

// A link leads to a file of the bundle, or nowhere: then it is text.
function line(found, { model, readable, closed }) {
  return found.map(({ text, as, to }) => {
    if (TAGS[as]) return h(TAGS[as], {}, text);
    if (as === "image" && readable.has(to) && IMAGE.test(to)) return picture(model, to, text, closed);
    if (as === "link" && readable.has(to)) return link(model, to, text);
    return to ? `${text} (${to})` : text;
  });
}

// A picture comes by the same call as everything else, since an address alone would send no key.
function picture(model, name, text, closed) {
  const image = h("img", { alt: text || name });
  service.file(model, name).then((reply) => reply.blob()).then((blob) => {
    image.src = URL.createObjectURL(blob);
    closed.addEventListener("abort", () => URL.revokeObjectURL(image.src));
  }).catch((error) => image.replaceWith(h("span", { className: "error small" }, `${name}: ${error.message}`)));
  return image;
}
