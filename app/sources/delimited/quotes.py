"""Quotes: whether they stand in pairs around whole cells, to the end of a text.

    bytes ─ QuoteCheck.add ─┬ every quote opens behind a delimiter or closes before one ─> right (numpy, quick)
                            └ some do not ─ cell by cell ─> right all the same (`6" pipe`), or the first fault

A quote that does not pair swallows lines: what was read behind it would be something else than what was written.
It knows nothing about rows.
"""

import re

import numpy as np

from app.sources.delimited.cells import GOES_ON, NEVER_CLOSES, Dialect

QUOTE = '"'


class QuoteCheck:
    """The quotes of one text, given in blocks of UTF-8."""

    def __init__(self, dialect: Dialect) -> None:
        self.has_quotes = False
        self.fault = ""  # the first: letters behind a closing quote, or a quote that never closes
        self.fault_at = 0  # byte near where that quote opens
        self._quote = dialect.quote.encode()
        self._watches = bool(dialect.quote) and not dialect.escape and not dialect.spaced
        self._allowed = np.zeros(256, bool)
        self._allowed[list(dialect.delimiter.encode() + b"\r\n" + self._quote)] = True
        delimiter, quote = re.escape(dialect.delimiter), re.escape(dialect.quote or QUOTE)
        self._opening = re.compile(rf"[{delimiter}\r\n]{quote}".encode())
        self._within = re.compile(rf"[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+{quote}".encode())
        self._closes = re.compile(rf"{'' if dialect.delimiter == ' ' else ' *+'}[{delimiter}\r\n]".encode())
        self._inside, self._before, self._rest, self._done = False, b"\n", b"", 0
        self._opened_at = 0

    def add(self, block: bytes, last: bool = False) -> None:
        """Look at the next bytes; `last`: nothing follows."""
        self.has_quotes = self.has_quotes or (bool(self._quote) and self._quote in block)
        if not self._watches or self.fault:
            return
        data = self._rest + block + (b"\n" if last else b"")
        cut = len(data.rstrip(self._quote + b" ")) - 1  # a run of quotes and blanks is looked at as a whole
        if cut <= 0:
            self._rest = data
            self._end(last)
            return
        if self._quote in data and not self._is_quickly_right(data, cut):
            self._look(data, cut)
        self._before, self._rest, self._done = data[cut - 1 : cut], data[cut:], self._done + cut
        self._end(last)

    def _end(self, last: bool) -> None:
        if last and self._inside and not self.fault:
            self.fault, self.fault_at = NEVER_CLOSES, self._opened_at

    def _is_quickly_right(self, data: bytes, cut: int) -> bool:
        """Say whether quotes open and close in turn, each beside a delimiter, a line end or a quote."""
        letters = np.frombuffer(data, np.uint8)
        places = np.flatnonzero(letters[:cut] == self._quote[0])
        opening, closing = (places[1::2], places[::2]) if self._inside else (places[::2], places[1::2])
        before = np.frombuffer(self._before + data[:cut], np.uint8)
        if not (self._allowed[before[opening]].all() and self._allowed[letters[closing + 1]].all()):
            return False
        if len(places) % 2:
            self._inside = not self._inside
        if self._inside and len(places):
            self._opened_at = self._done + int(places[-1])
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
                    self.fault, self.fault_at = GOES_ON, self._opened_at
                    return
            else:
                found = self._opening.search(text, place - 1, cut + 1)
                if found is None:
                    return
                place, self._inside, self._opened_at = found.end(), True, self._done + found.end() - 2
