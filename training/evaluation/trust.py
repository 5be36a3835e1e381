"""Trust: the rows that judge -> the metrics whose intervals are too narrow to trust, and why.

    REASONS ─ each says metric ─> "4 rows of `fraud`" ─> all that speaks against a metric, in one remark

A bootstrap draws from the rows that are there; where few of them bear a metric, it cannot know how others would differ.
It knows nothing about how remarks are shown.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from training.columns.arrays import Rows
from training.tasks.base import Task

Reason = Callable[[Task, Rows, Iterable[str]], Mapping[str, str]]  # and the metrics -> metric -> what is too few
FEW_UNITS = 30  # drawn whole; of fewer, a bootstrap is too narrow
TOO_FEW = "too few to trust"


def remarks(task: Task, rows: Rows, metrics: Iterable[str]) -> dict[str, str]:
    """Return what is to be said beside each metric, of those with a reason not to trust their intervals."""
    said = [reason(task, rows, metrics) for reason in REASONS]
    against = {name: [each[name] for each in said if name in each] for name in metrics}
    return {name: f"{', '.join(few)}: {TOO_FEW}" for name, few in against.items() if few}


def _scarce(task: Task, rows: Rows, metrics: Iterable[str]) -> Mapping[str, str]:
    return task.scarce(rows.y if rows.weights is None else rows.y[np.flatnonzero(rows.weights)])


def _few_units(task: Task, rows: Rows, metrics: Iterable[str]) -> Mapping[str, str]:
    del task
    if rows.units is None or (count := len(np.unique(rows.units))) >= FEW_UNITS:
        return {}
    return dict.fromkeys(metrics, f"{count} groups of rows that belong together")


REASONS: tuple[Reason, ...] = (_scarce, _few_units)
