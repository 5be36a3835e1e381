"""Trust: the rows that judge -> the metrics whose intervals are too narrow to trust, and why.

    an interval that reaches what no feature is needed for ─> one sentence
    REASONS ─ each says metric ─> "4 rows of `fraud`" ─> all that speaks against a metric, in one remark

A bootstrap draws from the rows that are there; where few of them bear a metric, it cannot know how others would differ.
It knows nothing about how remarks are shown.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import Rows
from training.data.prepare import Data
from training.evaluation.findings import Interval
from training.tasks.base import Task

Reason = Callable[[Task, Rows, Iterable[str]], Mapping[str, str]]  # and the metrics -> metric -> what is too few
FEW_UNITS = 30  # drawn whole; of fewer, a bootstrap is too narrow
TOO_FEW = "too few to trust"
FEW_ROWS = 50  # of a label among those that judge; an interval of fewer is too narrow
HARDLY_ANY = 10  # rows: of fewer, people are warned before the fit


def remarks(task: Task, rows: Rows, metrics: Iterable[str]) -> dict[str, str]:
    """Return what is to be said beside each metric, of those with a reason not to trust their intervals."""
    said = [reason(task, rows, metrics) for reason in REASONS]
    against = {name: [each[name] for each in said if name in each] for name in metrics}
    return {name: f"{', '.join(few)}: {TOO_FEW}" for name, few in against.items() if few}


def unproven(metric: str, shipped: Interval, trivial: float) -> str:
    """Say so where a metric is not told from what an answer that knows no feature has; "" where it is."""
    if shipped.low > trivial:
        return ""
    return (
        f"Not told from answers that know no feature: {metric} {shipped.value:.4f} ({shipped.low:.4f} to "
        f"{shipped.high:.4f}), theirs {trivial:.4f}; more rows or other columns may help"
    )


def warned(data: Data) -> Data:
    """Warn of a test split that can hardly judge what the metrics are about."""
    found = dict.fromkeys(data.task.scarce(_counting(data.test), HARDLY_ANY).values())
    said = [f"The test split has {few}: what the metrics say of them is chance" for few in found]
    return replace(data, warnings=(*data.warnings, *said))


def _scarce(task: Task, rows: Rows, metrics: Iterable[str]) -> Mapping[str, str]:
    return task.scarce(_counting(rows), FEW_ROWS)


def _counting(rows: Rows) -> NDArray[Any]:
    return rows.y if rows.weights is None else rows.y[np.flatnonzero(rows.weights)]


def _few_units(task: Task, rows: Rows, metrics: Iterable[str]) -> Mapping[str, str]:
    del task
    if rows.units is None or (count := len(np.unique(rows.units))) >= FEW_UNITS:
        return {}
    return dict.fromkeys(metrics, f"{count} groups of rows that belong together")


REASONS: tuple[Reason, ...] = (_scarce, _few_units)
