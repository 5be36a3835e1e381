"""Strata of rows with several labels: each row counts as one of its rarest label, or of none.

So each part of a split has its share of every label, the rare ones above all. It knows nothing about parts.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.tasks.parts import Strata

LEAST_ROWS = 3  # with a label, and without it: one a part of the split
LEAST_STRATUM = 10  # rows; of fewer, a part of 15 % may have none
NONE, RARE = "no label", "a rare label"


def strata(y: NDArray[np.bool_], labels: Sequence[str]) -> Strata:
    """Return the rarest label of each row; raise a DataError for a label that hardly any row has, or lacks."""
    counts = y.sum(axis=0)
    _check(counts, len(y), labels)
    order = np.argsort(counts, kind="stable")  # the rarest first
    ranked = y[:, order]
    of = np.where(ranked.any(axis=1), order[ranked.argmax(axis=1)], len(labels))  # (rows,)
    return _joined([*labels, NONE], of)


def _joined(names: Sequence[str], of: NDArray[np.int64]) -> Strata:
    """Leave out names that no row counts as, and join those of few rows; where these are few, to the most frequent."""
    names, rare = [*names, RARE], len(names)
    counts = np.bincount(of, minlength=len(names))
    are_few = counts[of] < LEAST_STRATUM  # (rows,)
    of = np.where(are_few, rare if are_few.sum() >= LEAST_STRATUM else counts.argmax(), of)
    there, places = np.unique(of, return_inverse=True)
    return Strata(tuple(names[place] for place in there.tolist()), places)


def _check(counts: NDArray[np.int64], rows: int, labels: Sequence[str]) -> None:
    for with_or_without, those in (("with", counts), ("without", rows - counts)):
        few = [
            f"{label!r} ({count})" for label, count in zip(labels, those.tolist(), strict=True) if count < LEAST_ROWS
        ]
        if few:
            raise DataError(
                f"`--target`: expected at least {LEAST_ROWS} rows {with_or_without} each label, one a part of the "
                f"split. Received fewer {with_or_without}: {', '.join(few[:10])}. Remove the labels, or join them to "
                "others."
            )
