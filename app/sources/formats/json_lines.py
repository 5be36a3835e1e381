"""JSON lines: one object a line, as pieces.

    file ─ lines ─ objects ─┬─ all rows once ─> names and the type of each column
                            └─ again ─> columns of these types; a line that is no object ─> Rejected

It knows nothing about what a type means.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from app.sources.chunks import CONTENT_CHARS, MAX_REJECTED, SHOWN_CHARS, Piece, Rejected, Seen
from app.sources.errors import SourceError
from app.sources.formats import names as column_names
from app.sources.formats import opening
from app.sources.formats.values import Kinds, column
from app.sources.rules import Rules

EXPECTED = "JSON lines, one object a line"
LONGEST_LINE_BYTES = 2**26
BLOCK_BYTES = 2**20
MOST_COLUMNS = 100_000
MARK = b"\xef\xbb\xbf"


class JsonLinesTable:
    """One file of JSON lines."""

    is_text = False

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self.packed = opening.is_packed(path)
        self._keys, kinds = self._look()
        if not self._keys:
            raise SourceError(f"{name}: expected rows. Received: no object with a name in it.")
        stripped = [key.strip() for key in self._keys]
        column_names.check(name, stripped)
        self.names, self.unnamed = column_names.filled(stripped)
        self.types = [kinds[key].type for key in self._keys]
        self.rules = Rules(format="jsonl")

    @property
    def remarks(self) -> list[str]:
        """Return nothing: what is no object is rejected."""
        return []

    def retype(self, types: Sequence[Any]) -> None:
        """Give the columns these types, which hold their cells and those of other files."""
        self.types = list(types)

    def pieces(self, seen: Seen, chunk_bytes: int, chunk_rows: int) -> Iterator[Piece]:
        """Give all rows in order."""
        for rows, rejected in self._chunks(seen, chunk_rows):
            columns = [
                column([row.get(key) for row in rows], kind) for key, kind in zip(self._keys, self.types, strict=True)
            ]
            yield Piece(pa.RecordBatch.from_arrays(columns, self.names), rejected)
        seen(1.0)

    def line_of(self, row: int) -> int:
        """Return the line of a good row."""
        good = 0
        for line, _, found in self._rows(lambda _share: None):
            good += isinstance(found, dict)
            if good == row:
                return line
        return 0

    def _look(self) -> tuple[list[str], dict[str, Kinds]]:
        """Look at all rows: the names in the order of their first appearance, and the kinds of their cells."""
        kinds: dict[str, Kinds] = {}
        for _, _, found in self._rows(lambda _share: None):
            for key, cell in found.items() if isinstance(found, dict) else ():
                if key not in kinds:
                    kinds[key] = Kinds()
                kinds[key].add((cell,))
            if len(kinds) > MOST_COLUMNS:
                raise SourceError(f"{self._name}: expected at most {MOST_COLUMNS:,} names. Received: more.")
        return list(kinds), kinds

    def _chunks(self, seen: Seen, chunk_rows: int) -> Iterator[tuple[list[dict[str, Any]], list[Rejected]]]:
        good: list[dict[str, Any]] = []
        rejected: list[Rejected] = []
        bad = 0
        for row, (line, text, found) in enumerate(self._rows(seen), 1):
            if isinstance(found, dict):
                good.append(found)
            else:
                bad += 1
                rejected.append(self._rejected(row, line, text, found))
            if bad > max(MAX_REJECTED, row / 2):
                raise SourceError(f"{self._name}: expected {EXPECTED}. Received: {bad:,} lines that are not.")
            if len(good) + len(rejected) >= chunk_rows:
                yield good, rejected
                good, rejected = [], []
        if good or rejected:
            yield good, rejected

    def _rejected(self, row: int, line: int, text: bytes, found: Any) -> Rejected:
        reason = f"an object with a value for each name. Received: {found}"
        return Rejected(self._name, row, line, reason[:CONTENT_CHARS], text[:CONTENT_CHARS].decode(errors="replace"))

    def _rows(self, seen: Seen) -> Iterator[tuple[int, bytes, Any]]:
        """Give (line, its letters, its object or what is wrong with it) of each line that is not blank."""
        size = max(1, self._path.stat().st_size)
        decoder = msgspec.json.Decoder()
        with opening.explained(self._name, EXPECTED), opening.opened(self._path) as (stream, raw):
            for line, text in enumerate(_lines(stream), 1):
                if line % 1000 == 0:
                    seen(min(1.0, raw.tell() / size))
                if text := text.strip():
                    yield line, text, _decoded(decoder, text)


def _decoded(decoder: Any, text: bytes) -> Any:
    try:
        found = decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return opening.reason(error)
    return found if isinstance(found, dict) else f"{text[:SHOWN_CHARS].decode(errors='replace')}"


def _lines(stream: Any) -> Iterator[bytes]:
    rest, first = b"", True
    while block := stream.read(BLOCK_BYTES):
        whole = rest + bytes(block)
        whole, first = (whole.removeprefix(MARK) if first else whole), False
        *lines, rest = whole.split(b"\n")
        yield from lines
        if len(rest) > LONGEST_LINE_BYTES:
            raise ValueError(f"a line of more than {LONGEST_LINE_BYTES >> 20} MB")
    yield rest
