"""By chance: every part has its share of each class, and rows with equal features stand in one part.

Where the rows have few different combinations of features, copies are counts, and each row is dealt out by itself.
Beyond `EXACT_ROWS`, a row's part follows from its key alone, so that nothing but a hash a row stands in memory.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.sources.tally import Different
from training.data.accounts import mixed
from training.data.split import Keys, Split, are_counts, drawn, folds, split
from training.data.ways.base import Dealt, Undivided, Way, as_part

EXACT_ROWS = 4_000_000


class ByChance(Way):
    """See `training.data.ways.base.Way`."""

    name = "random"
    keeps_equal_rows = True

    def values(self, frame: pd.DataFrame) -> NDArray[np.int8]:
        return np.zeros(len(frame), np.int8)

    def deal(self, rows: Undivided) -> Dealt:
        different = different_keys(rows.keys)
        keys, remarks = rows.keys, []
        if not rows.are_copies and are_counts(different, len(rows)):
            remarks.append(
                f"The {len(rows):,} rows have only {different:,} combinations of features: copies are counts, so the "
                "rows were split at random"
            )
            keys = each_its_own(len(rows), rows.seed)
        shares = {"validation": rows.validation, "test": rows.test}
        if len(rows) > EXACT_ROWS:
            part = drawn(keys, **shares)
        else:
            part = as_part(split(keys, strata=rows.strata(), seed=rows.seed, **shares), len(rows))
        return Dealt(part, "Rows were split at random.", remarks=tuple(remarks), keys=keys)

    def folds(self, rows: Undivided, count: int) -> list[Split]:
        return chance_folds(rows, count)


def chance_folds(rows: Undivided, count: int) -> list[Split]:
    """Divide rows at random so often that each is tested once."""
    return folds(rows.keys, strata=rows.strata(), count=count, validation=rows.validation, seed=rows.seed)


def different_keys(keys: Keys) -> int:
    """Return how many combinations of features there are, about so many of very many rows."""
    if len(keys) <= EXACT_ROWS:
        return len(pd.unique(keys))
    different = Different()
    different.add(keys)
    return different.count(len(keys))


def each_its_own(rows: int, seed: int) -> Keys:
    """Return a key for each row that no other has."""
    return mixed([np.arange(rows, dtype=np.uint64)], seed, rows)
