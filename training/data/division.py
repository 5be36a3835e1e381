"""Division: the rows of a table -> the part that each belongs to.

    cells ─ a key a row, by its features ─> which rows are equal ─╮
          ─ a value a row, by the way ────────────────────────────┴─ deal ─> (rows,) part

How rows are dealt out is the way's to know, in `training.data.ways`. It knows nothing about types or networks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.data.accounts import Account, check_enough, hashes, mixed
from training.data.cells import Cells
from training.data.filling import Filled
from training.data.split import LEFT_OUT, TEST, TRAIN, Keys, are_counts
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
    keys: Keys  # (rows,): rows with one key have equal features
    way: Way  # by which they were divided
    dealt: Dealt
    running: tuple[str, ...]  # columns that the rows are in the order of
    repeated: int  # rows that are equal to one before them
    removed: int  # of them, those that were left out
    shared: int  # test rows whose features are those of a training row, where copies are no counts

    @property
    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        account = self.way.account
        column = {} if account is None else {"column": account.name, "type": account.type.name}
        shared = {"shared_test_rows": self.shared} if self.shared else {}
        return {"way": self.way.name, **column, **self.dealt.facts, **shared}

    @property
    def remarks(self) -> tuple[str, ...]:
        return (*self.dealt.remarks, *_shared(self.shared, int((self.part == TEST).sum())))


def divide(filled: Filled, names: Sequence[str], task: Task, options: Options) -> Division:
    """Divide the rows, whose features are the columns `names`; raise a DataError where that cannot be."""
    seed, chosen, cells = options.run.seed, options.data, filled.cells
    keys, whole, running = _read(cells, names, filled.target.name, seed, filled.accounts)
    first = ~pd.Series(whole).duplicated().to_numpy()  # (rows,)
    kept = first if chosen.drop_duplicates else np.ones(len(keys), np.bool_)
    check_enough(int(kept.sum()))
    way = registry.way(chosen, filled.accounts, running)
    rows = Undivided(
        keys=keys[kept],
        values=_values(cells, way)[kept],
        strata=partial(_strata, cells, filled.target.name, task, kept),
        validation=chosen.validation_share,
        test=chosen.test_share,
        seed=seed,
    )
    dealt = way.deal(rows)
    part = np.full(len(keys), LEFT_OUT, np.int8)
    part[kept] = dealt.part
    shared = 0 if way.keeps_equal_rows else _shared_rows(rows.keys, dealt.part)
    keys[kept] = rows.keys if dealt.keys is None else dealt.keys
    repeated = int((~first).sum())
    return Division(part, keys, way, dealt, running, repeated, repeated if chosen.drop_duplicates else 0, shared)


def in_parts(cells: Cells, division: Division) -> Iterator[tuple[pd.DataFrame, NDArray[np.int8]]]:
    """Give the rows chunk by chunk, with the part of each."""
    start = 0
    for frame in cells.chunks():
        yield frame, division.part[start : start + len(frame)]
        start += len(frame)


def _read(
    cells: Cells, names: Sequence[str], target: str, seed: int, accounts: Mapping[str, Account]
) -> tuple[Keys, Keys, tuple[str, ...]]:
    """Return a key of each row's features, one of its target as well, and the columns that run with the rows."""
    keys, whole, running = [], [], Running(accounts)
    for frame in cells.chunks():
        columns = [hashes(frame[name].to_numpy()) for name in names]
        keys.append(mixed(columns, seed, len(frame)))
        whole.append(mixed([keys[-1], hashes(frame[target].to_numpy())], seed, len(frame)))
        running.add(frame)
    none = [np.empty(0, np.uint64)]
    return np.concatenate(keys or none), np.concatenate(whole or none), running.found


def _values(cells: Cells, way: Way) -> NDArray[Any]:
    if way.account is None:  # it goes by no column
        return np.zeros(cells.rows, np.int8)
    return np.concatenate([way.values(frame) for frame in cells.chunks()])


def _strata(cells: Cells, target: str, task: Task, kept: NDArray[np.bool_]) -> Strata | None:
    encoded: list[Any] = [task.encode(frame[target]) for frame in cells.chunks()]
    return task.strata(np.concatenate(encoded)[kept])


def _shared_rows(keys: Keys, part: NDArray[np.int8]) -> int:
    """Count test rows whose features are those of a training row; where copies are counts, that tells nothing."""
    if are_counts(different_keys(keys), len(keys)):
        return 0
    return int(np.isin(keys[part == TEST], keys[part == TRAIN]).sum())


def _shared(shared: int, tested: int) -> Iterator[str]:
    if shared:
        yield (
            f"{shared:,} of {tested:,} test rows ({shared / tested:.1%}) have the features of a training row, which "
            "may have given their answers away"
        )
