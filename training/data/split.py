"""Split: rows -> training, validation and test, by a seed.

    keys_of ─> which rows belong together      split ─> once, for the model that ships
                                               folds ─> so often that each row is tested once

    Training fits weights and statistics, validation chooses (when to stop, what to ship), test only measures.

Rows with equal features stay together, so no row stands on two sides; classes keep their shares. Where the rows have
few different combinations of features, copies are counts and tell nothing that a model could learn by heart: then each
row is dealt out by itself.
It knows nothing about what the rows mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.errors import DataError
from training.tasks.parts import Strata

MIN_CLASS_ROWS = 3
LEAST_FOLD_ROWS = 4  # of a class, so that two are left to train and to choose by when a fold tests half of them
COUNTS_SHARE = 0.1  # of different combinations of features among the rows: up to it, copies are counts
TRAIN, VALIDATION, TEST = 0, 1, 2
LEFT_OUT = -1  # a row of no part

Indices = NDArray[np.int64]
Keys = NDArray[np.uint64]  # (rows,): rows with one key belong together


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts; each row is in exactly one."""

    train: Indices
    validation: Indices
    test: Indices


def are_counts(different: int, rows: int) -> bool:
    """Say whether rows with so many different combinations of features are to be dealt out one by one."""
    return different <= COUNTS_SHARE * rows


def split(keys: Keys, *, strata: Strata | None, validation: float, test: float, seed: int) -> Split:
    """Divide the rows by shares of the whole; each part has its share of each of the `strata`.

    Raises a DataError when a class has too few different rows to stand in all three parts.
    """
    group, classes = _groups(keys, strata)  # (rows,), (groups,)
    different = 0 if strata is None else len(strata.names)
    if strata is not None and classes is not None:
        _check_classes(classes, strata.names)
    rows = int(group.max()) + 1
    rest, tested = _divide(np.arange(rows), classes, max(round(test * rows), different), seed)
    left = None if classes is None else classes[rest]
    _, validated = _divide(rest, left, max(round(validation * rows), different), seed)
    return _parts(group, validated, tested)


def taken(keys: Keys, *, strata: Strata | None, share: float, seed: int) -> Indices:
    """Draw a share of the rows, of each of the `strata`; rows with one key are drawn together."""
    group, classes = _groups(keys, strata)  # (rows,), (groups,)
    rows = int(group.max()) + 1
    least = 1 if strata is None else len(strata.names)
    _, found = _divide(np.arange(rows), classes, max(round(share * rows), least), seed)
    return np.flatnonzero(np.isin(group, found))


def drawn(hashes: Keys, *, validation: float, test: float) -> NDArray[np.int8]:
    """Draw the part of each row by its hash, where there are too many rows to deal out exactly: (rows,)."""
    places = np.array([TEST, VALIDATION, TRAIN], np.int8)
    found: NDArray[np.int8] = places[np.searchsorted([test, test + validation], hashes / 2.0**64, side="right")]
    return found


def folds(keys: Keys, *, strata: Strata | None, count: int, validation: float, seed: int) -> list[Split]:
    """Divide the rows so often that each is tested once; `validation` is a share of the rows that are not tested.

    Raises a DataError when a class has too few different rows to stand in every part of every fold.
    """
    from sklearn.model_selection import KFold, StratifiedKFold  # noqa: PLC0415 - see below

    group, classes = _groups(keys, strata)  # (rows,), (groups,)
    if strata is not None and classes is not None:
        _check_fold_classes(classes, strata.names, count)
    splitter = (KFold if classes is None else StratifiedKFold)(count, shuffle=True, random_state=seed)
    found = []
    for rest, tested in splitter.split(np.arange(int(group.max()) + 1), classes):
        least = 1 if strata is None else len(strata.names)
        left = None if classes is None else classes[rest]
        _, validated = _divide(rest, left, max(round(validation * len(rest)), least), seed)
        found.append(_parts(group, validated, tested))
    return found


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
                f"{lacking or 'any'} among the {len(rows)} rows for {name}. Remove these rows, or join the class to "
                "another."
            )


def _parts(group: Indices, validated: Indices, tested: Indices) -> Split:
    """Return the rows of each part, given the groups of two of them."""
    part = np.zeros(group.max() + 1, np.int8)  # (groups,)
    part[validated], part[tested] = VALIDATION, TEST
    of_row = part[group]  # (rows,)
    return Split(*(np.flatnonzero(of_row == number) for number in range(3)))


def _check_fold_classes(classes: Indices, labels: Sequence[str], count: int) -> None:
    rows = np.bincount(classes, minlength=len(labels))
    rarest = int(rows.argmin())
    if rows[rarest] < max(count, LEAST_FOLD_ROWS):
        raise DataError(
            f"`--folds`: expected at least {max(count, LEAST_FOLD_ROWS)} different rows of each class outside the "
            f"test split. Received: {rows[rarest]} of {labels[rarest]!r}."
        )


def _check_classes(classes: Indices, labels: Sequence[str]) -> None:
    counts = np.bincount(classes, minlength=len(labels))
    few = [f"{label!r} ({count})" for label, count in zip(labels, counts, strict=True) if count < MIN_CLASS_ROWS]
    if few:
        raise DataError(
            f"`--target`: expected at least {MIN_CLASS_ROWS} different rows of each class, one a part of the split. "
            f"Received fewer of: {', '.join(few[:10])}. Remove these rows, or join the class to another."
        )


def _groups(keys: Keys, strata: Strata | None) -> tuple[Indices, Indices | None]:
    """Number the groups in order of appearance: (rows,); each counts as of the class of one of its rows: (groups,).

    A class that would hardly count so is that of every group that has it.
    """
    group, _ = pd.factorize(keys)
    if strata is None:
        return group, None
    rows = np.lexsort((np.random.default_rng(0).random(len(group)), group))  # one of each group, by chance
    classes = strata.of[rows[np.flatnonzero(np.diff(group[rows], prepend=-1))]]
    rare = np.flatnonzero(np.bincount(classes, minlength=len(strata.names)) < MIN_CLASS_ROWS)
    of_rare = np.isin(strata.of, rare)
    classes[group[of_rare]] = strata.of[of_rare]
    return group, classes


def _divide(rows: Indices, classes: Indices | None, size: int, seed: int) -> tuple[Indices, Indices]:
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 - it takes longer than a look at a file

    kept, taken = train_test_split(rows, test_size=size, random_state=seed, stratify=classes)
    return kept, taken
