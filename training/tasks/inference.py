"""Infer: the target's values -> which task they ask for.

    wanted ─> that one, if the target fits it        nothing wanted ─> the one that is surest of the target

It knows no task by name.
"""

import pandas as pd

from training.tasks.base import Task
from training.tasks.registry import TASKS, task_class


def infer_task(target: pd.Series, wanted: str | None = None) -> Task:
    """Choose the task, or check the one that was asked for: a DataError says that the target does not fit."""
    if wanted is not None:
        return task_class(wanted).of(target, wanted)
    classes = dict.fromkeys(map(task_class, TASKS))
    return max(classes, key=lambda task: task.certainty(target)).of(target)
