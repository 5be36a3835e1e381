// Elements from calls. Nothing is ever parsed from a text, so what strangers wrote stays text.

export const h = (tag, attributes, ...children) => made(document.createElement(tag), attributes, children);

export const svg = (tag, attributes, ...children) =>
  made(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children, true);

// Replace what is in `place`.
export function show(place, ...children) {
  place.replaceChildren(...children.flat(Infinity).filter(there));
  return place;
}

const there = (child) => child !== null && child !== undefined && child !== false;

function made(element, attributes, children, plain = false) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (!there(value)) continue;
    if (!plain && name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter(there));
  return element;
}
