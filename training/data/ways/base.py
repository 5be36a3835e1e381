"""Way: the seam between how rows are divided and what is learned from them.

    a column of the table ─ values ─> what each row is divided by ─┬─ deal ─> the part of each row
                                                                   ├─ folds ─> other divisions of some of the rows
                                                                   └─ units ─> which rows were drawn together

It knows no way by name; `registry` finds them. It knows nothing about files, networks or metrics.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.data.accounts import Account
from training.data.split import LEFT_OUT, TEST, TRAIN, VALIDATION, Keys, Split
from training.errors import DataError
from training.options.rooms import DataOptions
from training.tasks.parts import Strata

PARTS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}


@dataclass(frozen=True)
class Undivided:
    """Rows that are to be divided."""

    keys: Keys  # (rows,): rows with one key have equal features
    values: NDArray[Any]  # (rows,) what they are divided by
    strata: Callable[[], Strata | None]
    validation: float  # share of the rows; in folds, of those that a fold does not test
    test: float
    seed: int
    are_copies: bool = False  # rows with one key: never counts, however many

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Dealt:
    """The part of each row, and what a person should know of it."""

    part: NDArray[np.int8]  # (rows,)
    said: str  # how rows were divided, in a sentence
    facts: Mapping[str, Any] = field(default_factory=dict)  # of the manifest
    remarks: tuple[str, ...] = ()
    keys: Keys | None = None  # by which rows belong together in folds as well; None: by their features


@dataclass(frozen=True)
class Way(ABC):
    """What the stages ask of a way."""

    name: ClassVar[str]
    role: ClassVar[str | None] = None  # of the column that it goes by
    draws_units: ClassVar[bool] = False  # whole, in the bootstrap
    keeps_equal_rows: ClassVar[bool] = False  # on one side, whatever else it goes by
    leaves_copies_out: ClassVar[bool] = False  # of rows that judge, where copies are no counts

    chosen: DataOptions
    account: Account | None = None  # of that column

    @property
    def column(self) -> str:
        """The column that it goes by."""
        assert self.account is not None
        return self.account.name

    @classmethod  # noqa: B027 - most have nothing to refuse
    def checked(cls, chosen: DataOptions) -> None:
        """Refuse options that do not fit, before the file is read, with a DataError."""

    @classmethod
    def default(cls, accounts: Mapping[str, Account], running: Sequence[str]) -> Account | None:
        """Return the column that it goes by where none is named; `running` are those that run with the rows."""
        return None

    @abstractmethod
    def values(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return what each of some rows is divided by: (rows,)."""

    @abstractmethod
    def deal(self, rows: Undivided) -> Dealt:
        """Divide the rows; raise a DataError where they cannot be."""

    @abstractmethod
    def folds(self, rows: Undivided, count: int) -> list[Split]:
        """Divide rows that are not tested so often, each time anew; raise a DataError where they are too few."""

    def units(self, values: NDArray[Any]) -> NDArray[np.int64] | None:
        """Return which rows of a part were drawn together, (rows,); None: each was drawn by itself."""
        return None


def as_split(part: NDArray[np.int8]) -> Split:
    """Return the rows of each part."""
    return Split(*(np.flatnonzero(part == number) for number in PARTS.values()))


def as_part(parts: Split, rows: int) -> NDArray[np.int8]:
    """Return the part of each row: (rows,)."""
    part = np.full(rows, LEFT_OUT, np.int8)
    for name, number in PARTS.items():
        part[getattr(parts, name)] = number
    return part


def check_classes(parts: Split, strata: Strata | None, flag: str) -> None:
    """Refuse a division in which a part has no row of a class, with a DataError that names both."""
    if strata is None:
        return
    for name, rows in vars(parts).items():
        there = np.bincount(strata.of[rows], minlength=len(strata.names))
        if lacking := [repr(label) for label, count in zip(strata.names, there, strict=True) if not count]:
            raise DataError(
                f"`{flag}`: expected rows of each class in each part. Received: none of {', '.join(lacking[:10])} "
                f"among the {len(rows):,} rows for {name}."
            )
