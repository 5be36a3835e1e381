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

from app.sources.chunks import ALL, CONTENT_CHARS, MAX_REJECTED, SHOWN_CHARS, Cut, Locator, Piece, Place, Rejected, Seen
from app.sources.errors import SourceError
from app.sources.formats import names as column_names
from app.sources.formats import opening
from app.sources.formats.parquet import places_of, rows_of
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
    groups: Sequence[int] = ()

    def __init__(self, path: Path, name: str, known: pa.Schema | None = None) -> None:
        """`known`: the names and types that an earlier look at all rows of all files has found."""
        self._path, self._name = path, name
        self.packed = opening.is_packed(path)
        self.rules = Rules(format="jsonl")
        if known is not None:
            self.names, self.types, self.unnamed = known.names, known.types, list[str]()
            self._keys = list(self.names)
            return
        self._keys, kinds = self._look()
        if not self._keys:
            raise SourceError(f"{name}: expected rows. Received: no object with a name in it.")
        stripped = [key.strip() for key in self._keys]
        column_names.check(name, stripped)
        self.names, self.unnamed = column_names.filled(stripped)
        self.types = [kinds[key].type for key in self._keys]

    @property
    def remarks(self) -> list[str]:
        """Return nothing: what is no object is rejected."""
        return []

    def retype(self, types: Sequence[Any]) -> None:
        """Give the columns these types, which hold their cells and those of other files."""
        self.types = list(types)

    def pieces(self, seen: Seen, chunk_bytes: int, chunk_rows: int, cut: Cut = ALL) -> Iterator[Piece]:
        """Give the rows in order."""
        places = places_of(self.names, cut)
        for found, rejected in self._chunks(seen, chunk_rows):
            rows = self._stripped(found)
            columns = [column([row.get(self._keys[place]) for row in rows], self.types[place]) for place in places]
            yield Piece(rows_of(columns, [self.names[place] for place in places], len(rows)), rejected)
        seen(1.0)

    def _stripped(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows by the keys of this table; those of other files may have blanks around them."""
        known = frozenset(self._keys)
        return [row if row.keys() <= known else {key.strip(): row[key] for key in row} | row for row in rows]

    def locator(self) -> Locator:
        """Return what finds rows of this file."""
        return _JsonLocator(self._rows(lambda _share: None))

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
                rejected.append(self._rejected(row, line, text, found, len(good)))
            if bad > max(MAX_REJECTED, row / 2):
                raise SourceError(f"{self._name}: expected {EXPECTED}. Received: {bad:,} lines that are not.")
            if len(good) + len(rejected) >= chunk_rows:
                yield good, rejected
                good, rejected = [], []
        if good or rejected:
            yield good, rejected

    def _rejected(self, row: int, line: int, text: bytes, found: Any, place: int) -> Rejected:
        reason = f"an object with a value for each name. Received: {found}"
        return Rejected(self._name, row, line, reason[:CONTENT_CHARS], _shown(text), place)

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


class _JsonLocator:
    """Finds rows in one look over the lines."""

    def __init__(self, rows: Iterator[tuple[int, bytes, Any]]) -> None:
        self._rows, self._row, self._good = rows, 0, 0

    def find(self, good: Sequence[int], rows: Sequence[int]) -> tuple[dict[int, Place], dict[int, int]]:
        """Return where good rows stand, and the lines of rows among all."""
        wanted, others = set(good), set(rows)
        places: dict[int, Place] = {}
        lines: dict[int, int] = {}
        while len(places) < len(wanted) or len(lines) < len(others):
            line, text, found = next(self._rows)
            self._row += 1
            self._good += isinstance(found, dict)
            if self._row in others:
                lines[self._row] = line
            if isinstance(found, dict) and self._good in wanted:
                places[self._good] = Place(self._row, line, _shown(text))
        return places, lines


def _shown(text: bytes) -> str:
    return text[:CONTENT_CHARS].decode(errors="replace")


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
