"""Which training bin each value of the traffic falls into, and how far the shares have moved.

    Bins of a version      profile.json ─> Table: a place in one array for each bin of each feature and the prediction
    Table.count(…)         a run's inputs and answers ─> Counts
    psi(training, rows)    the population stability index; `docs/drift.md` has the same formula in PromQL

The service and `python -m app drift` count with the same code. It knows neither sampling nor metrics.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.bundle.profile import EDGES_MAX, Profile
from app.bundle.reader import Manifest
from app.drift.bins import BINS_MAX, Column, Floats, features_of, prediction_of
from app.tensors import Array

FLOOR = 1e-4  # a share below it counts as this much: an empty bin would make the index infinite
MIN_ROWS = 1000  # with fewer, chance alone moves the index of a feature of 33 bins by more than 0.03
MOVED, DRIFTED = 0.1, 0.2  # the customary bounds of the index


log = logging.getLogger("slipway.drift")


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
    """The bins of one version.

    Args:
        manifest: the features and the target.
        profile: their training distribution.
    """

    def __init__(self, manifest: Manifest, profile: Profile) -> None:
        self.prediction = prediction_of(manifest, profile.prediction)
        self.features: tuple[Column, ...] = features_of(manifest, profile, start=len(self.prediction.bins))
        self.columns = (*self.features, self.prediction)
        self.bins = sum([len(column.bins) for column in self.columns])
        self.longest = max([len(value) for column in self.features for value in column.known], default=0)
        self._numbers = _numbers(self.features)
        labels = manifest.labels or ()
        self._bin_of_label = np.array([self.prediction.known[label] for label in labels], np.int64)
        if len(self.features) < len(profile.features):
            log.warning(
                "%s/%d: drift is counted for %d of %d features: there are at most %d bins.",
                manifest.name, manifest.version, len(self.features), len(profile.features), BINS_MAX,
            )  # fmt: skip

    def empty(self) -> Counts:
        """Return counts of nothing."""
        return Counts(np.zeros(self.bins), np.zeros(len(self.features)))

    def count(self, inputs: Mapping[str, Array], answers: Array) -> Counts:
        """Count rows.

        Args:
            inputs: input tensor -> (rows, columns), NaN and "" for what is missing.
            answers: the first output, (rows, labels) or (rows, 1).
        """
        counts = self.empty()
        counts.rows = len(answers)
        for numbers in self._numbers:
            numbers.count(inputs[numbers.tensor], counts)
        for feature in self.features:
            if feature.edges is None:
                _count_words(inputs[feature.tensor][:, feature.column], feature, counts.values)
        finite = answers[np.isfinite(answers).all(axis=1)]  # (rows', columns); only tensors may answer otherwise
        counts.predictions = len(finite)
        counts.values[self.prediction.place] = self._count_predictions(finite)
        return counts

    def _count_predictions(self, answers: Array) -> Floats:
        bins = len(self.prediction.bins)
        if self.prediction.edges is not None:
            places = np.searchsorted(self.prediction.edges, answers[:, 0], side="left")
            return np.bincount(places, minlength=bins).astype(np.float64)
        return np.bincount(self._bin_of_label[answers.argmax(axis=1)], minlength=bins).astype(np.float64)


def psi(training: Sequence[float], rows: Sequence[float] | Floats) -> float:
    """Return the population stability index of one feature: sum of (q - p) ln(q / p) over its bins.

    Args:
        training: p, the share of the training rows in each bin.
        rows: how many rows of the traffic fell into each bin; at least one in all.
    """
    p = np.maximum(np.asarray(training, np.float64), FLOOR)
    q = np.maximum(np.asarray(rows, np.float64) / np.sum(rows), FLOOR)
    return float(np.sum((q - p) * np.log(q / p)))


# ── counting ──


class _Numbers:
    """The numbers of one tensor, counted together: with a call or two for each, wide rows would stop the loop."""

    def __init__(self, tensor: str, features: Sequence[tuple[int, Column]]) -> None:
        self.tensor = tensor
        self._places = np.array([place for place, _ in features])  # among all features
        self._columns = np.array([feature.column for _, feature in features])
        self._edges = np.full((len(features), EDGES_MAX), np.inf)
        for edges, (_, feature) in zip(self._edges, features, strict=True):
            assert feature.edges is not None
            edges[: len(feature.edges)] = feature.edges
        self._starts = np.array([feature.start for _, feature in features])
        self._missing = np.array([feature.start + len(feature.bins) - 1 for _, feature in features])
        bounds = [feature.bounds or (-np.inf, np.inf) for _, feature in features]
        self._least, self._most = np.array(bounds).T

    def count(self, values: Array, counts: Counts) -> None:
        """Count rows; `values` is the whole tensor, (rows, columns)."""
        values = values[:, self._columns]  # (rows, features)
        below = np.count_nonzero(
            values[:, :, None] > self._edges, axis=2
        )  # x is in bin i when edges[i-1] < x <= edges[i]
        bins = np.where(np.isnan(values), self._missing, self._starts + below)
        counts.values += np.bincount(bins.ravel(), minlength=len(counts.values))
        outside = (values < self._least) | (values > self._most)
        counts.out_of_range[self._places] += np.count_nonzero(outside, axis=0)


def _count_words(values: Array, feature: Column, counts: Floats) -> None:
    unseen = len(feature.bins) - 1
    for value, rows in Counter(values.tolist()).items():
        counts[feature.start + feature.known.get(value, unseen)] += rows


def _numbers(features: Sequence[Column]) -> list[_Numbers]:
    by_tensor: dict[str, list[tuple[int, Column]]] = {}
    for place, feature in enumerate(features):
        if feature.edges is not None:
            by_tensor.setdefault(feature.tensor, []).append((place, feature))
    return [_Numbers(tensor, found) for tensor, found in by_tensor.items()]
