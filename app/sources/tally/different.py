"""How many different values there were: exact up to 200,000, estimated beyond by the least of their hashes.

    texts, numbers ─ 64 bits each ─> the least 200,000 of all ─> their number, or how densely they lie

The estimate's standard error is one in the root of what is kept, 0.22 %. Hashes are the same in every process.
Bar-Yossef and others 2002, "Counting distinct elements in a data stream". It knows nothing about columns.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT = 200_000
HASHES = 2.0**64
AS_GOOD_AS = 0.995  # two standard errors of the estimate
LONGEST_WORDS = 64  # of eight bytes; of longer texts these, the last one and the length are hashed

Hashes = NDArray[np.uint64]


class Different:
    """The least hashes of all values that were taken in."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._least: Hashes = np.empty(0, np.uint64)
        self._waiting: list[Hashes] = []

    def add(self, hashes: Hashes) -> None:
        """Take in one hash a value: (values,)."""
        if len(self._least) == self._kept:
            hashes = hashes[hashes < self._least[-1]]
        self._waiting.append(hashes)
        if sum(map(len, self._waiting)) >= self._kept:
            self._join()

    def count(self, at_most: int) -> int:
        """Return the number; `at_most`, all there were, where an estimate is as good as that."""
        self._join()
        if len(self._least) < self._kept:
            return len(self._least)
        estimate = round((self._kept - 1) * HASHES / float(self._least[-1]))
        return at_most if estimate > AS_GOOD_AS * at_most else estimate

    def _join(self) -> None:
        if self._waiting:
            ordered = np.sort(np.concatenate([self._least, *self._waiting]))  # faster than `np.unique`, which hashes
            is_first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
            self._least = ordered[is_first][: self._kept]
            self._waiting = []


def hash_numbers(numbers: NDArray[Any]) -> Hashes:
    """Return a hash of each number of eight bytes: (values,)."""
    return _mix(numbers.view(np.uint64))


def hash_texts(texts: Any) -> Hashes:
    """Return a hash of each text of an Arrow array without nulls: (values,)."""
    _, ends, content = texts.buffers()
    if not len(texts):
        return np.empty(0, np.uint64)
    offsets = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    lengths = np.diff(offsets)
    found = _mix(lengths.astype(np.uint64) + np.uint64(1))
    if offsets[-1] > offsets[0]:
        data = np.frombuffer(content, np.uint8)[offsets[0] : offsets[-1]]
        _hash_words(found, _every_eight(data), offsets[:-1] - offsets[0], lengths)
    return found


def _hash_words(found: Hashes, every: Hashes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
    """Mix eight bytes after eight of each text into its hash."""
    rows = np.arange(len(found))
    for place in range(LONGEST_WORDS):
        rows = rows[lengths[rows] > 8 * place]
        if not len(rows):
            return
        missing = np.clip(8 * place + 8 - lengths[rows], 0, 8).astype(np.uint64)
        word = every[starts[rows] + 8 * place] << (missing * np.uint64(8))
        found[rows] = _mix(found[rows] ^ word)
    rows = rows[lengths[rows] > 8 * LONGEST_WORDS]
    found[rows] = _mix(found[rows] ^ every[(starts + lengths)[rows] - 8])


def _every_eight(data: NDArray[np.uint8]) -> Hashes:
    """Return the eight bytes that begin at each place, zeros beyond the end."""
    padded = np.concatenate([data, np.zeros(8, np.uint8)])
    return np.ndarray((len(data) + 1,), "<u8", buffer=padded.data, strides=(1,))


def _mix(values: Hashes) -> Hashes:
    """Spread bits, as in Steele and others 2014, "Fast splittable pseudorandom number generators"."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
