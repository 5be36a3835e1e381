"""Rejected rows: what is set aside of a part, as JSON lines with file, row, line, reason and content.

    what the file itself refuses (Rejected), what the scorer refuses (RowFault) ─ locator ─> in the order of the file

Lines of a text are found in one look over it, and only where something is set aside.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from app.scoring.columns import RowFault
from app.sources.source import Chunk, Locator

CONTENT_CHARS = 200


class Row(msgspec.Struct, frozen=True):
    """A row that was set aside."""

    file: str
    row: int  # of its file, from 1
    line: int | None  # None: the file has no lines
    reason: str
    content: str  # its first letters as they stand in the file; of a file that is no text, its cells as JSON


class Rejects:
    """The rejected rows of one part."""

    def __init__(self, file: str, first_row: int, locator: Locator) -> None:
        """`first_row` is that of the stretch in its file."""
        self._file, self._before, self._locator = file, first_row - 1, locator
        self._parts: list[bytes] = []
        self.rows = 0

    def add(self, chunk: Chunk, faults: Sequence[RowFault]) -> None:
        """Take what is rejected of a chunk; `faults` are at places of its good rows."""
        if not faults and not chunk.rejected:
            return
        good = [chunk.first_row + fault.place for fault in faults]
        unknown = [rejected.row for rejected in chunk.rejected if rejected.line is None]
        places, lines = self._locator.find(good, unknown)
        found = [
            Row(self._file, each.row, each.line or lines.get(each.row), f"expected {each.reason}.", each.content)
            for each in chunk.rejected
        ]
        for number, fault in zip(good, faults, strict=True):
            place = places[number]
            content = _cells(chunk.columns, fault.place) if place.content is None else place.content
            found.append(Row(self._file, self._before + place.row, place.line, fault.reason, content))
        self.rows += len(found)
        self._parts.append(msgspec.json.Encoder().encode_lines(sorted(found, key=lambda row: row.row)))

    def close(self) -> bytes:
        """Return all that was written."""
        return b"".join(self._parts)


def _cells(columns: Any, place: int) -> str:
    """Write the cells of a row."""
    row = {name: str(column[place]) for name, column in zip(columns.schema.names, columns.columns, strict=True)}
    return msgspec.json.encode(row).decode()[:CONTENT_CHARS]
