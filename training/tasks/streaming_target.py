"""Targets: a target column that passes by once -> the task that it asks for."""

import numpy as np
import pandas as pd

from training.errors import DataError
from training.tasks.base import Task
from training.tasks.registry import infer_task

MOST_VALUES = 1001  # that are kept: one more than a task may have labels


class Target:
    """What is kept of a target: its values while they may be labels, and its extremes while it may be a number."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._words: set[str] = set()
        self._odd: str | None = None  # a value that is no number
        self._least, self._most = np.inf, -np.inf
        self.example = ""

    def add(self, values: pd.Series) -> None:
        """Take in the target of some rows, as text without missing ones: (rows,)."""
        different = pd.unique(values)
        if not len(different):
            return
        self.example = self.example or str(values.iloc[0])
        self._words.update(map(str, different[: MOST_VALUES - len(self._words)]))
        if len(self._words) < MOST_VALUES:
            self._words.update(map(str, different))
        numbers = pd.to_numeric(pd.Series(different), errors="coerce").to_numpy(np.float64)
        if np.isnan(numbers).any():
            self._odd = self._odd or str(different[np.isnan(numbers)][0])
        self._least = float(np.fmin(self._least, np.nanmin(numbers, initial=np.inf)))
        self._most = float(np.fmax(self._most, np.nanmax(numbers, initial=-np.inf)))

    @property
    def different(self) -> int:
        """Return how many values there were, counted as far as they may be labels."""
        return len(self._words)

    @property
    def values(self) -> pd.Series:
        """Return some of its values, as they would be read whole."""
        words = pd.Series(sorted(self._words), name=self.name, dtype=object)
        return pd.to_numeric(words) if self._odd is None else words

    def task(self, wanted: str | None) -> Task:
        """Choose the task; raise a DataError when the target is constant or does not fit it."""
        if len(self._words) < 2:
            only = next(iter(self._words))
            raise DataError(
                f"`--target`: expected at least two different values in {self.name!r}. Received: only {only!r}."
            )
        beyond = [str(self._least), str(self._most)] if self.different >= MOST_VALUES else []
        odd = [self._odd] if self._odd is not None else beyond
        return infer_task(pd.Series([*sorted(self._words), *odd], name=self.name, dtype=object), wanted)
