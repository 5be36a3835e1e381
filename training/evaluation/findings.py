"""Findings: what judging a model found, for the card, the report, the manifest and the console."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.columns.arrays import Outputs
    from training.tasks.base import Metrics
    from training.tasks.parts import Mistake


@dataclass(frozen=True)
class Interval:
    """A measured value, and between what the same measurement on other rows of the kind would lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Intervals:
    """How far chance in the choice of the test rows moves each test metric."""

    level: float  # share of the resamples inside, 0.95
    resamples: int
    opponent: str  # the baseline that the shipped graph is compared with, as the scores name it
    shipped: Mapping[str, Interval]  # metric -> of the shipped graph
    difference: Mapping[str, Interval]  # metric -> shipped less the opponent, on the same rows
    remarks: Mapping[str, str] = field(default_factory=dict)  # metric -> why its interval is too narrow to trust

    @property
    def doubts(self) -> dict[str, list[str]]:
        """Remark -> the metrics that it is about."""
        said = self.remarks
        return {remark: [name for name in said if said[name] == remark] for remark in dict.fromkeys(said.values())}


@dataclass(frozen=True)
class Folds:
    """The same training on other divisions of the training and validation rows."""

    scores: "tuple[Metrics, ...]"  # one a fold, of rows that its fit has not seen

    def values(self, metric: str) -> list[float]:
        return [found[metric] for found in self.scores]

    def mean(self, metric: str) -> float:
        return statistics.fmean(self.values(metric))

    def spread(self, metric: str) -> float:
        """Return the standard deviation over the folds."""
        return statistics.stdev(self.values(metric))


@dataclass(frozen=True)
class Importance:
    """How much of a metric is lost when a feature's values are dealt out anew among the validation rows."""

    feature: str
    loss: Interval  # of the metric; at or below zero: the feature is not needed

    @property
    def is_needed(self) -> bool:
        return self.loss.low > 0


@dataclass(frozen=True)
class Selection:
    """What became of leaving out the features that are not needed."""

    metric: str
    dropped: tuple[str, ...]  # what the second fit went without; empty: there was nothing to leave out, or all
    before: float  # on the validation rows, with all features
    after: float | None  # without them; None: nothing was fitted again
    kept: bool  # whether the smaller model goes on


@dataclass(frozen=True)
class Slice:
    """Test rows with something in common, and how good the shipped graph is on them."""

    feature: str
    values: str  # "Private", "27 to 34", "missing"
    rows: int
    metric: Interval
    is_worse: bool  # the whole's value lies beyond the interval's better end


@dataclass(frozen=True)
class Slices:
    """Slices of the test rows, the worst first."""

    metric: str
    whole: float  # on all test rows
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class ShownMistake:
    """A wrong answer to a validation row, and what a person can judge it by."""

    mistake: "Mistake"
    values: Mapping[str, str]  # feature -> its value, in words


@dataclass(frozen=True, kw_only=True)
class Findings:
    """How good the shipped graph is, beside what, where not, and by which features."""

    scores: "Mapping[str, Metrics]"  # model -> its metrics on the test split
    outputs: "Outputs"  # of the shipped graph, for the test rows
    intervals: Intervals | None = None
    unproven: str = ""  # that the shipped graph may be no better than answers that know no feature
    folds: Folds | None = None  # None: not asked for
    importances: tuple[Importance, ...] = ()  # the most important first
    importance_metric: str = ""  # the task's main metric
    errors: tuple[str, ...] = ()  # metrics of which less is better
    account: Mapping[str, Any] = field(default_factory=dict)  # what the task says beyond metrics, for the manifest
    opponents: Mapping[str, str] = field(default_factory=dict)  # model -> what was chosen for it, and left out
    selection: Selection | None = None  # None: not asked for
    slices: Slices | None = None
    mistakes: tuple[
        ShownMistake, ...
    ] = ()  # the surest first; empty, too, where nobody could judge them by their values
