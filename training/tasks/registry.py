"""The tasks: name -> "module:Class", resolved when one is asked for, and the options that they bring.

A task is added by a module and a line here. Two names may share a class or options.
"""

TASKS: dict[str, str] = {
    "binary": "training.tasks.classification:Classification",
    "multiclass": "training.tasks.classification:Classification",
    "regression": "training.tasks.regression:Regression",
}
OPTIONS: dict[str, str] = {
    "binary": "training.tasks.options:LabelOptions",
    "multiclass": "training.tasks.options:LabelOptions",
}
