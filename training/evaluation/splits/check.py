"""Check: what the strongest opponent is found to be worth, split at random and split by a candidate's column.

    training and validation rows ─┬─ as they were split at random ─> fit, judge ─╮
                                  └─ by time, or by group ─────────> fit, judge ─┴─> a warning, where they differ

A person decides; what is shown is the difference, where it is more than the two intervals hold. The test rows have no
part in it. It knows nothing about how rows are divided.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from training.columns.arrays import Rows, spread_places
from training.data.prepare import Data
from training.data.redivision import by_column, random_way
from training.errors import DataError
from training.evaluation.baselines import reference, standing
from training.evaluation.bootstrap import draws, exactly, interval, unit_count
from training.evaluation.findings import Interval
from training.evaluation.splits.candidates import Candidate, candidates
from training.features.features import Features
from training.options import Options
from training.rendering.markdown import code, number
from training.tasks.parts import Opponent

MOST = 3  # candidates that are looked at
LEARNED_ROWS, JUDGED_ROWS = 15_000, 5_000  # at most
RESAMPLES = 300


@dataclass(frozen=True)
class Difference:
    """The same model under two splits."""

    candidate: Candidate
    model: str
    metric: str
    random: Interval
    other: Interval

    @property
    def is_told(self) -> bool:
        """Say whether the split at random gives more than chance in the rows explains."""
        return self.random.low > self.other.high

    def __str__(self) -> str:
        one = self.candidate
        flags = shlex.join(["--split", one.way, one.flag, one.column])
        return (
            f"{code(one.column)} {one.because}: split at random, {self.model} has {self.metric} {_shown(self.random)}; "
            f"by {one.way} {_shown(self.other)} (on training and validation rows). For {one.meant}, say {code(flags)}"
        )


def warned(data: Data, options: Options) -> Data:
    """Look for a split that gives another figure, and warn of it before all else."""
    if not random_way(data) or not data.task.opponents:
        return data
    told = [str(found) for found in differences(data, options) if found.is_told]
    return replace(data, warnings=(*told, *data.warnings))


def differences(data: Data, options: Options) -> Iterator[Difference]:
    """Judge the reference model under both splits, for each candidate that can be split by."""
    model, metric, seed = standing(data.task, data.features, data.train)[-1], data.task.main_metric, options.run.seed
    at_random: Interval | None = None
    for candidate in islice(candidates(data), MOST):
        try:
            train, judged, features = _otherwise(data, candidate, options)
        except DataError:  # too few groups, or a class that one side lacks
            continue
        at_random = at_random or _judged(data, model, data.features, data.train, data.validation, seed)
        other = _judged(data, model, features, train, judged, seed)
        yield Difference(candidate, model.title, metric, at_random, other)


def _otherwise(data: Data, candidate: Candidate, options: Options) -> tuple[Rows, Rows, Features]:
    """Divide the rows by a candidate, which may be no feature then."""
    train, judged = by_column(data, options, candidate.way, candidate.column)
    if candidate.is_feature:
        return train, judged, data.features
    dropped = [candidate.column]
    without = [replace(rows, arrays=data.features.arrays_without(dropped, rows.arrays)) for rows in (train, judged)]
    return without[0], without[1], data.features.without(dropped)


def _judged(data: Data, model: Opponent, features: Features, train: Rows, judged: Rows, seed: int) -> Interval:
    """Fit a model on some rows, and judge it on others."""
    task, metric = data.task, data.task.main_metric
    some, rows = _some(train, LEARNED_ROWS), _some(judged, JUDGED_ROWS)
    answers = reference(model, task, features, some, seed)(rows)
    (drawn,) = draws(task, rows, (answers,), RESAMPLES, seed, metric)
    return interval(exactly(task, rows, answers, metric), drawn[metric], unit_count(rows))


def _some(rows: Rows, most: int) -> Rows:
    return rows if len(rows) <= most else rows.take(spread_places(len(rows), most))


def _shown(found: Interval) -> str:
    return f"{number(found.value)} [{number(found.low)}, {number(found.high)}]"
