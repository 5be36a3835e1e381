"""Which training bin each value of the traffic falls into, and how far the shares have moved.

    Bins of a version      profile.json ─> Table: a place in one array for each bin of each feature and the prediction
    Table.count(…)         a run's inputs and outputs ─> Counts
    psi(training, rows)    the population stability index; `docs/drift.md` has the same formula in PromQL

The types of features and of the answer say which bins there are, and count, for the service and `app drift` alike.
It knows neither types nor sampling nor metrics.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from app.bins.layout import Counted, Floats, Layout
from app.bundle.reader import Bundle
from app.tensors import Array

BINS_MAX = 2000  # of a version: each is a time series
FLOOR = 1e-4  # a share below it counts as this much: an empty bin would make the index infinite
MIN_ROWS = 1000  # with fewer, chance alone moves the index of a feature of 33 bins by more than 0.03
MOVED, DRIFTED = 0.1, 0.2  # the customary bounds of the index

Kind = Literal["feature", "prediction"]

log = logging.getLogger("slipway.drift")


@dataclass(frozen=True)
class Column:
    """One feature, or a side of one, or the prediction, in bins."""

    kind: Kind
    name: str
    layout: Layout
    start: int  # of its bins among those of the version
    feature: str = ""  # whose name it is in the manifest

    @property
    def place(self) -> slice:
        return slice(self.start, self.start + len(self.layout.names))


@dataclass
class Counts:
    """Rows by bin; sums of several `Counts` are counts."""

    values: Floats  # (bins of the version,)
    out_of_range: Floats  # (features,)
    rows: int = 0  # whose features were looked at
    predictions: int = 0  # that were looked at: those that are finite

    def add(self, other: "Counts", weight: float = 1.0) -> None:
        """Add rows of which each stands for `weight` rows."""
        self.values += weight * other.values
        self.out_of_range += weight * other.out_of_range
        self.rows += other.rows
        self.predictions += other.predictions


class Table:
    """The bins of one version, whose bundle has a profile."""

    def __init__(self, bundle: Bundle) -> None:
        assert bundle.profile is not None  # or there is nothing to compare with
        self._answer, self._bins = bundle.answer, bundle.profile.prediction
        manifest, profile = bundle.manifest, bundle.profile
        layout = bundle.answer.layout(profile.prediction)
        self.prediction = Column("prediction", manifest.target, layout, 0)
        self.features = _laid_out(bundle, start=len(layout.names))
        self.columns = (*self.features, self.prediction)
        self.bins = sum([len(column.layout.names) for column in self.columns])
        counted: dict[str, Counted] = {}
        for place, column in enumerate(self.features):
            counted.setdefault(column.feature, Counted(profile.features[column.feature], column.start, place))
        self._counters = bundle.features.counters(counted)
        self.longest = max([type_.longest for type_ in bundle.features.types])
        self.counted_rows = min([type_.counted_rows for type_ in bundle.features.types])
        if len(counted) < len(profile.features):
            log.warning(
                "%s/%d: drift is counted for %d of %d features: there are at most %d bins.",
                manifest.name, manifest.version, len(counted), len(profile.features), BINS_MAX,
            )  # fmt: skip

    def empty(self) -> Counts:
        return Counts(np.zeros(self.bins), np.zeros(len(self.features)))

    def count(
        self, inputs: Mapping[str, Array], outputs: Mapping[str, Array], columns: Mapping[str, Any] | None = None
    ) -> Counts:
        """Count rows: the graph's inputs, NaN and "" for what is missing, and its outputs; each with the rows first.

        Where the Arrow `columns` are known that the inputs were made of, these are counted if that is quicker.
        """
        counts = self.empty()
        counts.rows = len(next(iter(outputs.values())))
        for count, count_columns in self._counters:
            if columns is None or count_columns is None:
                count(inputs, counts.values, counts.out_of_range)
            else:
                count_columns(columns, counts.values)
        counts.values[self.prediction.place], counts.predictions = self._answer.count(self._bins, outputs)
        return counts


def _laid_out(bundle: Bundle, start: int) -> tuple[Column, ...]:
    """Lay the features' bins out after `start`, as many features as there is room for."""
    assert bundle.profile is not None
    columns: list[Column] = []
    for feature in bundle.manifest.features:
        bins = bundle.profile.features.get(feature.name)
        if bins is None:
            continue
        layouts = bundle.features.type_of(feature.name).layouts(feature, bins)
        if start + sum([len(layout.names) for layout in layouts.values()]) > BINS_MAX:
            break
        for side, layout in layouts.items():
            name = f"{feature.name}: {side}" if side else feature.name
            columns.append(Column("feature", name, layout, start, feature.name))
            start += len(layout.names)
    return tuple(columns)


def psi(training: Sequence[float], rows: Sequence[float] | Floats) -> float:
    """Return the population stability index of one feature: the sum of (q - p) ln(q / p) over its bins.

    p is the share of the `training` rows in each, q that of the traffic's `rows`, of which there is at least one.
    """
    p = np.maximum(np.asarray(training, np.float64), FLOOR)
    q = np.maximum(np.asarray(rows, np.float64) / np.sum(rows), FLOOR)
    return float(np.sum((q - p) * np.log(q / p)))
