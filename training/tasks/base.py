"""Task: the seam between what is asked and how it is learned.

A task says how a target becomes numbers, how the network ends, what it loses by and how it is judged.
`training/tasks/classification.py` and `training/tasks/regression.py` are the two there are;
`training/tasks/inference.py` chooses. Every other stage works through this interface and knows no task by name.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd
from numpy.typing import NDArray

from training.columns.arrays import Outputs

Metrics = dict[str, float]  # name -> value, on the rows that were judged


class Task(Protocol):
    """What the stages ask of a task; outputs are named as those of the served graph."""

    @property
    def name(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...] | None:
        """One a column of the output; None for numbers."""
        ...

    @property
    def output(self) -> str:
        """The name of the graph's output."""
        ...

    @property
    def width(self) -> int:
        """The columns of the graph's output."""
        ...

    @property
    def unit(self) -> float:
        """The size of an answer, which parity and golden tolerances are relative to."""
        ...

    @property
    def budget_metrics(self) -> tuple[str, ...]:
        """Metrics from 0 to 1 of which none may lose more than the budget; the first is the main one."""
        ...

    def encode(self, target: pd.Series) -> NDArray[Any]:
        """Return the target as the loss wants it: (rows,)."""
        ...

    def fit_to(self, y: NDArray[Any]) -> "Task":
        """Return the task with the statistics of the training rows' target in it."""
        ...

    def scaled(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the encoded target in the unit of the trunk's output."""
        ...

    def finish(self) -> Any:
        """Return the Keras layer from the trunk's output to the served answer."""
        ...

    def loss(self) -> Any:
        """Return the Keras loss on the trunk's output."""
        ...

    def trivial(self, rows: int) -> Outputs:
        """Return the answers of a model that has seen only the training target: the majority or the mean."""
        ...

    def evaluate(self, y: NDArray[Any], outputs: Outputs) -> Metrics:
        """Judge answers against the encoded target."""
        ...

    def tensors(self) -> tuple[tuple[str, str, tuple[int | None, ...]], ...]:
        """Return name, dtype and shape behind the batch of each of the graph's outputs."""
        ...

    def answer(self) -> Mapping[str, Any]:
        """Return what the manifest says of the answer: its type, and the keys of that type."""
        ...

    def bins(self, outputs: Outputs) -> dict[str, Any]:
        """Return how the answers to the training rows lie, for `profile.json`."""
        ...
