"""By group: no group, such as a customer, stands in two parts, so that what is measured is about new groups.

    groups in an order by chance, class by class ─ deal ─> test until its share of the rows is reached, then validation

A group counts as of the rarest class that it has, so that each part gets some of each. Rows without a group are groups
of their own. It knows nothing about what a group is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.hashes import hashes
from training.columns.values import is_missing
from training.data.roles import GROUP
from training.data.split import TEST, TRAIN, VALIDATION, Indices, Split
from training.data.ways.base import PARTS, Dealt, Undivided, Way, as_split, check_classes
from training.errors import DataError
from training.options.rooms import DataOptions
from training.rendering.markdown import code
from training.tasks.parts import Strata

FLAG = "--group-column"
NONE = np.uint64(0)  # stands for a missing group
FEWEST = len(PARTS)


@dataclass(frozen=True)
class Groups:
    """The groups of some rows."""

    of: Indices  # (rows,) number of each row's group
    rows: Indices  # (groups,) rows of each
    stratum: Indices  # (groups,) its class

    def __len__(self) -> int:
        return len(self.rows)


class ByGroup(Way):
    """See `training.data.ways.base.Way`."""

    name = "group"
    role = GROUP
    draws_units = True
    leaves_copies_out = True

    @classmethod
    def checked(cls, chosen: DataOptions) -> None:
        if chosen.group_column is None:
            raise DataError(f"`--split`: expected {FLAG} NAME beside `group`. Received: no column.")

    def values(self, frame: pd.DataFrame) -> NDArray[np.uint64]:
        cells = frame[self.column].to_numpy()
        return np.where(is_missing(cells), NONE, hashes(cells) | np.uint64(1))

    def deal(self, rows: Undivided) -> Dealt:
        strata = rows.strata()
        groups = grouped(rows.values, strata)
        if len(groups) < FEWEST:
            raise DataError(f"`{FLAG}`: expected at least {FEWEST} groups in {self.column!r}. Received: {len(groups)}.")
        random = np.random.default_rng(rows.seed)
        taken = np.full(len(groups), TRAIN, np.int8)  # (groups,)
        taken[dealt(groups, taken == TRAIN, rows.test, random, spare=2)] = TEST
        taken[dealt(groups, taken == TRAIN, rows.validation, random, spare=1)] = VALIDATION
        part = taken[groups.of]
        check_classes(as_split(part), strata, FLAG)
        counts = {name: int((taken == number).sum()) for name, number in PARTS.items()}
        without = int((rows.values == NONE).sum())
        each = [f"{without:,} rows without a value of {code(self.column)} are groups of their own"] if without else []
        facts = {"groups": counts, "rows_without_group": without}
        return Dealt(part, self._said(counts), facts, tuple(each))

    def folds(self, rows: Undivided, count: int) -> list[Split]:
        strata = rows.strata()
        groups = grouped(rows.values, strata)
        if len(groups) < max(count, FEWEST):
            raise DataError(
                f"`--folds`: expected at least {max(count, FEWEST)} groups of {self.column!r} outside the test split. "
                f"Received: {len(groups)}."
            )
        random = np.random.default_rng(rows.seed)
        fold = in_turn(groups, count, random)  # (groups,)
        found = []
        for number in range(count):
            taken = np.where(fold == number, TEST, TRAIN).astype(np.int8)
            share = rows.validation * float(groups.rows[taken == TRAIN].sum()) / len(rows)
            taken[dealt(groups, taken == TRAIN, share, random, spare=1)] = VALIDATION
            found.append(as_split(taken[groups.of]))
            check_classes(found[-1], strata, "--folds")
        return found

    def units(self, values: NDArray[Any]) -> NDArray[np.int64]:
        return _numbered(values)

    def _said(self, counts: dict[str, int]) -> str:
        return (
            f"Rows were split by group ({code(self.column)}), none of which stands in two parts; groups for training: "
            f"{counts['train']:,}, for validation: {counts['validation']:,}, for test: {counts['test']:,}."
        )


def grouped(values: NDArray[np.uint64], strata: Strata | None) -> Groups:
    """Number the groups, and find the rarest class of each."""
    of = _numbered(values)
    rows = np.bincount(of)
    if strata is None:
        return Groups(of, rows, np.zeros(len(rows), np.int64))
    rarity = np.empty(len(strata.names), np.int64)  # 0: the rarest class
    rarity[np.argsort(np.bincount(strata.of, minlength=len(strata.names)), kind="stable")] = np.arange(len(rarity))
    stratum = np.full(len(rows), len(rarity))
    np.minimum.at(stratum, of, rarity[strata.of])
    return Groups(of, rows, stratum)


def dealt(groups: Groups, free: NDArray[np.bool_], share: float, random: np.random.Generator, spare: int) -> Indices:
    """Draw groups that together have about a share of all rows, class by class; leave some of each class where it can.

    What one class has too much or too little of, the next one makes up for. A group that is larger than all that is
    wanted comes last, the largest at the very end.
    """
    chosen: list[Indices] = []
    wanted = 0.0
    large = share * groups.rows.sum()
    for stratum in np.unique(groups.stratum):
        its = groups.stratum == stratum
        wanted += share * float(groups.rows[its].sum())
        order = random.permutation(np.flatnonzero(its & free))
        order = order[np.argsort(np.maximum(groups.rows[order] - large, 0), kind="stable")]
        middle = np.cumsum(groups.rows[order]) - groups.rows[order] / 2
        count = int(np.searchsorted(middle, wanted))
        count = int(np.clip(count, min(1, len(order)), max(len(order) - spare, 0)))
        chosen.append(order[:count])
        wanted -= float(groups.rows[order[:count]].sum())
    found = np.concatenate(chosen)
    if not len(found):  # of classes with a group or two each
        found = np.flatnonzero(free)[[int(groups.rows[free].argmin())]]
    return found


def in_turn(groups: Groups, count: int, random: np.random.Generator) -> Indices:
    """Deal groups out to folds by turns, class by class and the large ones first: (groups,)."""
    order = np.lexsort((random.random(len(groups)), -groups.rows, groups.stratum))
    turn = np.arange(len(groups)) % (2 * count)  # there and back again, so that no fold always gets the larger one
    fold = np.empty(len(groups), np.int64)
    fold[order] = np.minimum(turn, 2 * count - 1 - turn)
    return fold


def _numbered(values: NDArray[np.uint64]) -> Indices:
    """Number groups in order of appearance; each row without one has a number of its own: (rows,)."""
    number, names = pd.factorize(values)
    alone = np.flatnonzero(values == NONE)
    number[alone] = len(names) + np.arange(len(alone))
    return np.unique(number, return_inverse=True)[1]
