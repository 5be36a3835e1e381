"""Redivision: the rows that are not tested -> other divisions of them, by the way that all rows were divided.

It knows nothing about what is learned from them.
"""

from dataclasses import replace

import numpy as np

from training.columns.arrays import Rows
from training.data.accounts import Account
from training.data.division import copies_of_judges
from training.data.prepare import Data, rows_at
from training.data.split import LEFT_OUT, Indices, Split
from training.data.ways.base import Undivided, Way, as_part, as_split
from training.data.ways.by_chance import ByChance
from training.data.ways.registry import WAYS
from training.features.registry import feature_type
from training.options import Options


def untested(data: Data) -> Indices:
    """Return the rows for training and validation, in their order."""
    return np.sort(np.concatenate([data.parts.train, data.parts.validation]))


def random_way(data: Data) -> bool:
    """Say whether rows were split at random."""
    return isinstance(data.table.way, ByChance)


def by_column(data: Data, options: Options, way: str, column: str) -> tuple[Rows, Rows]:
    """Divide the rows that are not tested by a feature in another way: to learn from, and to judge by.

    Raises a DataError where they cannot be so divided.
    """
    table, rows = data.table, untested(data)
    account = Account(column, feature_type(table.types[column]), table.summaries[column])
    other = WAYS[way](options.data, account)
    values = other.values(table.features.iloc[rows])
    y = data.task.encode(table.target)
    share = len(data.parts.validation) / len(rows)
    strata = data.task.strata(y[rows])
    parts = as_split(
        other.deal(Undivided(table.keys[rows], values, lambda: strata, share, share, options.run.seed)).part
    )
    learned = np.sort(np.concatenate([parts.train, parts.validation]))
    units = other.units(values[parts.test])
    found = (rows_at(table, data.features, y, rows[some]) for some in (learned, parts.test))
    train, judged = found
    return replace(train, units=None), replace(judged, units=units)


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
        are_copies=table.are_copies,
    )
    found = [_without_copies(parts, undivided, table.way) for parts in table.way.folds(undivided, count)]
    return [Split(rows[parts.train], rows[parts.validation], rows[parts.test]) for parts in found]


def _without_copies(parts: Split, rows: Undivided, way: Way) -> Split:
    """Return a fold without the rows that are copies of those by which it is judged."""
    if not rows.are_copies:
        return parts
    part = as_part(parts, len(rows))
    return as_split(np.where(copies_of_judges(rows.keys, part, way), LEFT_OUT, part))
