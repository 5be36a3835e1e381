"""Text: the data of a CSV file as UTF-8 bytes for pyarrow, checked on the way.

    bytes ─ decode (where it is not UTF-8) ─ skip mark and header ─ no letter that is none, no NUL ─> read(size)

It knows nothing about rows.
"""

import codecs
from collections.abc import Iterator
from typing import Any

from app.sources.errors import SourceError

BLOCK_BYTES = 2**20
MARK = "\ufeff"


class NotText(Exception):
    """Raised for bytes that are no text in the encoding."""


class TextStream:
    """A file as pyarrow reads it: `read(size)` gives UTF-8 bytes."""

    def __init__(self, name: str, stream: Any, encoding: str, skip_chars: int) -> None:
        self._name = name
        self._blocks = _skipped(decoded(stream, encoding), skip_chars)
        self._rest = b""
        self.closed = False
        self.has_quotes = False

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, fewer only at the end."""
        parts, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            if (block := next(self._blocks, None)) is None:
                break
            self._check(block)
            parts.append(block)
            length += len(block)
        found = b"".join(parts)
        cut = length if size < 0 else size
        self._rest = found[cut:]
        return found[:cut]

    def close(self) -> None:
        """Do nothing: the file is closed by whom it was opened."""
        self.closed = True

    def _check(self, block: bytes) -> None:
        if b"\0" in block:
            raise SourceError(
                f"{self._name}: expected text. Received: a NUL byte, which no text holds. "
                "Remove them: tr -d '\\000' < FILE > data.csv"
            )


def decoded(stream: Any, encoding: str) -> Iterator[str | bytes]:
    """Give text, or bytes of UTF-8 that are known to be right, without the mark before it; raise `NotText`."""
    decoder = codecs.getincrementaldecoder(encoding)()
    first = True
    while True:
        block = stream.read(BLOCK_BYTES)
        if block and not first and encoding == "utf-8" and block.isascii() and not decoder.getstate()[0]:
            yield bytes(block)
            continue
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            raise NotText from error
        yield text.removeprefix(MARK) if first else text
        if not block:
            return
        first = first and not text


def _skipped(blocks: Iterator[str | bytes], skip_chars: int) -> Iterator[bytes]:
    """Leave out the first letters and encode the rest."""
    left = skip_chars
    for block in blocks:
        if left >= len(block):
            left -= len(block)
            continue
        rest = block[left:]
        left = 0
        yield rest if isinstance(rest, bytes) else rest.encode("utf-8")
