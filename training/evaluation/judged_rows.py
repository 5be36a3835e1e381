"""Which of the rows that were answered are judged: those with a target that the model can say, and a weight.

    places, truths, weights ─┬─> rows that are judged
                             ├─> how many have no target, or count nothing
                             └─> RowFault: a target or a weight that is none

It knows nothing about files or answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.scoring.scored_file import RowFault
from app.sources.cells import CellFault, Distinct
from training.tasks.base import Task

Place = NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """What becomes of the answers to some rows of a batch."""

    rows: Place  # (rows,) those that are judged, among those that were answered
    faults: list[RowFault]
    without_target: int
    weightless: int


def judged(places: Place, truths: Distinct, weights: Distinct, refused: Sequence[str | None]) -> Judged:
    """Sort rows that were answered, at some places of their batch; `refused` says why a truth is none."""
    rows, faults, without_target, weightless = [], [], 0, 0
    unread, unweighed = _unread(truths), _unread(weights)
    truth_of, weight_of = truths.of_row[places].tolist(), weights.of_row[places].tolist()
    for row, (truth, weight) in enumerate(zip(truth_of, weight_of, strict=True)):
        fault = unread[truth] or unweighed[weight]
        if fault is None and truths.values[truth] is None:
            without_target += 1
        elif fault is None and not weights.values[weight]:
            weightless += 1
        elif fault := fault or refused[truth]:
            faults.append(RowFault(int(places[row]), fault))
        else:
            rows.append(row)
    return Judged(np.array(rows, np.int64), faults, without_target, weightless)


def refusals(task: Task, target: str, truths: Distinct) -> list[str | None]:
    """Say why true values are none that the model can say, None for those that are."""
    return [_refusal(task, target, truth) for truth in truths.values]


def _refusal(task: Task, target: str, truth: Any) -> str | None:
    if truth is None or isinstance(truth, CellFault) or (expected := task.refusal(truth)) is None:
        return None
    return f"`{target}`: expected {expected}. Received: {truth!r}."


def _unread(column: Distinct) -> list[str | None]:
    """Say why values could not be read, None for those that could."""
    return [str(value) if isinstance(value, CellFault) else None for value in column.values]
