"""Baseline: a fitted opponent, which answers any rows as the network does, and how it was fitted.

It knows nothing about what it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from training.columns.arrays import Outputs, Rows
from training.features.features import Features
from training.tasks.base import Task
from training.tasks.parts import Opponent

TRIVIAL = "baseline"

Answer = Callable[[Rows], Outputs]


@dataclass(frozen=True)
class Baseline:
    """What answers rows."""

    answer: Answer
    said: str = ""  # what was chosen on validation rows, and what was left out; nothing, if nothing was

    def __call__(self, rows: Rows) -> Outputs:
        return self.answer(rows)


@dataclass(frozen=True)
class Material:
    """What all opponents are fitted on."""

    task: Task
    features: Features
    train: Rows
    seed: int
    validation: Rows | None = None  # by which a form may choose; None: it takes what is usual


Fit = Callable[[Sequence[Opponent], Material], Mapping[str, Baseline]]  # opponents of one form, by name
