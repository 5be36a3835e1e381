"""The tasks: name -> "module:Class", resolved when one is first asked for, and the options that they bring.

A task is added by a module or folder and a line here. Two names may share a class or options. Nothing here imports
pandas or TensorFlow.
"""

from pkgutil import resolve_name
from typing import TYPE_CHECKING

from training.errors import DataError
from training.options import Options
from training.options.declare import declared

if TYPE_CHECKING:
    from training.tasks.base import Task

TASKS: dict[str, str] = {
    "binary": "training.tasks.label.classification:Classification",
    "multiclass": "training.tasks.label.classification:Classification",
    "regression": "training.tasks.value.regression:Regression",
}
OPTIONS: dict[str, str] = {
    "binary": "training.tasks.options:LabelOptions",
    "multiclass": "training.tasks.options:LabelOptions",
}


def task_class(name: str) -> "type[Task]":
    """Return the class of a task."""
    found: type[Task] = resolve_name(TASKS[name])
    return found


def check(task: "Task", options: Options) -> None:
    """Refuse options that the task cannot have, before anything is fitted; what is switched off asks for nothing.

    Raises:
        DataError: naming the option.
    """
    for where in dict.fromkeys(OPTIONS.values()):
        room = resolve_name(where)
        tasks = [name for name, of in OPTIONS.items() if of == where]
        asked = ((one, options.value(one)) for one in declared(room))
        given = next((one for one, value in asked if value != one.default and value is not False), None)
        if given is not None and task.name not in tasks:
            raise DataError(f"`{given.flag}`: expected a task that has it: {', '.join(tasks)}. Received: {task.name}.")
    task.check(options)
