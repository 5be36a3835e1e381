"""Parts: the small things that a task tells the stages: graph, split, rule for leaking features, serious opponents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LINEAR, BOOSTING = "linear", "hist_gradient_boosting"  # in the manifest and on the card


@dataclass(frozen=True)
class Output:
    """An output of the graph; the batch comes before its shape."""

    name: str
    shape: tuple[int | None, ...]  # None: any
    dtype: str = "float32"
    unit: float = 1.0  # the size of an answer, which parity and golden tolerances are relative to


@dataclass(frozen=True)
class Strata:
    """Which of a few groups each row is of; every part of the split gets its share of each."""

    names: tuple[str, ...]
    of: NDArray[np.int64]  # (rows,) places in `names`

    def take(self, rows: Any) -> "Strata":
        """Return those of some of the rows."""
        return Strata(self.names, self.of[rows])


@dataclass(frozen=True)
class LeakRule:
    """What a feature alone is judged by."""

    metric: str
    least: float  # from here on a feature is suspicious
    tree: Callable[..., Any]  # scikit-learn's decision tree for such a target
    truth: Callable[[NDArray[Any]], NDArray[Any]]  # encoded target -> (rows, width), whose mean is an answer
    output: str


@dataclass(frozen=True)
class Opponent:
    """A model of scikit-learn that is fitted on the same rows, and that a network must stand beside."""

    name: str
    title: str  # where there is little room
    sentence: str  # in the middle of one
    form: Literal["scaled", "ordinal"]  # how it wants the features
    make: Callable[[Sequence[bool], int], Any]  # which columns are categories, and a seed -> the model


def linear(where: str, **options: Any) -> Opponent:
    """Return a linear model: "module:Class", imported when it is fitted, and what it is made with."""
    return Opponent(LINEAR, "linear model", "a linear model", "scaled", lambda _, __: resolve_name(where)(**options))


def boosting(where: str) -> Opponent:
    """Return HistGradientBoosting of some kind: "module:Class"."""

    def make(categorical: Sequence[bool], seed: int) -> Any:
        return resolve_name(where)(categorical_features=list(categorical), random_state=seed)

    return Opponent(BOOSTING, "boosting", "scikit-learn's HistGradientBoosting", "ordinal", make)
