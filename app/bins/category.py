"""Words in bins: one for each frequent value, and three for all others.

CategoryBins                        as `profile.json` has them
CategoryCounter(counted, words)     the words of one feature, counted
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from app.bins.layout import MISSING, OTHER, UNSEEN, Counted, Floats, Layout, check_shares, distinct
from app.tensors import Array

VALUES_MAX = 30  # of a category: each is a time series


class CategoryBins(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="category"):
    """A bin for each of the frequent values, and three for all others."""

    values: tuple[str, ...]
    shares: tuple[float, ...]  # one a value
    other: float  # known to the model, but without a bin
    missing: float
    unseen: float = 0.0  # not in the model's vocabulary

    def check(self) -> None:
        """Raise `ValueError` with the expectation that the bins do not meet, and what was received."""
        if len(set(self.values)) != len(self.values) or "" in self.values:
            raise ValueError("expected unique values that are not empty. Received: others")
        if len(self.shares) != len(self.values):
            raise ValueError(f"expected {len(self.values)} shares. Received: {len(self.shares)}")
        check_shares([*self.shares, self.other, self.missing, self.unseen])

    @property
    def mode(self) -> str | None:
        """The most frequent value."""
        return max(zip(self.shares, self.values, strict=True), default=(0.0, None))[1]

    def layout(self) -> Layout:
        kept, folded = self._frequent()
        names = (*distinct(kept), OTHER, MISSING, UNSEEN)
        return Layout(names, (*kept.values(), self.other + folded, self.missing, self.unseen))

    def prediction(self) -> Layout:
        """Lay out the bins of a prediction: it is never missing, and has no value that there is not."""
        kept, folded = self._frequent()
        if len(kept) == len(self.values):
            return Layout(tuple(distinct(kept)), tuple(kept.values()))
        return Layout((*distinct(kept), OTHER), (*kept.values(), folded))

    def places(self, vocabulary: Iterable[str] = ()) -> dict[str, int]:
        """Return the bin of each value that has one, `OTHER`'s for other known ones."""
        kept, _ = self._frequent()
        other = dict.fromkeys([*vocabulary, *self.values], len(kept))
        return other | {value: place for place, value in enumerate(kept)}

    def _frequent(self) -> tuple[dict[str, float], float]:
        """Return the most frequent values with their shares, in the order given, and the share of the others."""
        ranked = sorted(range(len(self.values)), key=lambda place: -self.shares[place])
        kept = {self.values[place]: self.shares[place] for place in sorted(ranked[:VALUES_MAX])}
        return kept, sum([self.shares[place] for place in ranked[VALUES_MAX:]])


class CategoryCounter:
    """The words of one feature, in `column` of the tensor; the model knows those of `vocabulary`."""

    def __init__(self, column: int, counted: Counted, vocabulary: Iterable[str]) -> None:
        self._column = column
        self._start = counted.start
        bins = len(counted.bins.layout().names)
        self._unseen = bins - 1
        self._known = counted.bins.places(vocabulary) | {"": bins - 2}
        self.longest = max(map(len, self._known))  # characters of the longest word that it tells from others

    def count(self, values: Array, found: Floats) -> None:
        """Count rows; `values` is the whole tensor, (rows, columns)."""
        self.count_words(Counter(values[:, self._column].tolist()), found)

    def count_words(self, rows: Mapping[str, int], found: Floats) -> None:
        """Count rows by their word, "" for missing."""
        for value, count in rows.items():
            found[self._start + self._known.get(value, self._unseen)] += count
