"""Encodings: which one a text has; where it is not what was said, the likely one.

    first bytes ─ mark ─> utf-8, utf-16, utf-32, known beyond doubt
    bytes that do not decode ─ not_text ─> line, and a guess where charset_normalizer is installed

It knows nothing about tables.
"""

import codecs
from collections.abc import Iterable
from pathlib import Path

from app.sources.chunks import SHOWN_CHARS
from app.sources.errors import SourceError
from app.sources.formats import opening

UTF_8 = "utf-8"
SAMPLE_LINES = 500  # that do not decode, from which the encoding is guessed
WIDE = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
WESTERN = "cp1252"  # the commonest by far; a few letters cannot tell it from its neighbours
COMMON = (WESTERN, "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "cp932", "gb18030", "big5", "euc_kr", "euc_jp")


def known(encoding: str) -> str:
    """Return the encoding's usual name; raise a SourceError where Python knows none."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # neither "base64" nor "rot13" encodes text
    except (LookupError, ValueError) as error:
        expected = "utf-8, cp1252, utf-16 or the like"
        raise SourceError(f"`--encoding`: expected {expected}. Received: {encoding!r}.") from error
    return UTF_8 if name == "utf-8-sig" else name


def marked(start: bytes) -> str | None:
    """Return the encoding that a mark before the text names."""
    return next((name for mark, name in WIDE.items() if start.startswith(mark)), None)


def of(name: str, start: bytes, wished: str | None, usual: str | None = None) -> str:
    """Return the encoding to read with: the wish, the mark's, that of earlier files (`usual`), else UTF-8.

    Raises a SourceError where the bytes do not look like the wish.
    """
    mark, wish = marked(start), known(wished) if wished else None
    found = mark or _wide(start)
    expected = wish or UTF_8
    if found and not (mark and not wish) and not (wish and wish.startswith(found[:6])):
        raise SourceError(
            f"{name}: expected {expected.upper()} text. Received: what seems to be {found}: say --encoding {found}."
        )
    if wish or mark or usual is None or _is_utf_8(start):
        return wish or mark or UTF_8
    return usual


def _is_utf_8(start: bytes) -> bool:
    """Say whether bytes are UTF-8 beyond ASCII, which hardly happens by chance."""
    if start.isascii():
        return False
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def not_text(path: Path, name: str, encoding: str) -> SourceError:
    """Say where a file is not text of this encoding, and which it seems to have."""
    if encoding.startswith(("utf-16", "utf-32")):
        return SourceError(
            f"{name}: expected {encoding.upper()} text. Received: bytes that are not, or a file cut off."
        )
    with opening.opened(path) as (stream, _):
        number, lines = _undecodable(_lines(stream), encoding)
    found = _guess(b"\n".join(lines))
    said = f"{name}: expected {encoding.upper()} text. Received: bytes that are not, first in line {number or 1}."
    if found is None or not lines:
        return SourceError(f"{said} Convert it to UTF-8, or say what it is: --encoding NAME.")
    shown = lines[0].decode(found, errors="replace").strip()[:SHOWN_CHARS]
    return SourceError(f"{said} As {found} that line reads {shown!r}; if that is right, say --encoding {found}.")


def _wide(start: bytes) -> str | None:
    """Return the encoding whose letters have several bytes each, by zeros in every other place."""
    pairs = len(start) // 2
    if pairs < 2:
        return None
    if start[1::2].count(0) > 0.7 * pairs:
        return "utf-16-le"
    return "utf-16-be" if start[::2].count(0) > 0.7 * pairs else None


def _lines(stream: object) -> Iterable[bytes]:
    """Give the lines of a stream, each of at most a million bytes."""
    rest = b""
    while block := stream.read(2**20):  # type: ignore[attr-defined]
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
        if len(rest) > 2**20:
            yield rest
            rest = b""
    yield rest


def _undecodable(lines: Iterable[bytes], encoding: str) -> tuple[int, list[bytes]]:
    first, found = 0, []
    for number, line in enumerate(lines, 1):
        if line.isascii():
            continue
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            first = first or number
            found.append(line[:10_000])
        if len(found) == SAMPLE_LINES:
            break
    return first, found


def _guess(text: bytes) -> str | None:
    try:
        import charset_normalizer  # noqa: PLC0415 - not everywhere that files are read
    except ImportError:
        return None
    best = charset_normalizer.from_bytes(text, cp_isolation=list(COMMON)).best()
    if best is None:
        return None
    return WESTERN if WESTERN in best.could_be_from_charset else best.encoding
