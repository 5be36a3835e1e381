"""Evaluate: any `predict` and rows -> metrics. Keras, fp32, int8 and the baselines are judged by this code alone.

It knows nothing about where answers come from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.features.features import Arrays, row_count, take
from training.tasks.base import Metrics, Task

BATCH_ROWS = 4096

Predict = Callable[[Arrays], NDArray[Any]]  # raw rows -> (rows, outputs)


@dataclass(frozen=True)
class Rows:
    """Raw rows with their encoded target: one part of the split."""

    arrays: Arrays  # numeric, categorical
    y: NDArray[Any]  # (rows,)

    def __len__(self) -> int:
        return len(self.y)

    def first(self, rows: int) -> "Rows":
        return Rows(take(self.arrays, slice(rows)), self.y[:rows])


def predict_in_batches(predict: Predict, arrays: Arrays, batch_rows: int = BATCH_ROWS) -> NDArray[Any]:
    """Answer any number of rows in bounded memory: (rows, outputs)."""
    starts = range(0, row_count(arrays), batch_rows)
    return np.concatenate([predict(take(arrays, slice(start, start + batch_rows))) for start in starts])


def evaluate(task: Task, predict: Predict, rows: Rows) -> Metrics:
    """Judge a model on rows."""
    return task.evaluate(rows.y, predict_in_batches(predict, rows.arrays))


def worst_loss_points(task: Task, before: Metrics, after: Metrics) -> float:
    """Return how many points (hundredths) the worst of the task's budget metrics lost; negative is a gain."""
    return max(100 * (before[name] - after[name]) for name in task.budget_metrics)
