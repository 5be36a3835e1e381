"""Division: the rows of a table -> the part that each belongs to.

    cells ─ a key a row, by its features ─> which rows are equal, or alike ─╮
          ─ a value a row, by the way ──────────────────────────────────────┴─ deal ─> (rows,) part

How rows are dealt out is the way's to know, in `training.data.ways`; what makes rows alike, `training.data.copies`'.
It knows nothing about types or networks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.data.accounts import check_enough
from training.data.cells import Cells
from training.data.copies import Copies, RowKeys
from training.data.filling import Filled
from training.data.split import LEFT_OUT, TEST, TRAIN, VALIDATION, Keys, are_counts
from training.data.ways import registry
from training.data.ways.base import Dealt, Undivided, Way
from training.data.ways.by_chance import different_keys
from training.data.ways.running import Running
from training.options import Options
from training.tasks.base import Task
from training.tasks.parts import Strata


@dataclass(frozen=True)
class Division:
    """Which part each row is in, and what a person should know of it."""

    part: NDArray[np.int8]  # (rows,)
    keys: Keys  # (rows,): rows with one key have equal features, or are copies of each other
    way: Way  # by which they were divided
    dealt: Dealt
    running: tuple[str, ...]  # columns that the rows are in the order of
    rows: RowKeys  # what they have in common
    removed: int  # rows that are equal to one before them, and were left out for that
    copies_removed: int  # rows left out as copies of those that judge
    shared: int  # test rows whose features are those of a training row, where copies are no counts

    @property
    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        account = self.way.account
        column = {} if account is None else {"column": account.name, "type": account.type.name}
        found = {**self.rows.facts, "copies_left_out": self.copies_removed, "shared_test_rows": self.shared}
        counted = {name: count for name, count in found.items() if count}
        return {"way": self.way.name, **column, **self.dealt.facts, **counted}

    @property
    def remarks(self) -> tuple[str, ...]:
        shared = _shared(self.shared, int((self.part == TEST).sum()), alike=self.rows.are_copies)
        left_out = _left_out(self.copies_removed)
        return (*self.dealt.remarks, *self.rows.remarks, *left_out, *shared)


def divide(filled: Filled, names: Sequence[str], task: Task, options: Options) -> Division:
    """Divide the rows, whose features are the columns `names`; raise a DataError where that cannot be."""
    chosen, cells = options.data, filled.cells
    found, running = _read(filled, names, options.run.seed)
    kept = ~found.repeated if chosen.drop_duplicates else np.ones(cells.rows, np.bool_)
    check_enough(int(kept.sum()))
    way = registry.way(chosen, filled.accounts, running)
    rows = Undivided(
        keys=found.keys[kept],
        values=_values(cells, way)[kept],
        strata=partial(_strata, cells, filled.target.name, task, kept),
        validation=chosen.validation_share,
        test=chosen.test_share,
        seed=options.run.seed,
        are_copies=found.are_copies,
    )
    dealt = way.deal(rows)
    copies = copies_of_judges(rows.keys, dealt.part, way) if found.are_copies else np.zeros(len(rows), np.bool_)
    part = np.full(cells.rows, LEFT_OUT, np.int8)
    part[kept] = np.where(copies, LEFT_OUT, dealt.part)
    keys = found.keys.copy()
    keys[kept] = rows.keys if dealt.keys is None else dealt.keys
    return Division(
        part=part,
        keys=keys,
        way=way,
        dealt=dealt,
        running=running,
        rows=found,
        removed=int((~kept).sum()),
        copies_removed=int(copies.sum()),
        shared=0 if way.keeps_equal_rows else _shared_rows(rows, part[kept]),
    )


def in_parts(cells: Cells, division: Division) -> Iterator[tuple[pd.DataFrame, NDArray[np.int8]]]:
    """Give the rows chunk by chunk, with the part of each."""
    start = 0
    for frame in cells.chunks():
        yield frame, division.part[start : start + len(frame)]
        start += len(frame)


def copies_of_judges(keys: Keys, part: NDArray[np.int8], way: Way) -> NDArray[np.bool_]:
    """Say which rows are copies of rows that test, or of those that choose, and are to be left out: (rows,)."""
    if not way.leaves_copies_out:
        return np.zeros(len(keys), np.bool_)
    tested, chosen = (np.isin(keys, keys[part == number]) for number in (TEST, VALIDATION))
    found: NDArray[np.bool_] = np.isin(part, (TRAIN, VALIDATION)) & tested | (part == TRAIN) & chosen
    return found


def _read(filled: Filled, names: Sequence[str], seed: int) -> tuple[RowKeys, tuple[str, ...]]:
    """Return what the rows have in common, and the columns that run with them."""
    types = {name: filled.accounts[name].type for name in names}
    copies, running = Copies(types, filled.target.name, seed), Running(filled.accounts)
    for frame in filled.cells.chunks():
        copies.add(frame)
        running.add(frame)
    return copies.keys(), running.found


def _values(cells: Cells, way: Way) -> NDArray[Any]:
    if way.account is None:  # it goes by no column
        return np.zeros(cells.rows, np.int8)
    return np.concatenate([way.values(frame) for frame in cells.chunks()])


def _strata(cells: Cells, target: str, task: Task, kept: NDArray[np.bool_]) -> Strata | None:
    encoded: list[Any] = [task.encode(frame[target]) for frame in cells.chunks()]
    return task.strata(np.concatenate(encoded)[kept])


def _shared_rows(rows: Undivided, part: NDArray[np.int8]) -> int:
    """Count test rows whose features are those of a training row; where copies are counts, that tells nothing."""
    keys = rows.keys
    if not rows.are_copies and are_counts(different_keys(keys), len(keys)):
        return 0
    return int(np.isin(keys[part == TEST], keys[part == TRAIN]).sum())


def _shared(shared: int, tested: int, *, alike: bool) -> Iterator[str]:
    if shared:
        have = "have the features of a training row" + (", or the letters of its text" if alike else "")
        share = f"{shared:,} of {tested:,} test rows ({shared / tested:.1%})"
        yield f"{share} {have}, which may have given their answers away"


def _left_out(copies: int) -> Iterator[str]:
    if copies:
        yield f"{copies:,} rows were left out: they have the letters of a text that another part is judged by"
