"""Chunks: what a reader of files is asked for, and what it gives.

    Wishes ─> reader of one kind of file (a Table) ─> Piece: columns and rejected rows ─> Chunk: numbered over all files
    Cut    ─> some row groups and columns of it alone
    Locator   good rows by their numbers ─> where they stand in the file, in one look over it

They are plain data; `app.sources.formats` fills them, `app.sources.source` numbers them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

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


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a file is read."""

    groups: tuple[int, int] | None = None  # the first row group, and the one behind the last; None: all
    columns: tuple[str, ...] | None = None  # in this order; None: all
    dictionaries: frozenset[str] = frozenset()  # columns whose texts may stay a dictionary and numbers
    threads: bool = True  # False: one core reads, others have work of their own


ALL = Cut()


class Rejected(msgspec.Struct):
    """A row that does not fit its table."""

    file: str
    row: int  # of all rows of its file, good or not, from 1
    line: int | None  # of the file, from 1, where it is known without a second look
    reason: str  # expectation and received value
    content: str  # its first letters
    place: int = 0  # good rows before it in its piece


class Piece(msgspec.Struct):
    """Some rows of one file."""

    columns: Any  # pa.RecordBatch
    rejected: list[Rejected]


class Chunk(msgspec.Struct):
    """Some rows of all files."""

    columns: Any  # pa.RecordBatch
    first_row: int  # its first good row among all good rows, from 1
    rejected: list[Rejected]


class Place(NamedTuple):
    """Where a good row stands in its file."""

    row: int  # of all rows of its file, good or not, from 1
    line: int | None = None  # None: the file has no lines
    content: str | None = None  # its first letters; None: they are not text


class Locator(Protocol):
    """Finds rows of one file in their order; each call goes on where the last ended."""

    def find(self, good: Sequence[int], rows: Sequence[int]) -> tuple[dict[int, Place], dict[int, int]]:
        """Return where good rows stand, by their numbers among the good ones, and the lines of rows among all."""


class Numbered:
    """Finds rows of files without lines: a row is its number."""

    def find(self, good: Sequence[int], rows: Sequence[int]) -> tuple[dict[int, Place], dict[int, int]]:
        return {row: Place(row) for row in good}, {}


class Table(Protocol):
    """One file that is read in pieces, as often as wanted."""

    names: list[str]
    unnamed: list[str]  # made-up names of columns that have none
    rules: Rules
    types: list[Any]  # pa.DataType of each column
    is_text: bool
    packed: bool
    groups: Sequence[int]  # rows of each row group, which can be read alone; empty: the file is read from its start

    def retype(self, types: Sequence[Any]) -> None:
        """Give the columns these types, which hold their cells and those of other files."""

    @property
    def remarks(self) -> list[str]:
        """Return what was skipped or assumed; complete after a first full reading."""

    def pieces(self, seen: Seen, chunk_bytes: int, chunk_rows: int, cut: Cut = ALL) -> Iterator[Piece]:
        """Give the rows in order; raise a SourceError where the file cannot be read."""

    def locator(self) -> Locator:
        """Return what finds rows of this file."""

    def line_of(self, row: int) -> int:
        """Return the line, from 1, where a good row begins (from 1; in files without lines, the row itself)."""
