"""A Prometheus histogram that takes many observations at once.

The client's own `observe` takes a lock and walks the buckets in Python, about 2 µs a value: more than the rest of a
request's bookkeeping together. Here a value is a `list.append`, and the list is counted by NumPy now and then.
"""

from typing import Any

import numpy as np
import prometheus_client

FOLD_AT = 1024  # values that wait at most: counting them takes about 40 µs


class Histogram(prometheus_client.Histogram):
    """The client's histogram with `observe_all`; it leans on the client's `_buckets`, `_sum` and `_upper_bounds`."""

    def observe_all(self, values: list[float]) -> None:
        """Count every value, as `observe` would one by one."""
        # A value belongs to the first bucket whose upper bound is not below it.
        places = np.searchsorted(self._upper_bounds, values, side="left")
        for place, count in enumerate(np.bincount(places).tolist()):
            if count:
                self._buckets[place].inc(count)
        self._sum.inc(float(np.sum(values)))


class Recorder:
    """Values that wait to be counted by one labelled histogram; used by the event loop's thread alone.

    `add` records one value. It is the list's own method, for a call in Python would cost more than all it does; who
    adds sees to it that `fold_if_long` comes by now and then.

    Args:
        histogram: a labelled `Histogram`.
        counter: counts the values too, if given.
    """

    __slots__ = ("_counter", "_histogram", "_values", "add")

    def __init__(self, histogram: Any, counter: Any = None) -> None:
        self._histogram = histogram
        self._counter = counter
        self._values: list[float] = []
        self.add = self._values.append

    def extend(self, values: list[float]) -> None:
        """Record several values."""
        self._values += values
        self.fold_if_long()

    def fold_if_long(self) -> None:
        """Count what waits, if it is much."""
        if len(self._values) >= FOLD_AT:
            self.fold()

    def fold(self) -> None:
        """Count what waits."""
        if self._values:
            values = self._values.copy()
            self._values.clear()
            self._histogram.observe_all(values)
            if self._counter is not None:
                self._counter.inc(len(values))
