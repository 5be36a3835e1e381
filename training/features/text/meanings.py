"""Meanings: the vectors of a row's words, summed up, and what they come to in a table of n-grams.

    ids, shares of n-grams ─ those of words ─ times their vectors ─ summed ─> (rows, width), what the fit learns from
    directions (width, columns) ─ vectors times them ─> added to the rows of words in the table

The sum is linear, so both are the same; the second needs no vectors where a text is answered. Each column of texts
has a stretch of the width of its own.
It knows nothing about where vectors come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from training.columns.arrays import Ragged
from training.features.text.column import TextColumn


@dataclass(frozen=True, eq=False)
class Stretch:
    """The words of a column."""

    ids: NDArray[np.int64]  # (words,) n-grams that they are
    place_of: NDArray[np.int32]  # (n-grams,) which of them each n-gram is; -1: none
    vectors: NDArray[np.float32]  # (words, width)


class Meanings:
    """The vectors of words of all columns; `width` is 0 where there are none."""

    def __init__(self, keys: NDArray[np.int64], columns: Sequence[TextColumn], weight: float) -> None:
        self._grams = len(keys)
        self._stretches = [_stretch(keys, column, weight) for column in columns if column.vectors is not None]
        self._ends = list(accumulate(each.vectors.shape[1] for each in self._stretches))
        self.width = self._ends[-1] if self._ends else 0

    def summed(self, ids: Ragged, shares: Ragged) -> NDArray[np.float32]:
        """Return the sum of the vectors of each row's words, as much as each counts: (rows, width)."""
        return np.concatenate([_summed(each, ids, shares) for each in self._stretches], axis=1)

    def added(self, table: NDArray[np.float32], directions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a table of n-grams, (n-grams, columns), with what the vectors of words say along the directions."""
        found = table.copy()
        for each, its in zip(self._stretches, np.split(directions, self._ends)[:-1], strict=True):
            found[each.ids] += each.vectors @ its
        return found


def _stretch(keys: NDArray[np.int64], column: TextColumn, weight: float) -> Stretch:
    assert column.vectors is not None
    ids = np.searchsorted(keys, column.vectors.keys_at(column.place))
    place_of = np.full(len(keys), -1, np.int32)
    place_of[ids] = np.arange(len(ids), dtype=np.int32)
    return Stretch(ids, place_of, (column.vectors.vectors * weight).astype(np.float32))


def _summed(of: Stretch, ids: Ragged, shares: Ragged) -> NDArray[np.float32]:
    words = of.place_of[ids.values]
    there = words >= 0
    splits = np.concatenate([[0], np.cumsum(there)])[ids.splits]
    shape = (len(ids.splits) - 1, len(of.vectors))
    found: NDArray[np.float32] = csr_array((shares.values[there], words[there], splits), shape) @ of.vectors
    return found.astype(np.float32)
