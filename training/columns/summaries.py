"""Summaries: what is kept of rows that pass by once, in bounded memory.

It knows nothing about files, columns' meaning or what is learned.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.values import is_empty_text

KEPT_TEXTS = 200_000  # different ones that are counted at a time; beyond, the rarer half is forgotten
EXAMPLE_CHARS = 200

IsMissing = Callable[[NDArray[Any]], NDArray[np.bool_]]


class Summary:
    """How many values of a column there were, how many of them missing, and one of them, for people."""

    def __init__(self, is_missing: IsMissing) -> None:
        self.rows = self.present = 0
        self.example = ""
        self._is_missing = is_missing

    def add(self, values: NDArray[Any]) -> None:
        """Take in the values of some rows: (rows,)."""
        present = values[~self._is_missing(values)]
        self.rows += len(values)
        if len(present):
            self.example = self.example or self.shown(present[0])
            self.add_present(present)
            self.present += len(present)

    def add_present(self, present: NDArray[Any]) -> None:
        """Take in the values that are not missing; `present` counts those before them."""

    def shown(self, value: Any) -> str:
        return str(value)[:EXAMPLE_CHARS]

    @property
    def missing_share(self) -> float:
        return 1 - self.present / self.rows if self.rows else 0.0


class Moments:
    """Exact statistics of numbers, joined as in Chan, Golub, LeVeque 1983.

    "Algorithms for computing the sample variance".
    """

    def __init__(self) -> None:
        self.minimum, self.maximum = np.inf, -np.inf
        self.mean = self._squares = 0.0
        self._count = 0

    def add(self, numbers: NDArray[np.float64]) -> None:
        count, mean = len(numbers), float(numbers.mean())
        apart, total = mean - self.mean, self._count + count
        self._squares += float(((numbers - mean) ** 2).sum()) + apart**2 * self._count * count / total
        self.mean += apart * count / total
        self.minimum, self.maximum = min(self.minimum, numbers.min()), max(self.maximum, numbers.max())
        self._count = total

    @property
    def deviation(self) -> float:
        return float(np.sqrt(self._squares / self._count)) if self._count else 0.0


class NumberSummary(Summary):
    """The moments of numbers with NaN for missing, and with `rounded` those of the 32 bits that a graph sees."""

    def __init__(self, *, rounded: bool = False) -> None:
        super().__init__(np.isnan)
        self.moments = Moments()
        self.rounded = Moments() if rounded else self.moments
        self.is_whole = True

    def add_present(self, present: NDArray[np.float64]) -> None:
        self.moments.add(present)
        if self.rounded is not self.moments:
            self.rounded.add(present.astype(np.float32).astype(np.float64))
        self.is_whole &= bool((present == np.floor(present)).all())

    def shown(self, value: Any) -> str:
        return f"{value:.15g}"


class CountedSummary(Summary):
    """A summary of texts that counts how often each came."""

    def __init__(self) -> None:
        super().__init__(is_empty_text)
        self.counts: Counter[str] = Counter()

    def add_present(self, present: NDArray[Any]) -> None:
        counts = pd.Series(present).value_counts()
        self.counts.update(dict(zip(counts.index.astype(str), counts.tolist(), strict=True)))
        if len(self.counts) > KEPT_TEXTS:
            self.counts = Counter(dict(self.counts.most_common(KEPT_TEXTS // 2)))


class Sample:
    """Rows drawn evenly from all that pass by: those with the least of random keys."""

    def __init__(self, rows: int, seed: int) -> None:
        self._rows, self._random = rows, np.random.default_rng(seed)
        self._keys = np.empty(0)
        self._parts: list[pd.DataFrame] = []
        self.seen = 0

    def add(self, frame: pd.DataFrame) -> None:
        keys = self._random.random(len(frame))
        self.seen += len(frame)
        if len(self._keys) == self._rows:
            taken = keys < self._keys.max()
            frame, keys = frame[taken], keys[taken]
        self._keys = np.concatenate([self._keys, keys])
        self._parts.append(frame)
        self._trim()

    @property
    def frame(self) -> pd.DataFrame:
        """The rows, in the order in which they came."""
        return pd.concat(self._parts, ignore_index=True)

    def _trim(self) -> None:
        if len(self._keys) <= self._rows:
            return
        kept = np.sort(np.argpartition(self._keys, self._rows)[: self._rows])
        self._keys = self._keys[kept]
        self._parts = [self.frame.iloc[kept]]
