"""Target: a target column that passes by once -> the task that it asks for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.values import is_missing, number_text
from training.errors import DataError
from training.tasks.base import Task
from training.tasks.registry import infer_task, task_classes

MOST_VALUES = 1001  # that are kept: one more than a task may have labels


class Target:
    """What is kept of a target: its values while they may be labels, and its extremes while it may be a number."""

    def __init__(self, name: str, tasks: Sequence[type[Task]] | None = None) -> None:
        """Begin; `tasks` are those that it may ask for, of which the first makes its cells, or all of them."""
        self.name = name
        self._tasks = tasks or task_classes()
        self._values: dict[Any, int] = {}  # value -> how many rows have it, in order of appearance
        self._ends: tuple[float, float] | None = None
        self.example = ""

    def add(self, cells: NDArray[Any]) -> None:
        """Take in the target of some rows, none of them missing: (rows,) floats or text."""
        if not len(cells):
            return
        if cells.dtype != object:
            low, high = float(cells.min()), float(cells.max())
            self._ends = (low, high) if self._ends is None else (min(low, self._ends[0]), max(high, self._ends[1]))
        self.example = self.example or (cells[0] if cells.dtype == object else number_text(cells[0]))
        if self.different < MOST_VALUES:
            values, counts = self._tasks[0].counted(cells)
            for value, rows in zip(values.tolist(), counts.tolist(), strict=True):
                if value in self._values or self.different < MOST_VALUES:
                    self._values[value] = self._values.get(value, 0) + rows

    @property
    def different(self) -> int:
        """Return how many values there were, counted as far as they may be labels."""
        return len(self._values)

    def task(self, wanted: str | None) -> Task:
        """Choose the task; raise a DataError when the target is missing, constant or does not fit it."""
        if not self._values:
            raise DataError(f"`--target`: expected values in {self.name!r}. Received: only missing cells.")
        if self.different < 2:
            raise DataError(
                f"`--target`: expected at least two different values in {self.name!r}. Received: only {self.example!r}."
            )
        beyond = list(self._ends or ()) if self.different >= MOST_VALUES else []
        return infer_task(self._series([*self._values, *beyond]), wanted, self._tasks)

    @property
    def counted(self) -> tuple[pd.Series, list[int]]:
        """Return the values that were kept, and how many rows have each."""
        return self._series(list(self._values)), list(self._values.values())

    def _series(self, values: list[Any]) -> pd.Series:
        return pd.Series(values, name=self.name, dtype=object if self._ends is None else float)


def present(cells: NDArray[Any]) -> NDArray[np.bool_]:
    """Say which rows have a target: (rows,)."""
    found: NDArray[np.bool_] = ~is_missing(cells)
    return found
