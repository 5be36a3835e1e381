"""The series of drift: rows by training bin, beside the training shares. PSI is Prometheus' to compute.

`docs/drift.md` says what to do with them.
"""

from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from app.drift.sampling import Watch
from app.metrics import multiprocess as metric_files
from app.metrics.instruments import MODEL

BIN = (*MODEL, "kind", "feature", "bin")


class DriftMetrics:
    """The instruments."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry, multiprocess_mode="livemax")
        self.values = counter(
            "slipway_drift_values",
            "Rows answered, by the training bin of each feature and of the prediction; an estimate of all rows where "
            "only some were looked at.",
            BIN,
        )
        text = "Share of the training rows in the bin."
        self.training_share = gauge("slipway_drift_training_share", text, BIN)
        self.rows = counter("slipway_drift_rows", "Rows that were looked at for drift.", (*MODEL, "kind"))
        text = "Rows with a number outside the minimum and maximum of training; an estimate likewise."
        self.out_of_range = counter("slipway_drift_out_of_range", text, (*MODEL, "feature"))
        self._recorders: dict[Watch, Recorder] = {}

    def observe(self, name: str, version: int, watch: Watch | None) -> None:
        """Make the series of a version; those of another content of it, with other bins, go."""
        if watch is None:
            return
        labels = (name, str(version))
        if any(recorder.labels == labels for recorder in self._recorders.values()):
            self._remove(labels)
        self._recorders[watch] = Recorder(self, labels, watch)

    def fold(self) -> None:
        """Count what was answered since the last time; call it on the event loop."""
        for recorder in self._recorders.values():
            recorder.fold()

    def retire(self, name: str, version: int, watch: Watch | None) -> None:
        """Forget what a version was, and its series unless another content of it still serves."""
        if watch is None or watch not in self._recorders:
            return
        labels = (name, str(version))
        if [other.labels for other in self._recorders.values()].count(labels) == 1:
            self._remove(labels)
        del self._recorders[watch]

    def _remove(self, labels: tuple[str, str]) -> None:
        """Take the series out; with several workers the client's files keep them, and what they say becomes nothing."""
        if metric_files.folder() is None:
            for instrument in (self.values, self.training_share, self.rows, self.out_of_range):
                instrument.remove_by_labels(dict(zip(MODEL, labels, strict=True)))
            return
        for recorder in self._recorders.values():
            if recorder.labels == labels:
                recorder.forget_shares()


class Recorder:
    """One version's series with their labels bound."""

    def __init__(self, metrics: DriftMetrics, labels: tuple[str, str], watch: Watch) -> None:
        self.labels = labels
        self._watch = watch
        self._values: list[Any] = [None] * watch.table.bins
        self._shares: list[Any] = []
        for column in watch.table.columns:
            layout = column.layout
            for place, (bin_, share) in enumerate(zip(layout.names, layout.shares, strict=True), column.start):
                named = (*labels, column.kind, column.name, bin_)
                self._values[place] = metrics.values.labels(*named)
                self._shares.append(metrics.training_share.labels(*named))
                self._shares[-1].set(share)
        self._out_of_range: list[Any] = [
            None if not feature.layout.ranged else metrics.out_of_range.labels(*labels, feature.name)
            for feature in watch.table.features
        ]
        self._rows = metrics.rows.labels(*labels, "feature")
        self._predictions = metrics.rows.labels(*labels, "prediction")

    def fold(self) -> None:
        counts = self._watch.take()
        if counts is None:
            return
        for series, found in ((self._values, counts.values), (self._out_of_range, counts.out_of_range)):
            for place in found.nonzero()[0].tolist():
                series[place].inc(found[place])
        self._rows.inc(counts.rows)
        self._predictions.inc(counts.predictions)

    def forget_shares(self) -> None:
        """Say that training had nothing in any bin: with no rows either, a bin adds nothing to the index."""
        for share in self._shares:
            share.set(0)
