"""Cells: what is counted of a column's present cells, and what they say of notations.

    texts ─┬─ plain numbers ─> evidence of numbers, of compact dates
           └─ others ────────> evidence of numbers, of dates; the first of them
    numbers of a typed file ─> how many, how large

It is fed every cell once, or every different cell once with how often it came: both give the same.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.sources import dates, numbers
from app.sources.tally.different import Different, hash_numbers, hash_texts

EXACT = 2.0**53  # up to which a double tells whole numbers apart

Counts = NDArray[np.int64]


class Cells:
    """What is known of the present cells of a column."""

    def __init__(self, is_text: bool) -> None:
        self.numbers, self.dates = numbers.Evidence(), dates.Evidence()
        self.different = Different()
        self.present = self.number_cells = self.chars = self.blanks = 0
        self.first_text: tuple[str, int] | None = None
        self.first_large: str | None = None
        self._large, self._large_doubles = Different(), Different()
        self._is_text = is_text

    def add(self, cells: Any, counts: Counts, rows: Counts) -> None:
        """Take in texts without nulls, how often each came, and the row of each."""
        if not len(cells):
            return
        self.present += int(counts.sum())
        self.chars += _weighted(pc.utf8_length(cells), counts)
        found = numbers.read_if_plain(cells)
        if found is not None:
            self._add_plain(cells, found, counts)
            return
        is_plain = numbers.plain(cells)
        plain = is_plain.to_numpy(zero_copy_only=False)
        if not plain.any():
            self._add_others(cells, counts, rows)
            return
        of = cells.filter(is_plain)
        self._add_plain(of, numbers.read(of), counts[plain])
        self._add_others(cells.filter(pc.invert(is_plain)), counts[~plain], rows[~plain])

    def add_numbers(self, values: Any, counts: Counts) -> None:
        """Take in numbers of a typed file without nulls, and how often each came."""
        self.present += int(counts.sum())
        self.number_cells += int(counts.sum())
        doubles = pc.cast(values, pa.float64(), safe=False)
        self.different.add(self._hashes(values, doubles))

    @property
    def large_different(self) -> tuple[int, int]:
        """Return how many different numbers beyond 2^53 there were, and as how many doubles."""
        return self._large.count(self.present), self._large_doubles.count(self.present)

    def _add_plain(self, cells: Any, found: Any, counts: Counts) -> None:
        self.number_cells += int(counts.sum())
        self.different.add(self._hashes(cells, found))
        if self._is_text:
            self.numbers.add_plain(cells, found)
            self.dates.add_plain(cells)
        else:
            self.dates.failed = True  # digits are a word where numbers have a type of their own

    def _add_others(self, cells: Any, counts: Counts, rows: Counts) -> None:
        self.different.add(hash_texts(cells))
        self.blanks += _weighted(pc.count_substring(cells, " "), counts)
        first = int(np.argmin(rows))
        if self.first_text is None or rows[first] < self.first_text[1]:
            self.first_text = cells[first].as_py(), int(rows[first])
        if self._is_text:
            self.numbers.add_others(cells)
        self.dates.add_others(cells, counts)

    def _hashes(self, values: Any, doubles: Any) -> NDArray[np.uint64]:
        """Return hashes of numbers, of large ones by all their digits; -0 is 0."""
        floats = doubles.to_numpy(zero_copy_only=False) + 0.0
        hashes = hash_numbers(floats)
        with np.errstate(invalid="ignore"):
            large = (np.abs(floats) >= EXACT) & np.isfinite(floats)
        if large.any() and not pa.types.is_floating(values.type):
            digits = pc.cast(values.filter(pa.array(large)), pa.string())
            self._large_doubles.add(hashes[large])
            hashes[large] = hash_texts(digits)
            self._large.add(hashes[large])
            self.first_large = self.first_large or digits[0].as_py()
        return hashes


def _weighted(values: Any, counts: Counts) -> int:
    return int(np.dot(values.to_numpy(zero_copy_only=False).astype(np.int64), counts))
