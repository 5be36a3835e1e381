"""Split: rows -> training, validation and test, by a seed.

    Training fits weights and statistics, validation chooses (when to stop, what to ship), test only measures.

Equal rows stay together, so no row stands on two sides; classes keep their shares.
It knows nothing about what the rows mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from training.errors import DataError

MIN_CLASS_ROWS = 3

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts; each row is in exactly one."""

    train: Indices
    validation: Indices
    test: Indices


def split(
    features: pd.DataFrame,
    y: NDArray[Any],
    *,
    labels: Sequence[str] | None,
    validation: float,
    test: float,
    seed: int,
) -> Split:
    """Divide the rows by shares of the whole; with `labels`, `y` holds the number of each row's class.

    Raises:
        DataError: when a class has too few different rows to stand in all three parts.
    """
    group, first = _groups(features, y)  # (rows,), (groups,)
    classes = None if labels is None else y[first]
    different = 0 if labels is None else len(labels)
    if labels is not None:
        _check_classes(y[first], labels)
    rows = len(first)
    rest, tested = _divide(np.arange(rows), classes, max(round(test * rows), different), seed)
    left = None if classes is None else classes[rest]
    _, validated = _divide(rest, left, max(round(validation * rows), different), seed)
    part = np.zeros(rows, np.int8)  # (groups,)
    part[validated], part[tested] = 1, 2
    of_row = part[group]  # (rows,)
    return Split(*(np.flatnonzero(of_row == number) for number in range(3)))


def _check_classes(classes: NDArray[Any], labels: Sequence[str]) -> None:
    counts = np.bincount(classes, minlength=len(labels))
    few = [f"{label!r} ({count})" for label, count in zip(labels, counts, strict=True) if count < MIN_CLASS_ROWS]
    if few:
        raise DataError(
            f"`--target`: expected at least {MIN_CLASS_ROWS} different rows of each class, one a part of the split. "
            f"Received fewer of: {', '.join(few[:10])}. Remove these rows, or join the class to another."
        )


def _groups(features: pd.DataFrame, y: NDArray[Any]) -> tuple[Indices, Indices]:
    """Number the distinct rows: the group of each row, and the first row of each group."""
    hashes = pd.util.hash_pandas_object(features, index=False).to_numpy()
    keys = pd.MultiIndex.from_arrays([hashes, y])
    group, _ = pd.factorize(keys)
    _, first = np.unique(group, return_index=True)
    return group, first


def _divide(rows: Indices, classes: NDArray[Any] | None, size: int, seed: int) -> tuple[Indices, Indices]:
    kept, taken = train_test_split(rows, test_size=size, random_state=seed, stratify=classes)
    return kept, taken
