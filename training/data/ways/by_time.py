"""By time: the last rows are tested, those before them choose, and the first ones teach.

    rows in the order of a column ─ cut ─> train │ gap │ validation │ gap │ test        ties are never cut apart

Folds are expanding windows: each is tested on the rows that follow those it learned from (rolling origin; Tashman 2000,
"Out-of-sample tests of forecasting accuracy: an analysis and review").
It knows nothing about what moments mean; the type of the column says where they lie.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.data.accounts import Account
from training.data.roles import TIME
from training.data.split import LEFT_OUT, TEST, TRAIN, VALIDATION, Split
from training.data.ways import gap
from training.data.ways.base import PARTS, Dealt, Undivided, Way, as_split, check_classes
from training.errors import DataError
from training.options.rooms import DataOptions
from training.rendering.markdown import code

FLAG = "--time-column"
Places = NDArray[np.float64]  # (rows,) NaN for rows without a time


@dataclass(frozen=True)
class Cut:
    """Where the parts begin."""

    validation: float
    test: float


class ByTime(Way):
    """See `training.data.ways.base.Way`."""

    name = "time"
    role = TIME
    draws_units = True

    @classmethod
    def checked(cls, chosen: DataOptions) -> None:
        gap.check(chosen.gap)

    @classmethod
    def default(cls, accounts: Mapping[str, Account], running: Sequence[str]) -> Account:
        """Return the one column that runs with the rows, a date before numbers; raise a DataError for no such one."""
        dates = [name for name in running if accounts[name].type.measures_time]
        found = dates or running
        if len(found) == 1:
            return accounts[found[0]]
        ordered = [name for name, account in accounts.items() if account.type.has_order]
        received = ", ".join(found) if found else f"none of {', '.join(ordered) or 'all columns'}"
        raise DataError(
            "`--split`: expected one column that never falls or never rises down the file, its values nearly all "
            f"different. Received: {received}. Name the column of time: {FLAG} NAME"
        )

    @property
    def gap(self) -> float:
        assert self.account is not None
        return gap.width(self.chosen.gap, self.column, measures_time=self.account.type.measures_time)

    def values(self, frame: pd.DataFrame) -> Places:
        account = self.account
        assert account is not None
        if not account.type.has_order:
            raise DataError(
                f"`{FLAG}`: expected a column of dates or numbers. Received: {account.name!r}, of {account.type.name}."
            )
        return account.type.places(frame[account.name].to_numpy(), account.all)

    def deal(self, rows: Undivided) -> Dealt:
        timed = np.isfinite(rows.values)
        where = cut(rows.values[timed], rows.validation, rows.test)
        part = parts_of(rows.values, where, self.gap)
        parts = as_split(part)
        if not len(parts.train) or not len(parts.validation):
            raise DataError(
                f"`--gap`: expected a gap that leaves rows to learn from and to choose by. Received: "
                f"{self.chosen.gap!r}, which leaves {len(parts.train):,} and {len(parts.validation):,}."
            )
        check_classes(parts, rows.strata(), "--split")
        untimed, between = int((~timed).sum()), int((part[timed] == LEFT_OUT).sum())
        ends = {name: self._ends(rows.values[part == number]) for name, number in PARTS.items()}
        facts = {**({"gap": self.chosen.gap} if self.chosen.gap else {}), **ends}
        left_out = {"left_out": {"without_time": untimed, "in_gaps": between}}
        remarks = [f"{untimed:,} rows without a value of {code(self.column)} were left out"] if untimed else []
        return Dealt(part, self._said(ends, between), {**facts, **left_out}, tuple(remarks))

    def folds(self, rows: Undivided, count: int) -> list[Split]:
        """Each window ends a further share of the rows on, and its last rows are judged."""
        order = np.argsort(rows.values, kind="stable")
        found = []
        for number in range(1, count + 1):
            seen = np.sort(order[: round(len(order) * (number + 1) / (count + 1))])
            test = 1 / (number + 1)
            where = cut(rows.values[seen], rows.validation * (1 - test), test, "--folds")
            parts = as_split(parts_of(rows.values[seen], where, self.gap))
            if not all(map(len, vars(parts).values())):
                raise DataError(
                    f"`--folds`: expected rows in each part of each window. Received: none in window {number}."
                )
            found.append(Split(*(seen[some] for some in vars(parts).values())))
        for parts in found:
            check_classes(parts, rows.strata(), "--folds")
        return found

    def units(self, values: Places) -> NDArray[np.int64]:
        return blocks(values)

    def _ends(self, places: Places) -> list[str]:
        assert self.account is not None
        return [self.account.type.place_text(float(end)) for end in (places.min(), places.max())]

    def _said(self, ends: Mapping[str, Any], between: int) -> str:
        apart = f" {between:,} rows in the gaps of {self.chosen.gap} were left out." if self.chosen.gap else ""
        return (
            f"Rows were split by time ({code(self.column)}): training up to {ends['train'][1]}, "
            f"validation from {ends['validation'][0]} to {ends['validation'][1]}, test from {ends['test'][0]} to "
            f"{ends['test'][1]}.{apart}"
        )


def cut(places: Places, validation: float, test: float, flag: str = "--split") -> Cut:
    """Return where the parts begin so that they have about their shares of the rows; ties stay together."""
    times, counts = np.unique(places, return_counts=True)
    if len(times) < len(PARTS):
        raise DataError(f"`{flag}`: expected at least {len(PARTS)} different times. Received: {len(times)}.")
    before = np.concatenate([[0], np.cumsum(counts)[:-1]])  # (times,) rows before each
    tested = _nearest(before, (1 - test) * len(places), 2, len(times) - 1)
    validated = _nearest(before, (1 - test - validation) * len(places), 1, tested - 1)
    return Cut(float(times[validated]), float(times[tested]))


def parts_of(places: Places, where: Cut, gap: float) -> NDArray[np.int8]:
    """Return the part of each row: (rows,)."""
    conditions = [
        places >= where.test,
        places >= where.test - gap,
        places >= where.validation,
        places >= where.validation - gap,
        np.isfinite(places),
    ]
    return np.select(conditions, [TEST, LEFT_OUT, VALIDATION, LEFT_OUT, TRAIN], LEFT_OUT).astype(np.int8)


def blocks(places: Places) -> NDArray[np.int64]:
    """Return the block of neighbours in time that each row is in: (rows,).

    What moves one row moves its neighbours; drawn by the block, rows keep that. Blocks of about the cube root of the
    rows: Hall, Horowitz, Jing 1995, "On blocking rules for the bootstrap with dependent data".
    """
    rank = np.empty(len(places), np.int64)
    rank[np.argsort(places, kind="stable")] = np.arange(len(places))
    found: NDArray[np.int64] = rank // max(1, round(len(places) ** (1 / 3)))
    return found


def _nearest(before: NDArray[np.int64], wanted: float, first: int, last: int) -> int:
    """Return the place from `first` to `last` before which there are most nearly so many rows."""
    return first + int(np.abs(before[first : last + 1] - wanted).argmin())
