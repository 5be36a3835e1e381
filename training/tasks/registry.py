"""The tasks by name: where each is, resolved when it is first asked for, and the options that it brings.

A task is added by a module or folder and a line here; two names may share a class. Nothing here imports pandas or
TensorFlow.
"""

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from training.errors import DataError
from training.options import Options
from training.options.declare import Member, declared

if TYPE_CHECKING:
    import pandas as pd

    from training.tasks.base import Task
    from training.tasks.truths import TargetColumn

LABELS = Member("training.tasks.label.classification:Classification", "training.tasks.options:LabelOptions")

TASKS = {
    "binary": LABELS,
    "multiclass": LABELS,
    "multilabel": Member("training.tasks.labels.multilabel:Multilabel", "training.tasks.options:LabelsOptions"),
    "regression": Member("training.tasks.value.regression:Regression"),
}


def task_class(name: str) -> "type[Task]":
    """Return the class of a task."""
    found: type[Task] = resolve_name(TASKS[name].where)
    return found


def task_classes() -> "tuple[type[Task], ...]":
    """Return the class of every task, each once, in the order of the registry."""
    return tuple(dict.fromkeys(map(task_class, TASKS)))


def tasks_of(columns: "Sequence[TargetColumn]", wanted: str | None = None) -> "tuple[type[Task], ...]":
    """Return the tasks that the columns of a target may ask for, or the one that was asked for, if it takes them."""
    asked = task_classes() if wanted is None else (task_class(wanted),)
    return tuple(task for task in asked if task.may_be_of(columns, asked=wanted is not None))


def infer_task(target: "pd.Series", wanted: str | None = None, among: "Sequence[type[Task]] | None" = None) -> "Task":
    """Choose the task, or check the one that was asked for: a DataError says that the target does not fit."""
    if wanted is not None:
        return task_class(wanted).of(target, wanted)
    return max(among or task_classes(), key=lambda task: task.certainty(target)).of(target)


def check(task: "Task", options: Options) -> None:
    """Refuse options that the task cannot have, with a DataError that names one; what is off asks for nothing."""
    for room in dict.fromkeys(member.room for member in TASKS.values() if member.room is not None):
        tasks = [name for name, member in TASKS.items() if member.room is room]
        asked = ((one, options.value(one)) for one in declared(room))
        given = next((one for one, value in asked if value != one.default and value is not False), None)
        if given is not None and task.name not in tasks:
            raise DataError(f"`{given.flag}`: expected a task that has it: {', '.join(tasks)}. Received: {task.name}.")
    task.check(options)
