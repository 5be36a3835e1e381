"""Fitting: the opponents that a task names -> baselines, by what the features hold.

    trivial      what the training target alone says: the majority or the mean
    opponents    models of scikit-learn that the task names: for columns, for texts, for both

Each is fitted on the training rows, which is all it needs before the test rows are touched; what is chosen is chosen by
validation rows. It knows nothing about Keras or ONNX, and nothing of it is ever served.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from training.columns.arrays import Rows
from training.evaluation.baselines import columns, texts
from training.evaluation.baselines.baseline import TRIVIAL, Baseline, Fit, Material
from training.features.base import Tabular
from training.features.features import Features
from training.tasks.base import Task
from training.tasks.parts import Form, Opponent


@dataclass(frozen=True)
class Way:
    """How opponents of one form are fitted, and whether there is something that they can read."""

    fit: Fit
    reads: Callable[[Tabular], bool]


WAYS: Mapping[Form, Way] = {
    "scaled": Way(columns.scaled, lambda table: not table.texts.shape[1]),
    "ordinal": Way(columns.ordinal, lambda table: bool(table.numbers.shape[1] + table.names.shape[1])),
    "tfidf": Way(texts.fitted, lambda table: bool(table.texts.shape[1])),
}


def fitted(
    task: Task, features: Features, train: Rows, seed: int, validation: Rows | None = None
) -> dict[str, Baseline]:
    """Fit all of them; what a task chooses by validation rows of the network's answers is chosen of theirs as well."""
    material, there = Material(task, features, train, seed, validation), standing(task, features, train)
    found = {TRIVIAL: Baseline(lambda rows: task.trivial(len(rows)))}
    for form in dict.fromkeys(one.form for one in there):
        found |= WAYS[form].fit([one for one in there if one.form == form], material)
    ordered = {name: found[name] for name in (TRIVIAL, *(one.name for one in there))}
    return ordered if validation is None else {name: _settled(task, one, validation) for name, one in ordered.items()}


def standing(task: Task, features: Features, rows: Rows) -> tuple[Opponent, ...]:
    """Return the opponents that can read what the features hold, the strongest last."""
    table = features.table(rows.first(1).arrays)
    return tuple(one for one in task.opponents if WAYS[one.form].reads(table))


def reference(opponent: Opponent, task: Task, features: Features, train: Rows, seed: int) -> Baseline:
    """Fit one opponent alone."""
    return WAYS[opponent.form].fit([opponent], Material(task, features, train, seed))[opponent.name]


def _settled(task: Task, baseline: Baseline, validation: Rows) -> Baseline:
    own = task.settled(lambda: baseline(validation), validation)
    return replace(baseline, answer=lambda rows: own.decided(baseline(rows)))
