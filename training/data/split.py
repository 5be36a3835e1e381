"""Split: rows -> training, validation and test, by a seed.

    split ─> once, for the model that ships          folds ─> so often that each row is tested once

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
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from training.errors import DataError
from training.tasks.parts import Strata

MIN_CLASS_ROWS = 3
LEAST_FOLD_ROWS = 4  # of a class, so that two are left to train and to choose by when a fold tests half of them

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts; each row is in exactly one."""

    train: Indices
    validation: Indices
    test: Indices


def split(
    features: pd.DataFrame, y: NDArray[Any], *, strata: Strata | None, validation: float, test: float, seed: int
) -> Split:
    """Divide the rows by shares of the whole; each part has its share of each of the `strata`.

    Raises a DataError when a class has too few different rows to stand in all three parts.
    """
    group, first = _groups(features, y)  # (rows,), (groups,)
    classes = None if strata is None else strata.of[first]
    different = 0 if strata is None else len(strata.names)
    if strata is not None:
        _check_classes(strata.of[first], strata.names)
    rows = len(first)
    rest, tested = _divide(np.arange(rows), classes, max(round(test * rows), different), seed)
    left = None if classes is None else classes[rest]
    _, validated = _divide(rest, left, max(round(validation * rows), different), seed)
    return _parts(group, validated, tested)


def folds(
    features: pd.DataFrame, y: NDArray[Any], *, strata: Strata | None, count: int, validation: float, seed: int
) -> list[Split]:
    """Divide the rows so often that each is tested once; `validation` is a share of the rows that are not tested.

    Raises a DataError when a class has too few different rows to stand in every part of every fold.
    """
    group, first = _groups(features, y)  # (rows,), (groups,)
    classes = None if strata is None else strata.of[first]
    if strata is not None:
        _check_fold_classes(strata.of[first], strata.names, count)
    splitter = (KFold if classes is None else StratifiedKFold)(count, shuffle=True, random_state=seed)
    found = []
    for rest, tested in splitter.split(first, classes):
        least = 1 if strata is None else len(strata.names)
        left = None if classes is None else classes[rest]
        _, validated = _divide(rest, left, max(round(validation * len(rest)), least), seed)
        found.append(_parts(group, validated, tested))
    return found


def _parts(group: Indices, validated: Indices, tested: Indices) -> Split:
    """Return the rows of each part, given the groups of two of them."""
    part = np.zeros(group.max() + 1, np.int8)  # (groups,)
    part[validated], part[tested] = 1, 2
    of_row = part[group]  # (rows,)
    return Split(*(np.flatnonzero(of_row == number) for number in range(3)))


def _check_fold_classes(classes: NDArray[Any], labels: Sequence[str], count: int) -> None:
    rows = np.bincount(classes, minlength=len(labels))
    rarest = int(rows.argmin())
    if rows[rarest] < max(count, LEAST_FOLD_ROWS):
        raise DataError(
            f"`--folds`: expected at least {max(count, LEAST_FOLD_ROWS)} different rows of each class outside the "
            f"test split. Received: {rows[rarest]} of {labels[rarest]!r}."
        )


def check_parts(parts: Split, strata: Strata | None) -> None:
    """Refuse a division in which a part has no row, or none of a class, with a DataError that names them."""
    for name, rows in vars(parts).items():
        there = set() if strata is None else set(strata.of[rows].tolist())
        names = () if strata is None else strata.names
        absent = [repr(label) for number, label in enumerate(names) if number not in there]
        lacking = ", ".join(absent[:10])
        if not len(rows) or lacking:
            raise DataError(
                f"`--target`: expected rows of each class in each part of the split. Received: none of "
                f"{lacking or 'any'} among the {len(rows)} rows for {name}. Remove these rows, join the class to "
                "another, or read the file whole with --no-stream."
            )


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
    different = y if y.ndim == 1 else np.unique(y.reshape(len(y), -1), axis=0, return_inverse=True)[1].ravel()
    keys = pd.MultiIndex.from_arrays([hashes, different])
    group, _ = pd.factorize(keys)
    _, first = np.unique(group, return_index=True)
    return group, first


def _divide(rows: Indices, classes: NDArray[Any] | None, size: int, seed: int) -> tuple[Indices, Indices]:
    kept, taken = train_test_split(rows, test_size=size, random_state=seed, stratify=classes)
    return kept, taken
