// A file as text: unpacked, decoded, in pieces. What app/sources might read as something else is refused.

// What only the command reads.
export class Unread extends Error { name = "Unread"; }

const SAMPLE_BYTES = 2 ** 20, HEAD_BYTES = 2 ** 16; // as app/sources has them
// Python's names of encodings, and what a browser calls the same ones.
const ENCODINGS = { "utf-8": "utf-8", cp1250: "windows-1250", cp1251: "windows-1251", cp1252: "windows-1252" };
// Letters that no text holds (what is no text is full of them), or that only one of Python and the browser strips.
const ODD = /[\0-\x08\x0b\x0c\x0e-\x1f\x80-\x9f\ufeff]/;

// -> {sample: the first megabyte, whole: whether that is all, pieces(), share(): how much of the file was read}
export async function open(file, encoding = "utf-8") {
  const [bytes, seen] = await unpacked(file);
  const parts = [];
  let length = 0, part;
  while (length < SAMPLE_BYTES && (part = await next(bytes))) {
    parts.push(part);
    length += part.length;
  }
  const start = new Uint8Array(await new Blob(parts).arrayBuffer()), whole = length < SAMPLE_BYTES;
  const decoder = new TextDecoder(encodingOf(start.subarray(0, HEAD_BYTES), encoding), { fatal: true });
  const sample = decoded(decoder, start.subarray(0, SAMPLE_BYTES), !whole);
  const mark = decoder.encoding !== "utf-8" || start[0] === 0xef; // Excel knows UTF-8 by its mark
  return { sample, whole, mark, share: () => seen.bytes / Math.max(1, file.size), pieces };

  async function* pieces() {
    yield sample;
    if (whole) return;
    yield decoded(decoder, start.subarray(SAMPLE_BYTES), true);
    for (let piece; (piece = await next(bytes)); ) yield decoded(decoder, piece, true);
    yield decoded(decoder, new Uint8Array(), false);
  }
}

async function unpacked(file) {
  const seen = { bytes: 0 };
  const counted = new TransformStream({ transform(part, to) { seen.bytes += part.length; to.enqueue(part); } });
  const [one, two] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const bytes = file.stream().pipeThrough(counted);
  return [(one === 0x1f && two === 0x8b ? bytes.pipeThrough(new DecompressionStream("gzip")) : bytes).getReader(), seen];
}

async function next(bytes) {
  try {
    return (await bytes.read()).value;
  } catch (error) {
    throw new Unread(`it cannot be read to its end (${error.message})`);
  }
}

function decoded(decoder, bytes, stream) {
  let text;
  try {
    text = decoder.decode(bytes, { stream });
  } catch {
    throw new Unread(`it is not all text in ${decoder.encoding}`);
  }
  if (ODD.test(text)) throw new Unread("it holds bytes that are no text, or letters that are read in several ways");
  return text;
}

// By its mark; else that of the training file, unless it is UTF-8 beyond doubt.
function encodingOf(head, usual) {
  const mark = head[0] << 8 | head[1];
  if (mark === 0xfffe || mark === 0xfeff) return mark === 0xfffe ? "utf-16le" : "utf-16be";
  const name = isUtf8(head) ? "utf-8" : usual;
  if (!ENCODINGS[name]) throw new Unread(`its encoding is that of the training file, ${name}, which no browser knows so`);
  return ENCODINGS[name];
}

function isUtf8(head) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true }) && head.some((byte) => byte > 127);
  } catch {
    return false;
  }
}
