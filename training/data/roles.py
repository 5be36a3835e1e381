"""Roles: columns that say something of the rows themselves: how much one counts, what it belongs to, when, which part.

    --weights, --group-column, --time-column, --split-column ─> Role: kept beside the features, mostly not one of them

It knows nothing about how rows are divided or weighed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.values import is_missing, number_text
from training.data.split import TEST, TRAIN, VALIDATION
from training.errors import DataError
from training.options.rooms import DataOptions

WEIGHTS, GROUP, TIME, PART = "weights", "group", "time", "part"
PART_WORDS = {
    "train": TRAIN,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "dev": VALIDATION,
    "test": TEST,
}


@dataclass(frozen=True)
class Role:
    """A column with something to say of the rows."""

    column: str
    flag: str  # by which it was named
    reason: str | None  # why it is no feature; None: it may be one as well


def roles(chosen: DataOptions) -> dict[str, Role]:
    """Return the columns that options give a role."""
    named = {
        WEIGHTS: (chosen.weights, "--weights", "it says how much each row counts"),
        GROUP: (chosen.group_column, "--group-column", "it says which rows belong together"),
        TIME: (chosen.time_column, "--time-column", None),
        PART: (chosen.split_column, "--split-column", "it says which part of the split each row is in"),
    }
    return {
        role: Role(column, flag, reason and f"{reason} ({flag})")
        for role, (column, flag, reason) in named.items()
        if column is not None
    }


def by_column(found: Mapping[str, Role]) -> dict[str, Role]:
    """Return the roles by their columns; the last one where a column has several."""
    return {role.column: role for role in found.values()}


def part_of(cell: Any) -> int | None:
    """Return the part that a word of a published split names; None: it names none."""
    return PART_WORDS.get(str(cell).strip().lower())


def check_parts_named(role: Role, cells: NDArray[Any], rows: NDArray[np.int64]) -> None:
    """Raise a DataError for a cell of a published split that names no part, with its row, from 1."""
    wrong = np.flatnonzero(pd.Series(cells).map(part_of).isna())
    if len(wrong):
        cell = cells[wrong[0]]
        received = "a missing cell" if is_missing(cells[wrong[:1]])[0] else repr(cell)
        raise DataError(
            f"`{role.flag}`: expected one of {', '.join(PART_WORDS)} in {role.column!r}. "
            f"Received: {received} in row {rows[wrong[0]]:,}."
        )


class Weighed:
    """The weights of the rows as they pass by: refused where they are none."""

    def __init__(self, role: Role) -> None:
        self.column, self._flag = role.column, role.flag
        self.zeros, self._above = 0, 0

    def counting(self, weights: NDArray[np.float64], rows: NDArray[np.bool_], first_row: int) -> NDArray[np.bool_]:
        """Say which of the `rows` count at all, (rows,); raise a DataError for one whose weight is none, from row 1."""
        wrong = np.flatnonzero(rows & ~(np.isfinite(weights) & (weights >= 0)))
        if len(wrong):
            value = weights[wrong[0]]
            self._refuse("a missing cell" if np.isnan(value) else number_text(value), first_row + int(wrong[0]))
        found: NDArray[np.bool_] = rows & (weights > 0)
        self._above += int(found.sum())
        self.zeros += int(rows.sum() - found.sum())
        return found

    def check(self) -> None:
        """Raise a DataError where no row counts."""
        if not self._above:
            raise DataError(f"`{self._flag}`: expected a weight above zero in {self.column!r}. Received: none.")

    def _refuse(self, received: str, row: int) -> None:
        raise DataError(
            f"`{self._flag}`: expected numbers of zero or more in {self.column!r}. Received: {received} in row {row:,}."
        )
