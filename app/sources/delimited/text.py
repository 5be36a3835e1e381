"""Text: the data of a CSV file as UTF-8 bytes for pyarrow, checked on the way.

    bytes ─ decode ─ skip mark and header ─ rewrite (blanks before quotes) ─ NUL, quotes that do not pair ─> read(size)

It knows nothing about rows.
"""

import codecs
from collections.abc import Iterator
from typing import Any

from app.sources.delimited.cells import NEVER_CLOSES, Dialect, rows_of
from app.sources.delimited.form import Form
from app.sources.delimited.quotes import QuoteCheck

BLOCK_BYTES = 2**20
LONGEST_CHARS = 2**24  # of a row that is rewritten
MARK = "\ufeff"


class NotText(Exception):
    """Raised for bytes that are no text in the encoding."""


class Fault(Exception):
    """Raised for what no table holds; `at` is its place in the bytes of data."""

    def __init__(self, at: int, quote: str) -> None:
        super().__init__(at, quote)
        self.at, self.quote = at, quote  # what is wrong with a quote; "": it is a NUL byte


class TextStream:
    """A file as pyarrow reads it: `read(size)` gives UTF-8 bytes.

    Where something is wrong it ends, and `error` says what: pyarrow reads ahead, and an error that it met would throw
    away as many blocks as it happens to be ahead.
    """

    def __init__(self, stream: Any, encoding: str, form: Form) -> None:
        self._blocks = data_of(stream, encoding, form.skip_chars)
        if form.dialect.spaced:
            self._blocks = _rewritten(self._blocks, form.dialect)
        self._quotes = QuoteCheck(form.dialect)
        self._rest, self._passed = b"", 0
        self.error: Exception | None = None
        self.closed = False

    @property
    def has_quotes(self) -> bool:
        """Say whether a cell may stand in quotes, as far as was read."""
        return self._quotes.has_quotes

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, fewer only at the end."""
        parts, length = [self._rest], len(self._rest)
        while (size < 0 or length < size) and (block := self._next()) is not None:
            parts.append(block)
            length += len(block)
        found = b"".join(parts)
        cut = length if size < 0 else size
        self._rest = found[cut:]
        return found[:cut]

    def _next(self) -> bytes | None:
        if self.error is not None:
            return None
        try:
            block = next(self._blocks, None)
            self._check(block)
        except Exception as error:  # whatever it is, it is raised behind the rows before it
            self.error = error
            return None
        return block

    def close(self) -> None:
        """Do nothing: the file is closed by whom it was opened."""
        self.closed = True

    def _check(self, block: bytes | None) -> None:
        self._quotes.add(block or b"", last=block is None)
        if self._quotes.fault:
            raise Fault(self._quotes.fault_at, self._quotes.fault)
        if block is not None and b"\0" in block:
            raise Fault(self._passed + block.index(b"\0"), "")
        self._passed += len(block or b"")


def data_of(stream: Any, encoding: str, skip_chars: int) -> Iterator[bytes]:
    """Give the text behind the header as UTF-8; raise `NotText`."""
    left = skip_chars
    for block in _decoded(stream, encoding):
        if left >= len(block):
            left -= len(block)
            continue
        rest = block[left:]
        left = 0
        yield rest if isinstance(rest, bytes) else rest.encode("utf-8")


def _decoded(stream: Any, encoding: str) -> Iterator[str | bytes]:
    """Give text, or bytes that are ASCII, without the mark before it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    first = True
    while True:
        block = stream.read(BLOCK_BYTES)
        if block and not first and encoding == "utf-8" and block.isascii() and not decoder.getstate()[0]:
            yield bytes(block)
            continue
        try:
            text = decoder.decode(block, final=not block)
            text.encode("utf-8")
        except UnicodeError as error:
            raise NotText from error
        yield text.removeprefix(MARK) if first else text
        if not block:
            return
        first = first and not text


def _rewritten(blocks: Iterator[bytes], dialect: Dialect) -> Iterator[bytes]:
    """Write each cell in quotes that stand beside its delimiters."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    text = ""
    for block in blocks:
        text += decoder.decode(block)
        written, place = _rows_written(text, dialect, whole=False)
        text = text[place:]
        yield written
        if len(text) > LONGEST_CHARS:
            raise ValueError(f"a row of more than {LONGEST_CHARS:,} letters, perhaps a quote that never closes")
    yield _rows_written(text, dialect, whole=True)[0]


def _rows_written(text: str, dialect: Dialect, whole: bool) -> tuple[bytes, int]:
    """Return the rows that are complete, and where the next begins."""
    quote, place, found = dialect.quote, 0, []
    for row in rows_of(text, dialect):
        if not whole and (row.end >= len(text) or row.fault == NEVER_CLOSES):
            break
        cells = [f"{quote}{cell.replace(quote, quote * 2)}{quote}" for cell in row.cells] if row.quoted else row.cells
        found.append(dialect.delimiter.join(cells) + "\n")
        place = row.end
    return "".join(found).encode("utf-8"), place
