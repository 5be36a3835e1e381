"""Parts: the small things that a task tells the stages, each with the stage that wants it.

    Output      the graph, the manifest, parity, golden rows
    Strata      the split
    LeakRule    the look for features that give the target away

It knows no task.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


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


@dataclass(frozen=True)
class LeakRule:
    """What a feature alone is judged by."""

    metric: str
    least: float  # from here on a feature is suspicious
    tree: Callable[..., Any]  # scikit-learn's decision tree for such a target
    truth: Callable[[NDArray[Any]], NDArray[Any]]  # encoded target -> (rows, width), whose mean is an answer
    output: str
