"""Characters: the characters of the training texts, and the number of each, in NumPy and for the graph.

    texts ─ of ─> folded code points that were seen ─┬─ codes ─> one array of numbers, a stretch a text
                                                     └─ mapping ─> character -> number, for a LabelEncoder

A code holds what a character hashes as (its folded code point, scrambled over 21 bits; 0 is a space) and, above that,
its class. Each text stands between two marks, which hash as spaces and are words of their own: no n-gram reaches from
one text into the next. The graph's Tokenizer sets the same marks, U+0002 and U+0003.
It knows nothing about n-grams.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.features.text.folding import OTHER, POINTS, SPACE_POINT, UNKNOWN_POINT, classes, folds

Codes = NDArray[np.int64]

HASHED_BITS = 21  # as many as the largest code point has
HASHED = (1 << HASHED_BITS) - 1
CLASSES = 3 << HASHED_BITS  # the bits of a class
LETTERS = 1 << HASHED_BITS  # the bit of a letter
SPACE_CODE = 0
MARK = OTHER << HASHED_BITS  # hashes as a space, and is a word
PADDING = -1  # no character: what fills a shorter text of a batch
START_MARK, END_MARK = "\x02", "\x03"


@dataclass(frozen=True)
class Characters:
    """Which characters were seen in training: every way to write one of them is known, all others are alike."""

    folded: tuple[int, ...]  # code points, sorted

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Characters":
        """Collect from texts that pass by once."""
        seen: set[str] = set()
        for text in texts:
            seen.update(text)
        points = folds()[[ord(character) for character in seen]] if seen else np.zeros(0, np.int64)
        return cls(tuple(np.unique([SPACE_POINT, *points]).tolist()))

    def joined(self, other: "Characters") -> "Characters":
        """Return the characters of both."""
        return Characters(tuple(sorted({*self.folded, *other.folded})))

    def codes(self, texts: Sequence[str]) -> tuple[Codes, Codes]:
        """Return the codes of all texts, with their marks, and where each text begins: (codes,), (texts + 1,)."""
        lengths = np.fromiter((len(text) + 2 for text in texts), np.int64, len(texts))
        return self._table[_points(texts)], np.concatenate(([0], np.cumsum(lengths)))

    def mapping(self) -> dict[str, int]:
        """Return the code of each way to write a character, of the marks, and of "", which fills."""
        points = np.flatnonzero(self._known)
        characters = {chr(point): int(code) for point, code in zip(points.tolist(), self._table[points], strict=True)}
        return {**characters, "": PADDING}

    @property
    def unknown(self) -> int:
        """The code of every other character."""
        return int(_code_points()[UNKNOWN_POINT])

    @functools.cached_property
    def _known(self) -> NDArray[np.bool_]:
        """Which code points are known: (POINTS,)."""
        known = np.zeros(POINTS, bool)
        known[list(self.folded)] = True
        found: NDArray[np.bool_] = known[folds()] & (folds() != UNKNOWN_POINT)
        return found

    @functools.cached_property
    def _table(self) -> Codes:
        """The code of each code point: (POINTS,)."""
        table = np.where(self._known, _code_points()[folds()], self.unknown)
        table[[ord(START_MARK), ord(END_MARK)]] = MARK
        return table


def folded_points(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the folded code points of all texts, with their marks, which are spaces: (codes,)."""
    return folds()[_points(texts)]


def _points(texts: Sequence[str]) -> NDArray[np.uint32]:
    flat = START_MARK + (END_MARK + START_MARK).join(texts) + END_MARK if texts else ""
    return np.frombuffer(flat.encode("utf-32-le", "surrogatepass"), np.uint32)


@functools.cache
def _code_points() -> Codes:
    """Return the code of each folded code point: (POINTS,)."""
    points = np.arange(POINTS, dtype=np.int64)
    scrambled = _scrambled(points) ^ int(_scrambled(np.array([SPACE_POINT]))[0])
    codes: Codes = scrambled | (classes() << HASHED_BITS)
    return codes


def _scrambled(points: Codes) -> Codes:
    """Permute numbers of 21 bits so that those of neighbours differ in their low bits, too."""
    for shift, odd in ((11, 0x1B873), (9, 0x85EBD), (12, 1)):
        points = ((points ^ (points >> shift)) * odd) & HASHED
    return points
