"""A bounded, unbiased part of what a version answered since somebody last looked.

    Watch(table)                  one version's: add(inputs, outputs) by the run, take() ─> Counts by whoever folds
    Sample.add(inputs, outputs)   one append a run; above the bound, every kept run is dropped with probability 1/2
    Sample.take()                 what was kept, each with the number of rows that one of its rows stands for
    Copied, Previewed             rows that are no traffic: a shadow's copies, and what a person tries

While few rows come, all are kept. Otherwise a run is kept with probability 2^-level and stands for 2^level runs: each
coin that halves its chance doubles its weight, so that the expected count is the true one whatever the traffic does
(P. Flajolet, "On adaptive sampling", 1990). It knows no metrics.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from random import getrandbits
from typing import Any

import numpy as np

from app.drift.counts import Counts, Table
from app.features.base import FeatureType
from app.features.rows import Rows
from app.tensors import OBJECT, Array

Arrays = Mapping[str, Array]

ROWS_MAX = FeatureType.counted_rows
VALUES_MAX = 20_000  # kept at once, rows times features: counting them stops the loop for less than two milliseconds
SHORT_CHARS = 64  # words of this length on average are kept as they are


class Copied(Rows):
    """Rows that a shadow answers once more: they were counted where they were answered first."""

    __slots__ = ()


class Previewed(Rows):
    """Rows that a person tries; they may share a run with traffic."""

    __slots__ = ()


@dataclass(frozen=True)
class Part:
    """Rows of which each stands for `weight`."""

    weight: float
    inputs: Arrays  # (rows, …) each
    outputs: Arrays


class Sample:
    """Filled by the thread that runs the model, emptied by the event loop; it keeps at most so many `rows` at once.

    A row has so many `columns`; `longest` are the characters of the longest word that is told apart from others.
    """

    def __init__(self, columns: int, longest: int, rows: int = ROWS_MAX) -> None:
        self.rows_max = max(1, min(rows, VALUES_MAX // max(1, columns)))
        self._longest = longest
        self._lock = threading.Lock()
        self._level = 0
        self._kept: list[tuple[Arrays, Arrays, float]] = []
        self._rows = 0

    def add(self, inputs: Arrays, outputs: Arrays) -> None:
        """Keep a run's arrays, (rows, …) each, or not; they must not be changed afterwards."""
        level = self._level
        if level and getrandbits(level):
            return
        rows, weight = _rows(outputs), 1.0
        if rows > self.rows_max:  # a part of it, at random
            chosen = np.random.default_rng().choice(rows, self.rows_max, replace=False)
            inputs = {name: array[chosen] for name, array in inputs.items()}
            outputs = {name: array[chosen] for name, array in outputs.items()}
            rows, weight = self.rows_max, rows / self.rows_max
        inputs = {name: self._own(array) if _keeps_more(array) else array for name, array in inputs.items()}
        with self._lock:
            if level < self._level and getrandbits(self._level - level):  # it rose meanwhile
                return
            if level > self._level:  # or fell
                weight *= 2.0 ** (level - self._level)
            self._kept.append((inputs, outputs, weight))
            self._rows += rows
            if self._rows > self.rows_max:
                self._thin()

    def take(self) -> list[Part]:
        """Return what was kept, by weight, and begin anew."""
        with self._lock:
            kept, rows, scale = self._kept, self._rows, 2.0**self._level
            self._kept, self._rows = [], 0
            while self._level and rows <= self.rows_max:  # so that as many rows as these would be about the bound
                self._level, rows = self._level - 1, 2 * rows + 1
        alike: dict[Any, list[tuple[Arrays, Arrays]]] = {}  # by weight and shapes, so that they can be joined
        for inputs, outputs, weight in kept:
            key = weight * scale, _shapes(inputs), _shapes(outputs)
            alike.setdefault(key, []).append((inputs, outputs))
        return [
            Part(key[0], _join([run[0] for run in runs]), _join([run[1] for run in runs]))
            for key, runs in alike.items()
        ]

    def _thin(self) -> None:
        """Halve what is kept until it is within the bound: one more coin for each run, also for those to come."""
        while self._rows > self.rows_max:
            self._level += 1
            self._kept = [run for run in self._kept if getrandbits(1)]
            self._rows = sum([_rows(outputs) for _, outputs, _ in self._kept])

    def _own(self, array: Array) -> Array:
        """Return the values without what they would keep alive beside them: bodies of requests, endless words."""
        if array.dtype is not OBJECT:
            return array.copy()
        short: Array = np.empty(array.size, object)
        short[:] = [word[: self._longest + 1] for word in array.ravel().tolist()]  # a word that is shorter is itself
        return short.reshape(array.shape)


class Watch:
    """What is counted of the traffic of one version."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._sample = Sample(len(table.features), table.longest, table.counted_rows)
        self.add = self._sample.add
        self.rows_max = self._sample.rows_max  # so many are certainly kept

    def take(self) -> Counts | None:
        """Count what came since the last time; None if nothing did."""
        parts = self._sample.take()
        if not parts:
            return None
        counts = self.table.empty()
        for part in parts:
            counts.add(self.table.count(part.inputs, part.outputs), part.weight)
        return counts


def _keeps_more(array: Array) -> bool:
    """Whether it keeps alive much beside its values: a view does, and long words do."""
    if array.base is not None or array.dtype is not OBJECT:
        return array.base is not None
    return sum(map(len, array.ravel().tolist())) > SHORT_CHARS * array.size


def _rows(outputs: Arrays) -> int:
    return len(next(iter(outputs.values())))


def _shapes(arrays: Arrays) -> tuple[tuple[int, ...], ...]:
    """Return what runs must have in common to be joined."""
    return tuple([array.shape[1:] for array in arrays.values()])


def _join(runs: list[Arrays]) -> Arrays:
    first = runs[0]
    return first if len(runs) == 1 else {name: np.concatenate([run[name] for run in runs]) for name in first}
