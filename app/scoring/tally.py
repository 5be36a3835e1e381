"""The tally: what was scored, in numbers that add up, whoever counted which part.

    Tallying.count(tally, …)   rows of a batch ─> drift counts, and scores where the target is there
    Tally.add(other)           the same numbers, in whatever order parts come
    Tally.to_json, from_json   whole numbers alone: the same bytes from everybody

It knows neither files nor how anything is shown.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
import numpy as np

from app.answers.figures import Figure
from app.answers.totals import Totals
from app.bundle.reader import Bundle
from app.drift.counts import Counts, Table
from app.drift.verdicts import Verdict, judge
from app.scoring.columns import Group
from app.scoring.truths import TruthReader, Truths
from app.tensors import Array

KINDS_MAX = 1000  # of reasons that are told apart; rows of all others are counted together
OTHER = "other reasons"


class Drift(msgspec.Struct):
    """Rows by bin: those of `app.drift.counts.Counts`."""

    values: list[int]  # (bins of the version,)
    out_of_range: list[int]  # (features,)
    rows: int
    predictions: int

    def add(self, other: "Drift") -> None:
        """Add the rows of another."""
        self.values = [a + b for a, b in zip(self.values, other.values, strict=True)]
        self.out_of_range = [a + b for a, b in zip(self.out_of_range, other.out_of_range, strict=True)]
        self.rows += other.rows
        self.predictions += other.predictions


class Tally(msgspec.Struct):
    """What was counted so far."""

    rows: int = 0  # that were answered
    rejected: dict[str, int] = {}  # rows that were set aside, by reason
    drift: Drift | None = None  # None: no rows yet, or the bundle has no profile
    totals: Totals | None = None  # of rows whose truth is known; None: there are none
    without_truth: int = 0  # rows that were answered, whose target is missing or cannot be read

    def reject(self, reason: str, rows: int = 1) -> None:
        """Count rows that were set aside for one reason, whatever was received."""
        kind = reason.partition(". Received: ")[0]
        known = kind if kind in self.rejected or len(self.rejected) < KINDS_MAX else OTHER
        self.rejected[known] = self.rejected.get(known, 0) + rows

    def add(self, other: "Tally") -> None:
        """Add what another has counted."""
        self.rows += other.rows
        for kind, rows in other.rejected.items():
            self.reject(kind, rows)
        self.without_truth += other.without_truth
        self.drift = _added(self.drift, other.drift)
        self.totals = _added(self.totals, other.totals)

    def to_json(self) -> bytes:
        """Write it, the same bytes for the same numbers."""
        return msgspec.json.encode(self, order="sorted")

    @classmethod
    def from_json(cls, data: bytes | msgspec.Raw) -> "Tally":
        """Read what `to_json` wrote; raises `msgspec.DecodeError`."""
        return msgspec.json.decode(data, type=cls)


Addends = TypeVar("Addends", Drift, Totals)


def _added(one: Addends | None, other: Addends | None) -> Addends | None:
    """Add to the first what the other has, which is left as it is."""
    if other is None:
        return one
    if one is None:
        return msgspec.convert(msgspec.to_builtins(other), type(other))
    one.add(other)
    return one


class Tallying:
    """Counts the rows of one version."""

    def __init__(self, bundle: Bundle) -> None:
        self._answer = bundle.answer
        self._profiled = None if bundle.profile is None else bundle.profile.prediction
        self._bins = None if bundle.profile is None else Table(bundle)
        self.truths = TruthReader(bundle)

    def count(self, tally: Tally, group: Group, outputs: Mapping[str, Array], truths: Truths | None) -> None:
        """Count rows of a batch that were answered, and how well, where the batch has truths."""
        tally.rows += len(group.places)
        if self._bins is not None:
            tally.drift = _added(tally.drift, _whole(self._bins.count(group.arrays, outputs, group.columns)))
        if truths is None:
            return
        of_row = truths.of_row[group.places]
        known = of_row >= 0
        tally.without_truth += int(len(known) - np.count_nonzero(known))
        if known.all():
            found = self._answer.totals(truths.values, of_row, outputs, self._profiled)
        else:
            some = {name: array[known] for name, array in outputs.items()}
            found = self._answer.totals(truths.values, of_row[known], some, self._profiled) if known.any() else None
        tally.totals = _added(tally.totals, found)

    def metrics(self, tally: Tally) -> dict[str, Figure]:
        """Return the metrics of the card for the rows whose truth is known; empty where it is of none."""
        return {} if tally.totals is None else self._answer.figures(tally.totals)

    def verdicts(self, tally: Tally) -> list[Verdict]:
        """Say how far the rows have moved from the training data; empty where nothing was counted."""
        drift = tally.drift
        if drift is None or self._bins is None:
            return []
        values, outside = (np.array(each, np.float64) for each in (drift.values, drift.out_of_range))
        return judge(self._bins, Counts(values, outside, drift.rows, drift.predictions))


def _whole(counts: Counts) -> Drift:
    values, outside = (array.astype(np.int64).tolist() for array in (counts.values, counts.out_of_range))
    return Drift(values, outside, counts.rows, counts.predictions)
