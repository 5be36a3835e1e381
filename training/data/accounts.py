"""Accounts: what was read of each column, and what became of it.

    cells of each chunk ─ Account ─> a summary, how many values are different ─> feature, target, or dropped and why

It knows nothing about files, splits or networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.sources.tally import Different
from training.columns.hashes import hashes
from training.columns.summaries import Summary
from training.errors import DataError
from training.features.base import Content, FeatureType

MIN_ROWS = 50  # below, a test split of a fifth cannot tell a good model from a bad one
FEATURE, TARGET, DROPPED = "feature", "target", "dropped"


@dataclass(frozen=True)
class Column:
    """One column of the file and what became of it."""

    name: str
    type: str  # the name of its type, or Arrow's where no type takes it
    missing_share: float
    different: int
    example: str
    fate: str  # "feature", "target", or "dropped: why"
    written: str = ""  # how its cells are written, where it is not the usual way


class Account:
    """What is kept of a column whose type is known."""

    def __init__(self, name: str, type_: FeatureType, known: Summary | None = None) -> None:
        self.name, self.type = name, type_
        self.all = known or type_.summary()
        self._different = Different()

    def add(self, cells: NDArray[Any]) -> None:
        """Take in the cells of some rows: (rows,)."""
        self.all.add(cells)
        self._different.add(hashes(cells)[~self.type.is_missing(cells)])

    @property
    def content(self) -> Content:
        return Content(self.all, self._different.count(self.all.present))

    def column(self, reason: str | None, written: str) -> Column:
        """Say what becomes of it, where nothing else is a `reason` to drop it."""
        content = self.content
        reason = reason or self.type.objection(content, self.name)
        fate = f"{DROPPED}: {reason}" if reason else FEATURE
        missing, example = self.all.missing_share, self.all.example
        return Column(self.name, self.type.name, missing, content.different, example, fate, written)


def mixed(columns: Sequence[NDArray[np.uint64]], seed: int, rows: int) -> NDArray[np.uint64]:
    """Join hashes of a row's cells and the seed into one, evenly spread: (rows,).

    The last step is the finalizer of SplitMix64: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
    generators".
    """
    joined = np.full(rows, seed + 1, np.uint64)
    for column in columns:
        joined = (joined ^ column) * np.uint64(0x9E3779B97F4A7C15)
        joined ^= joined >> np.uint64(32)
    joined = (joined ^ (joined >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    joined = (joined ^ (joined >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return joined ^ (joined >> np.uint64(31))


def check_some(columns: Sequence[Column]) -> None:
    """Refuse a table without a feature, with a DataError that says what became of each column."""
    if not any(column.fate == FEATURE for column in columns):
        account = "; ".join(f"{column.name}: {column.fate}" for column in columns)
        raise DataError(
            f"`DATA`: expected at least one column to learn from. Received: {account}. "
            "Say what a column is where that is wrong: --type NAME=text."
        )


def check_enough(rows: int) -> None:
    """Refuse too few rows, with a DataError that says how many there are."""
    if rows < MIN_ROWS:
        raise DataError(f"`DATA`: expected at least {MIN_ROWS} rows with a target. Received: {rows}.")
