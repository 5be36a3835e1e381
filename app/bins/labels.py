"""Labels in bins: one for each frequent label, and one for rows without any.

    rows' labels ─> how often each is given, `none` where a row is given none ─> shares of all of these

A row counts once for each label that it is given, so that a label that is given more often moves its own bin.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from app.bins.category import VALUES_MAX
from app.bins.layout import OTHER, Floats, Layout, check_shares, distinct
from app.tensors import Array

NONE = "none"


class LabelsBins(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="labels"):
    """A bin for each of the frequent labels."""

    values: tuple[str, ...]
    shares: tuple[float, ...]  # one a label
    none: float

    def check(self) -> None:
        """Raise `ValueError` with the expectation that the bins do not meet, and what was received."""
        if len(set(self.values)) != len(self.values) or "" in self.values:
            raise ValueError("expected unique values that are not empty. Received: others")
        if len(self.shares) != len(self.values):
            raise ValueError(f"expected {len(self.values)} shares. Received: {len(self.shares)}")
        check_shares([*self.shares, self.none])

    def prediction(self) -> Layout:
        """Lay out the bins of a prediction."""
        kept = self._kept()
        names = [NONE, *distinct([self.values[place] for place in kept])]
        named = [f'"{name}"' if name == NONE else name for name in names[1:]]  # a label that is called so
        rest = [share for place, share in enumerate(self.shares) if place not in kept]
        shares = [self.none, *(self.shares[place] for place in kept)]
        if not rest:
            return Layout((NONE, *named), tuple(shares))
        return Layout((NONE, *named, OTHER), (*shares, sum(rest)))

    def count(self, given: Array, labels: Sequence[str]) -> Floats:
        """Count which of `labels` rows are given, (rows, labels) truths: how often by bin."""
        kept, of_label = self._kept(), dict(zip(labels, given.sum(axis=0).tolist(), strict=True))
        none = len(given) - int(np.count_nonzero(given.any(axis=1)))
        counted = [none, *(of_label.pop(self.values[place]) for place in kept)]
        return np.array([*counted, sum(of_label.values())] if of_label else counted, np.float64)

    def _kept(self) -> list[int]:
        """Return the places of the most frequent labels, in the order given."""
        ranked = sorted(range(len(self.values)), key=lambda place: -self.shares[place])
        return sorted(ranked[:VALUES_MAX])
