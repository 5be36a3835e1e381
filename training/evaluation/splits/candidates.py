"""Candidates: columns that rows may have to be split by, judged by what stands in them.

    a column that runs with the rows           ─> by time
    an id that repeats and predicts the target ─> by group

It fits nothing but means; whether a split by one of them would give another figure is for `check` to find.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.arrays import Rows
from training.data.prepare import Data
from training.features.registry import feature_type

LEAST_DIFFERENT = 20  # values of an id
LEAST_ROWS = 2.0  # of a value, on the average
LEAST_SHARE = 0.005  # of different values among the rows; with fewer, it is a kind and no id
LEAST_CORRELATION = 0.1  # of the mean by value and the target, on validation rows
LEAST_ERRORS = 4.0  # and in standard errors of a correlation of nothing
OWN = 1.25  # times as much must a number's own mean say as that of its neighbours; else it is a quantity

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """A column, and the way that it asks for."""

    column: str
    way: str
    flag: str
    because: str
    meant: str  # for which rows
    is_feature: bool  # under that split as well; an id says nothing of others


def candidates(data: Data) -> Iterator[Candidate]:
    """Yield the column of time, if there is one, and then ids, those that say most of the target first."""
    for name in [name for name in data.table.running if name in data.table.types][:1]:
        yield Candidate(name, "time", "--time-column", "runs with the rows", "rows to come", is_feature=True)
    because = "repeats, and its values predict the target"
    for name in _ids(data):
        yield Candidate(name, "group", "--group-column", because, "new values of it", is_feature=False)


def _ids(data: Data) -> list[str]:
    rule = data.task.leak_rule()
    if rule is None or len(data.features.order) < 2:  # nothing would be left to learn from
        return []
    said = {}
    for name in data.features.order:
        known, asked = (_as_id(data, name, rows) for rows in (data.train, data.validation))
        if known is not None and asked is not None and _repeats(known):
            said[name] = _correlation(known, asked, rule.truth(data.train.y), rule.truth(data.validation.y))
    least = max(LEAST_CORRELATION, LEAST_ERRORS / np.sqrt(max(len(data.validation), 1)))
    return sorted((name for name in said if said[name] >= least), key=lambda name: -said[name])


def _as_id(data: Data, name: str, rows: Rows) -> pd.Series | None:
    """Return a column of names or of whole numbers, with NaN for missing; None where it is something else."""
    if feature_type(data.table.types[name]).measures_time:
        return None
    found = data.features.tabular(name, rows.arrays)
    if found.names.shape[1] == 1:
        names = pd.Series(found.names[:, 0], dtype=object)
        return names.where(names != "")
    if found.numbers.shape[1] != 1:
        return None
    numbers = pd.Series(found.numbers[:, 0].astype(np.float64))
    return numbers if (numbers.dropna() % 1 == 0).all() else None


def _repeats(values: pd.Series) -> bool:
    present, different = int(values.notna().sum()), values.nunique()
    return bool(
        different >= LEAST_DIFFERENT and present >= LEAST_ROWS * different and different >= LEAST_SHARE * present
    )


def _correlation(known: pd.Series, asked: pd.Series, truth: Floats, asked_truth: Floats) -> float:
    """Return how the mean of a value's rows goes with the truth of further ones; 0 for a number that is a quantity."""
    means = pd.DataFrame(np.asarray(truth, np.float64)).groupby(known.to_numpy()).mean()  # (values, width), sorted
    own = _best(means, asked, asked_truth)
    if known.dtype != object:
        beside = (means.shift(1) + means.shift(-1)) / 2
        if own < OWN * _best(beside, asked, asked_truth):
            return 0.0
    return own


def _best(means: pd.DataFrame, asked: pd.Series, truth: Floats) -> float:
    """Return the largest correlation of a column of the truth with what the means say of it."""
    answers = means.reindex(asked.to_numpy()).to_numpy(np.float64)  # (rows, width)
    known = np.isfinite(answers).all(axis=1)
    found = [0.0]
    for answer, true in zip(answers[known].T, np.asarray(truth, np.float64)[known].T, strict=True):
        if answer.std() > 0 and true.std() > 0:
            found.append(float(np.corrcoef(answer, true)[0, 1]))
    return max(found)
