"""Quotes: whether they stand in pairs around whole cells, to the end of a text.

    bytes ─ QuoteCheck.add ─┬ every quote opens behind a delimiter or closes before one ─> right (numpy, quick)
                            └ some do not ─ cell by cell ─> right all the same (`6" pipe`), or the first fault

A quote that does not pair swallows lines: what was read behind it would be something else than what was written.
It knows nothing about rows.
"""

import re

import numpy as np

from app.sources.delimited.cells import Dialect

QUOTE = '"'


class QuoteCheck:
    """The quotes of one text, given in blocks of UTF-8."""

    def __init__(self, dialect: Dialect) -> None:
        self.has_quotes = False
        self.fault_at: int | None = None  # byte behind the first closing quote that something follows
        self._quote = dialect.quote.encode()
        self._watches = bool(dialect.quote) and not dialect.escape and not dialect.spaced
        self._allowed = np.zeros(256, bool)
        self._allowed[list(dialect.delimiter.encode() + b"\r\n" + self._quote)] = True
        delimiter, quote = re.escape(dialect.delimiter), re.escape(dialect.quote or QUOTE)
        self._opening = re.compile(rf"[{delimiter}\r\n]{quote}".encode())
        self._within = re.compile(rf"[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+{quote}".encode())
        self._closes = re.compile(rf" *+(?:[{delimiter}\r\n]|\Z)".encode())
        self._inside, self._before, self._rest, self._done = False, b"\n", b"", 0

    def add(self, block: bytes, last: bool = False) -> None:
        """Look at the next bytes; `last`: nothing follows."""
        if not self._watches or self.fault_at is not None:
            return
        data = self._rest + block + (b"\n" if last else b"")
        cut = len(data.rstrip(self._quote)) - 1  # a run of quotes is looked at as a whole
        if cut <= 0:
            self._rest = data
            return
        if self._quote in data:
            self.has_quotes = True
            if not self._is_quickly_right(data, cut):
                self._look(data, cut)
        self._before, self._rest, self._done = data[cut - 1 : cut], data[cut:], self._done + cut

    def _is_quickly_right(self, data: bytes, cut: int) -> bool:
        """Say whether quotes open and close in turn, each beside a delimiter, a line end or a quote."""
        letters = np.frombuffer(data, np.uint8)
        places = np.flatnonzero(letters[:cut] == self._quote[0])
        opening, closing = (places[1::2], places[::2]) if self._inside else (places[::2], places[1::2])
        before = np.frombuffer(self._before + data[:cut], np.uint8)
        if not (self._allowed[before[opening]].all() and self._allowed[letters[closing + 1]].all()):
            return False
        self._inside ^= bool(len(places) % 2)
        return True

    def _look(self, data: bytes, cut: int) -> None:
        text = self._before + data[: cut + 1]  # with a letter on either side
        place = 1
        while place <= cut:
            if self._inside:
                found = self._within.match(text, place, cut + 1)
                if found is None:
                    return
                place, self._inside = found.end(), False
                if not self._closes.match(text, place):
                    self.fault_at = self._done + place - 1
                    return
            else:
                found = self._opening.search(text, place - 1, cut + 1)
                if found is None:
                    return
                place, self._inside = found.end(), True
