"""Redivision: the rows that are not tested -> other divisions of them, by the way that all rows were divided.

It knows nothing about what is learned from them.
"""

import numpy as np

from training.data.prepare import Data
from training.data.split import Indices, Split
from training.data.ways.base import Undivided


def untested(data: Data) -> Indices:
    """Return the rows for training and validation, in their order."""
    return np.sort(np.concatenate([data.parts.train, data.parts.validation]))


def folds(data: Data, count: int, seed: int) -> list[Split]:
    """Divide the rows that are not tested so often; raise a DataError where they are too few."""
    table, rows = data.table, untested(data)
    y = data.task.encode(table.target.iloc[rows])
    undivided = Undivided(
        keys=table.keys[rows],
        values=table.values[rows],
        strata=lambda: data.task.strata(y),
        validation=len(data.parts.validation) / len(rows),
        test=0.0,
        seed=seed,
    )
    found = table.way.folds(undivided, count)
    return [Split(rows[parts.train], rows[parts.validation], rows[parts.test]) for parts in found]
