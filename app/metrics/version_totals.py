"""What one version has counted so far, as one array: of this process, or of all workers together.

    Places(bounds, table)          series ─> its place: answers, refusals, latency by bucket, runs, rows, drift by bin
    Process(instruments, …)        read() ─> totals, from the client's own values
    Workers(folder, …)             read() ─> totals, from the workers' files, of which each key is parsed once

A scrape writes every series of the service as text, which takes ten milliseconds; this reads those of one version.
Like `app.metrics.histogram` and `app.metrics.multiprocess` it leans on the client's internals and its files' format.
"""

import fcntl
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any

import msgspec
import numpy as np

from app.bins.layout import Floats
from app.drift.counts import Counts, Table
from app.metrics.instruments import MODEL
from app.metrics.multiprocess import COUNTED, turn

ANSWERED, REFUSED, PREVIEWS, RUNS, ROWS, DRIFT_ROWS, DRIFT_PREDICTIONS, FURTHER = range(8)
SOLE = {
    "slipway_preview_requests_total": PREVIEWS,
    "slipway_batch_rows_bucket": RUNS,
    "slipway_batch_rows_sum": ROWS,
}
LATENCY = "slipway_request_duration_seconds_bucket"
INT = Struct("i")
ITEM_BYTES = 8  # of a value, and what all entries of a file are aligned to
HEAD_BYTES = 8  # of a file: how many bytes are used, and nothing

KEY = msgspec.json.Decoder(tuple[str, str, dict[str, str], str])  # family, sample, labels, help


class Places:
    """The place of each series of a version among `size`; `bounds` are those of the latency's buckets."""

    def __init__(self, bounds: Sequence[float], table: Table | None) -> None:
        self.bounds = np.array(bounds, np.float64)
        self.latency = slice(FURTHER, FURTHER + len(bounds))
        self.size = self.latency.stop + (0 if table is None else table.bins)
        self.table = table
        self._buckets = {float(bound): place for place, bound in enumerate(bounds, FURTHER)}
        self._bins: dict[tuple[str, ...], int] = {}
        for column in () if table is None else table.columns:
            for place, bin_ in enumerate(column.layout.names, self.latency.stop + column.start):
                self._bins[column.kind, column.name, bin_] = place

    def place(self, sample: str, labels: Mapping[str, str]) -> int | None:
        """Return where a sample of this version adds to; None for one that nobody asks for."""
        if sample == LATENCY:
            return self._buckets.get(float(labels["le"]))
        if sample == "slipway_requests_total":
            return ANSWERED if labels["code"] == "200" else REFUSED
        if sample == "slipway_drift_rows_total":
            return DRIFT_ROWS if labels["kind"] == "feature" else DRIFT_PREDICTIONS
        if sample == "slipway_drift_values_total":
            return self._bins.get((labels["kind"], labels["feature"], labels["bin"]))
        return SOLE.get(sample)

    def counts(self, totals: Floats) -> Counts:
        """Return what is counted of drift."""
        assert self.table is not None  # or nothing is
        rows, predictions = int(totals[DRIFT_ROWS]), int(totals[DRIFT_PREDICTIONS])
        return Counts(totals[self.latency.stop :], np.zeros(len(self.table.features)), rows, predictions)


class Process:
    """The totals of this process; new series of the `instruments` are found when there are more of them."""

    def __init__(self, instruments: Iterable[Any], labels: tuple[str, str], places: Places) -> None:
        self._instruments = tuple(instruments)
        self._labels = labels
        self._size, self._place = places.size, places.place
        self._series = 0
        self._values: list[Any] = []
        self._at = np.empty(0, np.intp)

    def read(self) -> Floats:
        series = sum([len(instrument._metrics) for instrument in self._instruments])
        if series != self._series:
            self._series = series
            found = [pair for instrument in self._instruments for pair in self._of(instrument)]
            self._values = [value for _, value in found]
            self._at = np.array([place for place, _ in found], np.intp)
        totals = np.zeros(self._size)
        np.add.at(totals, self._at, [value.get() for value in self._values])
        return totals

    def _of(self, instrument: Any) -> Iterable[tuple[int, Any]]:
        """Find the values of this version, and the place of each."""
        name, names = instrument._name, instrument._labelnames
        for values, child in list(instrument._metrics.items()):
            if values[:2] != self._labels:
                continue
            labels = dict(zip(names, values, strict=True))
            for sample, more, value in _values(name, child):
                place = self._place(sample, labels | more)
                if place is not None:
                    yield place, value


def _values(name: str, child: Any) -> Iterable[tuple[str, dict[str, str], Any]]:
    """Name the values of a counter or a histogram as samples; a bucket holds what fell into it alone."""
    if hasattr(child, "_buckets"):
        for bound, bucket in zip(child._upper_bounds, child._buckets, strict=True):
            yield f"{name}_bucket", {"le": str(bound)}, bucket
        yield f"{name}_sum", {}, child._sum
    else:
        yield f"{name}_total", {}, child._value


@dataclass
class File:
    """What is known of one worker's file: it only grows, but the one of the dead is written anew."""

    inode: int
    used: int = HEAD_BYTES
    at: tuple[int, ...] = ()  # places of the totals
    items: tuple[int, ...] = ()  # of the file, as an array of floats


class Workers:
    """The totals of all workers, also of those that have died."""

    def __init__(self, folder: Path, labels: tuple[str, str], places: Places) -> None:
        self._folder = folder
        self._labels = dict(zip(MODEL, labels, strict=True))
        self._size, self._place = places.size, places.place
        self._files: dict[str, File] = {}

    def read(self) -> Floats:
        totals = np.zeros(self._size)
        with turn(self._folder, fcntl.LOCK_SH):
            paths = [path for path in sorted(self._folder.glob("*.db")) if path.name.startswith(COUNTED)]
            self._files = {path.name: self._file(path, totals) for path in paths}
        return totals

    def _file(self, path: Path, totals: Floats) -> File:
        """Add what a file says."""
        with path.open("rb") as opened:
            data = opened.read(HEAD_BYTES)
            (used,) = INT.unpack_from(data)
            data += opened.read(max(0, used - HEAD_BYTES))
            inode = os.fstat(opened.fileno()).st_ino
        file = self._files.get(path.name)
        if file is None or file.inode != inode:
            file = File(inode)
        self._learn(file, data, len(data) - len(data) % ITEM_BYTES)
        np.add.at(totals, list(file.at), np.frombuffer(data, np.float64, len(data) // ITEM_BYTES)[list(file.items)])
        return file

    def _learn(self, file: File, data: bytes, end: int) -> None:
        """Look at the keys that came since the last time."""
        position, found = file.used, []
        while position < end:
            (length,) = INT.unpack_from(data, position)
            key = data[position + INT.size : position + INT.size + length]
            position += INT.size + length + ITEM_BYTES - (length + INT.size) % ITEM_BYTES
            if (place := self._place_of(key)) is not None:
                found.append((place, position // ITEM_BYTES))
            position += 2 * ITEM_BYTES  # the value, and a time
        file.used = position
        file.at += tuple([place for place, _ in found])
        file.items += tuple([item for _, item in found])

    def _place_of(self, key: bytes) -> int | None:
        _, sample, labels, _ = KEY.decode(key)
        mine = all(labels.get(name) == value for name, value in self._labels.items())
        return self._place(sample, labels) if mine else None
