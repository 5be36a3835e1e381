"""Division: the rows of a table -> the part that each belongs to.

    cells ─ a key a row, by its features ─> equal rows, equal features ─ split ─> (rows,) part

Up to `EXACT_ROWS` rows every part has its share of each class; beyond, a row's part follows from its key alone, so that
nothing but a hash a row stands in memory. It knows nothing about types or networks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.sources.tally import Different
from training.data.accounts import check_enough, hashes
from training.data.cells import Cells
from training.data.split import TEST, TRAIN, VALIDATION, Keys, are_counts, drawn, split
from training.options import Options
from training.tasks.base import Task
from training.tasks.parts import Strata

EXACT_ROWS = 4_000_000
LEFT_OUT = -1  # a row that is equal to one before it, where such are not wanted


@dataclass(frozen=True)
class Division:
    """Which part each row is in, and what a person should know of it."""

    part: NDArray[np.int8]  # (rows,)
    keys: Keys  # (rows,): rows with one key stand in one part
    repeated: int  # rows that are equal to one before them
    removed: int  # of them, those that were left out
    remarks: tuple[str, ...]


def divide(cells: Cells, names: Sequence[str], target: str, task: Task, options: Options) -> Division:
    """Divide the rows by their cells in the columns `names`; raise a DataError for too few of them."""
    seed, chosen = options.run.seed, options.data
    keys, whole = _keys(cells, names, target, seed)
    first = _first(whole)  # (rows,)
    kept = first if chosen.drop_duplicates else np.ones(len(keys), np.bool_)
    check_enough(int(kept.sum()))
    different = len(pd.unique(keys[kept])) if len(keys) <= EXACT_ROWS else _estimate(keys[kept])
    remarks = []
    if are_counts(different, int(kept.sum())):
        remarks.append(
            f"The {kept.sum():,} rows have only {different:,} combinations of features: copies are counts, so the "
            "rows were split at random"
        )
        keys = mixed([np.arange(len(keys), dtype=np.uint64)], seed, len(keys))
    part = np.full(len(keys), LEFT_OUT, np.int8)
    shares = {"validation": chosen.validation_share, "test": chosen.test_share}
    if len(keys) > EXACT_ROWS:
        part[kept] = drawn(keys[kept], **shares)
    else:
        parts = split(keys[kept], strata=_strata(cells, target, task, kept), seed=seed, **shares)
        rows = np.flatnonzero(kept)
        part[rows[parts.train]], part[rows[parts.validation]], part[rows[parts.test]] = TRAIN, VALIDATION, TEST
    repeated = int((~first).sum())
    return Division(part, keys, repeated, repeated if chosen.drop_duplicates else 0, tuple(remarks))


def in_parts(cells: Cells, division: Division) -> Iterator[tuple[pd.DataFrame, NDArray[np.int8]]]:
    """Give the rows chunk by chunk, with the part of each."""
    start = 0
    for frame in cells.chunks():
        yield frame, division.part[start : start + len(frame)]
        start += len(frame)


def mixed(columns: Sequence[Keys], seed: int, rows: int) -> Keys:
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


def _keys(cells: Cells, names: Sequence[str], target: str, seed: int) -> tuple[Keys, Keys]:
    """Return a key of each row's features, and one with its target in it as well."""
    keys, whole = [], []
    for frame in cells.chunks():
        columns = [hashes(frame[name].to_numpy()) for name in names]
        keys.append(mixed(columns, seed, len(frame)))
        whole.append(mixed([keys[-1], hashes(frame[target].to_numpy())], seed, len(frame)))
    none = [np.empty(0, np.uint64)]
    return np.concatenate(keys or none), np.concatenate(whole or none)


def _first(keys: Keys) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = ~pd.Series(keys).duplicated().to_numpy()
    return found


def _estimate(keys: Keys) -> int:
    different = Different()
    different.add(keys)
    return different.count(len(keys))


def _strata(cells: Cells, target: str, task: Task, kept: NDArray[np.bool_]) -> Strata | None:
    encoded: list[Any] = [task.encode(frame[target]) for frame in cells.chunks()]
    return task.strata(np.concatenate(encoded)[kept])
