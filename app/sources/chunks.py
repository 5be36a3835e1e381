"""Chunks: what a reader of files is asked for, and what it gives.

    Wishes ─> reader of one kind of file (a Table) ─> Piece: columns and rejected rows ─> Chunk: numbered over all files

They are plain data; `app.sources.formats` fills them, `app.sources.source` numbers them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import msgspec

from app.sources.rules import Rules

Seen = Callable[[float], None]  # share of what is to be read, 0 to 1
CHUNK_BYTES = 2**21  # of text
CHUNK_ROWS = 65_536  # of files that store columns
MAX_REJECTED = 10_000  # rows that do not fit, where they are most so far: such a file is another table
SHOWN_CHARS = 60  # of a line in a message
CONTENT_CHARS = 200  # of a rejected row


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says about a file."""

    encoding: str | None = None
    quotes: bool = True  # False: a quote is a letter as any other
    missing: tuple[str, ...] = ()  # words beyond the usual ones


class Rejected(msgspec.Struct):
    """A row that does not fit its table."""

    file: str
    row: int  # of all rows of its file, good or not, from 1
    line: int | None  # of the file, from 1, where it is known without a second look
    reason: str  # expectation and received value
    content: str  # its first letters


class Piece(msgspec.Struct):
    """Some rows of one file."""

    columns: Any  # pa.RecordBatch
    rejected: list[Rejected]


class Chunk(msgspec.Struct):
    """Some rows of all files."""

    columns: Any  # pa.RecordBatch
    first_row: int  # its first good row among all good rows, from 1
    rejected: list[Rejected]


class Table(Protocol):
    """One file that is read in pieces, as often as wanted."""

    names: list[str]
    unnamed: list[str]  # made-up names of columns that have none
    rules: Rules
    types: list[Any]  # pa.DataType of each column
    is_text: bool
    packed: bool

    def retype(self, types: Sequence[Any]) -> None:
        """Give the columns these types, which hold their cells and those of other files."""

    @property
    def remarks(self) -> list[str]:
        """Return what was skipped or assumed; complete after a first full reading."""

    def pieces(self, seen: Seen, chunk_bytes: int, chunk_rows: int) -> Iterator[Piece]:
        """Give all rows in order; raise a SourceError where the file cannot be read."""

    def line_of(self, row: int) -> int:
        """Return the line, from 1, where a good row begins (from 1; in files without lines, the row itself)."""
