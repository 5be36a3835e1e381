"""The tally: what was scored, in numbers that add up, whoever counted which part.

    Tallying.count(tally, …)   rows of a batch ─> drift counts, and scores where the target is there
    Tally.add(other)           the same numbers, in whatever order parts come
    Tally.to_json, from_json   whole numbers alone: the same bytes from everybody

It knows neither files nor how anything is shown.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow as pa

from app.bundle.reader import Bundle
from app.drift.counts import Counts, Table
from app.drift.verdicts import Verdict, judge
from app.scoring.columns import Group
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
        if other.drift is not None:
            if self.drift is None:
                self.drift = msgspec.convert(msgspec.to_builtins(other.drift), Drift)
            else:
                self.drift.add(other.drift)

    def to_json(self) -> bytes:
        """Write it, the same bytes for the same numbers."""
        return msgspec.json.encode(self, order="sorted")

    @classmethod
    def from_json(cls, data: bytes | msgspec.Raw) -> "Tally":
        """Read what `to_json` wrote; raises `msgspec.DecodeError`."""
        return msgspec.json.decode(data, type=cls)


class Tallying:
    """Counts the rows of one version."""

    def __init__(self, bundle: Bundle) -> None:
        self._bins = None if bundle.profile is None else Table(bundle)

    def count(self, tally: Tally, batch: pa.RecordBatch, group: Group, outputs: Mapping[str, Array]) -> None:
        """Count rows of a batch that were answered."""
        tally.rows += len(group.places)
        if self._bins is not None:
            found = _whole(self._bins.count(group.arrays, outputs, group.columns))
            if tally.drift is None:
                tally.drift = found
            else:
                tally.drift.add(found)

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
