"""Leakage: features that alone predict the target almost perfectly, and so may be known only after it.

The rule is a small decision tree on what a feature is in numbers, and the mean of each of its names.
It knows nothing about networks; nothing is dropped, for only a person knows when a value becomes known.
Kaufman et al., "Leakage in data mining: formulation, detection, and avoidance", 2012.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.arrays import Outputs, Rows, spread_places
from training.data.prepare import Data
from training.evaluation.bootstrap import exactly
from training.features.features import Features
from training.rendering.markdown import code
from training.tasks.base import Task
from training.tasks.parts import LeakRule

MAX_ROWS = 50_000  # of the training rows that a rule is made from, and of the validation rows that judge it
LEAVES = 64
LEAF_ROWS = 5
MIN_ROWS = 50  # of validation; fewer are told apart by chance, as the three kinds of iris are by one leaf


@dataclass(frozen=True)
class Suspect:
    """A feature that alone answers nearly as well as the target itself would."""

    feature: str
    metric: str
    value: float  # on the validation rows

    def __str__(self) -> str:
        return (
            f"{code(self.feature)} alone predicts the target almost perfectly ({self.metric} {self.value:.4f} on "
            f"validation rows). If it is known only after the target, leave it out: --drop {self.feature}"
        )


def warned(data: Data) -> Data:
    """Look for features that give the target away, and warn of them before all else."""
    leaks = suspects(data.task, data.features, data.train, data.validation)
    return replace(data, warnings=(*map(str, leaks), *data.warnings))


def suspects(task: Task, features: Features, train: Rows, validation: Rows) -> tuple[Suspect, ...]:
    """Return the features to be suspicious of, those that predict best first."""
    rule = task.leak_rule()
    if rule is None or len(validation) < MIN_ROWS:
        return ()
    learned, judged = (_some(rows) for rows in (train, validation))
    found = []
    for name, outputs in _answers(task, rule, features, learned, judged):
        value = exactly(task, judged, outputs, rule.metric)
        if value >= rule.least:
            found.append(Suspect(name, rule.metric, value))
    return tuple(sorted(found, key=lambda suspect: -suspect.value))


def _some(rows: Rows) -> Rows:
    if len(rows) <= MAX_ROWS:
        return rows
    return rows.take(spread_places(len(rows), MAX_ROWS))


def _answers(
    task: Task, rule: LeakRule, features: Features, train: Rows, judged: Rows
) -> Iterator[tuple[str, Outputs]]:
    truth, weights = rule.truth(train.y), train.weights  # (rows, width), (rows,)
    for name in features.order:
        known, asked = features.tabular(name, train.arrays), features.tabular(name, judged.arrays)
        if known.numbers.size:
            tree = rule.tree(max_leaf_nodes=LEAVES, min_samples_leaf=LEAF_ROWS, random_state=0)
            model = tree.fit(_in_32_bits(known.numbers, known.numbers), train.y, sample_weight=weights)
            yield name, task.answered_by(model, _in_32_bits(asked.numbers, known.numbers))
        for known_names, asked_names in zip(known.names.T, asked.names.T, strict=True):
            yield name, {rule.output: _by_value(known_names, truth, weights, asked_names)}


def _in_32_bits(asked: NDArray[Any], known: NDArray[Any]) -> NDArray[np.float32]:
    """Return numbers as scikit-learn's trees round them: doubles by their places among the known ones."""
    if known.dtype == np.float32:
        return asked
    return np.stack([_places(*pair) for pair in zip(asked.T, known.T, strict=True)], axis=1)


def _places(asked: NDArray[Any], known: NDArray[Any]) -> NDArray[np.float32]:
    """Return where numbers lie among the different ones that are known, between two of them as near as to each."""
    different = np.unique(known[np.isfinite(known)])
    if not len(different):
        return np.full(len(asked), np.nan, np.float32)
    found = np.interp(asked, different, np.arange(len(different)))
    return np.where(np.isnan(asked), np.nan, found).astype(np.float32)


def _by_value(
    known: NDArray[Any], truth: NDArray[Any], weights: NDArray[np.float64] | None, asked: NDArray[Any]
) -> NDArray[np.float64]:
    """Answer with the mean of the training rows of the same value, and for an unseen one with that of all."""
    each = np.ones(len(truth)) if weights is None else weights
    sums = pd.DataFrame(np.column_stack([truth * each[:, None], each])).groupby(known).sum()
    means = sums.iloc[:, :-1].div(sums.iloc[:, -1], axis=0)  # (values, width)
    return means.reindex(asked).fillna(pd.Series(each @ truth / each.sum())).to_numpy(np.float64)
