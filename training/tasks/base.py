"""Task: the seam between what is asked and how it is learned.

    target column ─ certainty, of ─> Task ─ encode ─> y ─ fit_to ─> the same with what the training rows say
    Task ─┬─ width, loss, finish, or a whole network of its own           build and fit
          ├─ adjustment                                                   calibrate
          ├─ evaluate, weighted, opponents, leak_rule                     judge
          └─ answer, bins, plots and sentences                            write

Outputs are named as those of the served graph. Every stage works through this class and knows no task by name;
`training/tasks/registry.py` finds them. What has an answer here need not be said by a task.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.sources.tally import DATES, NUMBERS, TRUTHS, WORDS, Tally
from training.calibration.adjustment import Adjustment
from training.columns.arrays import Outputs, Rows
from training.columns.values import floats, texts
from training.options import Options
from training.options.rooms import Precision
from training.rendering.picture import Picture
from training.tasks.parts import LeakRule, Mistake, Opponent, Output, Strata
from training.tasks.truths import TargetColumn, clean_texts
from training.tasks.weighted import Judged, Weights, one_by_one

Metrics = dict[str, float]  # name -> value, on the rows that were judged
RowWeights = NDArray[np.float64] | None  # (rows,) how much each counts; None: all alike
# Relative to the answer's unit (1 for a probability, a standard deviation for a number).
# fp32: other processors add in another order; fp16 keeps its weights in 16 bits and computes alike in 32.
# int8: their kernels round differently, and one step of an activation in 255 that falls to the other side moves the
# answer visibly, though its label hardly ever.
TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "fp16": 1e-4, "int8-dynamic": 0.02, "int8-static": 0.02}


class Task(ABC):
    """What the stages ask of a task."""

    has_own_network: ClassVar[bool] = False  # `wire` stands in the place of the house's hidden layers
    takes: ClassVar[frozenset[str]] = frozenset({NUMBERS, TRUTHS, WORDS})  # kinds of columns that it may be asked of
    takes_text: ClassVar[bool] = False  # of a column that has both numbers and text, the text is meant
    opponents: ClassVar[tuple[Opponent, ...]] = ()  # the models that are serious opponents, the strongest last

    @property
    @abstractmethod
    def name(self) -> str:
        """The name in the registry."""

    # ── from a target column ──

    @classmethod
    def may_be_of(cls, columns: Sequence[TargetColumn], *, asked: bool) -> bool:
        """Say whether the columns of a target may ask for this task; `asked`: a person named it."""
        takes = cls.takes | {DATES} if asked and cls.takes_text else cls.takes
        return len(columns) == 1 and columns[0].kind in takes

    @classmethod
    def cells(cls, values: Sequence[pa.Array], columns: Sequence[TargetColumn], options: Options) -> NDArray[Any]:
        """Return a cell a row of some rows' target: (rows,) floats, NaN where missing, or texts, "" where missing."""
        (its,), (column,) = values, columns
        return floats(its, column.rule) if column.kind == NUMBERS else texts(clean_texts(its))

    @classmethod
    def counted(cls, cells: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return what is kept of cells to choose the task by, and how many rows have each: (values,) both."""
        places, values = pd.factorize(cells)
        return values, np.bincount(places, minlength=len(values))

    @classmethod
    @abstractmethod
    def certainty(cls, target: pd.Series) -> float:
        """Say how sure it is that a target asks for this task, from 0 to 1; 0: it does not."""

    @classmethod
    @abstractmethod
    def of(cls, target: pd.Series, wanted: str | None = None) -> "Task":
        """Return the task of a target, by the name that was asked for; raise a DataError when it does not fit."""

    @classmethod
    @abstractmethod
    def of_answer(cls, answer: Mapping[str, Any]) -> "Task":
        """Return the task of a bundle, to judge it; `answer` are the manifest's keys."""

    @abstractmethod
    def encode(self, target: pd.Series) -> NDArray[Any]:
        """Return the target as it is judged by: (rows, …)."""

    def refusal(self, truth: Any) -> str | None:
        """Say what was expected in the place of a true value that the task does not have, or None."""
        return None

    def fit_to(self, y: NDArray[Any], weights: RowWeights = None) -> "Task":
        """Return the task with the statistics of the training rows' target in it, (rows, …), by their weights."""
        return self

    def about(self, values: pd.Series, rows: Sequence[int], options: Options) -> "Task":
        """Return the task with what its metrics are about, by how many rows have each value of the target."""
        return self

    def strata(self, y: NDArray[Any]) -> Strata | None:
        """Return the groups of which each part of an honest split has its share; None: rows are dealt out at random."""
        return None

    def check(self, options: Options) -> None:  # noqa: B027 - most tasks have nothing to refuse
        """Refuse options that it cannot have, before anything is fitted, with a DataError that names one."""

    # ── learned ──

    @property
    @abstractmethod
    def outputs(self) -> tuple[Output, ...]:
        """The outputs of the graph, in its order."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers that the trunk says of a row."""

    @property
    def said(self) -> Sequence[str]:
        """Return what each number is about that the trunk says of a row: (width,)."""
        return [self.asked] * self.width

    @property
    def begin(self) -> Sequence[float]:
        """Return what is said of a row of which nothing is known yet: (width,)."""
        return [0.0] * self.width

    @property
    def flatness(self) -> float:
        """Return how flat the loss of a row is in each number that is said: that of one label is 1.

        It bends by a quarter at most, and what is learned by a rate of its own moves as far as the loss lets it.
        """
        return 1.0

    def wire(self, x: Any, options: Options) -> Any:
        """Return what the trunk says of the features, (batch, encoded) -> (batch, …), where `has_own_network`."""
        raise NotImplementedError

    def scaled(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the encoded target as the loss wants it."""
        return y

    @abstractmethod
    def loss(self, options: Options) -> Any:
        """Return the Keras loss on what the trunk says."""

    def class_weights(self, counts: Callable[[], NDArray[Any]], options: Options) -> NDArray[np.float32] | None:
        """Return how much a row of each class counts in the fit, (classes,), by what all of it count; None: alike."""
        return None

    @abstractmethod
    def finish(self, said: Any) -> Any:
        """Return the outputs made of what the trunk says: by name, or the only one, by a layer that bears its name."""

    def pupil(self) -> "Task | None":
        """Return the task of a smaller network that learns a teacher's answers; None: there are no smaller ones."""
        return None

    def lesson(self, outputs: Outputs) -> NDArray[Any]:
        """Return a teacher's answers as the pupil's loss wants them."""
        raise NotImplementedError

    def adjusted(self, adjustment: Adjustment) -> "Task":
        """Return the task with what its adjustment says of answers, by which they are judged and served."""
        return self

    def settled(self, answers: Callable[[], Outputs], rows: Rows) -> "Task":
        """Return the task as a model's answers to the validation rows want it: a baseline's, or a smaller graph's."""
        return self

    def decided(self, outputs: Outputs) -> Outputs:
        """Return answers with what was decided of them, so that the task of another model judges them alike."""
        return outputs

    def adjustment(self, answers: Callable[[], Outputs], rows: Rows, options: Options) -> Adjustment:
        """Say what is changed about the fitted network by its answers to the validation rows, and those rows."""
        return Adjustment()

    # ── judged ──

    @property
    @abstractmethod
    def budget_metrics(self) -> tuple[str, ...]:
        """Metrics from 0 to 1 of which none may lose more than the budget."""

    @property
    def errors(self) -> tuple[str, ...]:
        """Metrics of which less is better; of all others more is."""
        return ()

    @property
    def main_metric(self) -> str:
        """The one that people are told first; larger is better."""
        return self.budget_metrics[0]

    @property
    def slice_metric(self) -> str:
        """The metric that groups of rows are judged by."""
        return self.main_metric

    @abstractmethod
    def evaluate(self, y: NDArray[Any], outputs: Outputs, weights: RowWeights = None) -> Metrics:
        """Judge answers against the encoded target, by rows that count as their weights say, (rows,)."""

    def weighted(self, y: NDArray[Any], outputs: Outputs, weights: Weights, only: str | None = None) -> Judged:
        """Judge answers under every weighting of the rows, (times, rows); metrics but `only` may be left out."""
        return one_by_one(self.evaluate, y, outputs, weights)

    @property
    def weighing_cost(self) -> int:
        """Cells that `weighted` goes through for a row."""
        return max(self.width, 1)

    def scarce(self, y: NDArray[Any], fewer_than: int) -> Mapping[str, str]:
        """Return metric -> what rows it goes by are too few among those that judge, such as "4 rows of `fraud`"."""
        return {}

    def account(self, rows: Rows, outputs: Outputs) -> Mapping[str, Any]:
        """Return what the manifest keeps of how good the answers are, beyond metrics: keys of its `training`."""
        return {}

    @abstractmethod
    def trivial(self, rows: int) -> Outputs:
        """Return the answers of a model that has seen only the training target."""

    def fitted_of(self, models: Collection[str]) -> tuple[Opponent, ...]:
        """Return its opponents among models by name, the strongest last: which are fitted goes by the features."""
        return tuple(one for one in self.opponents if one.name in models)

    def title_of(self, baseline: str) -> str:
        """Return what a baseline is called where there is little room."""
        return next((one.title for one in self.opponents if one.name == baseline), "the trivial baseline")

    def answered_by(self, model: Any, inputs: Any) -> Outputs:
        """Return the answers of a fitted model of scikit-learn."""
        raise NotImplementedError

    def leak_rule(self) -> LeakRule | None:
        """Return how a feature alone is judged; None: none is suspected."""
        return None

    def tolerance(self, precision: Precision) -> float:
        """Return how far a graph's answers may differ elsewhere, relative and in units of an answer."""
        return TOLERANCE[precision]

    def mistakes(self, y: NDArray[Any], outputs: Outputs, most: int) -> Sequence[Mistake]:
        """Return wrong answers, the surest first, at most so many; none where an answer is never wrong or right."""
        return ()

    # ── told ──

    @abstractmethod
    def answer(self) -> Mapping[str, Any]:
        """Return what the manifest says of the answer: its type, and the keys of that type."""

    @abstractmethod
    def bins(self, outputs: Outputs) -> dict[str, Any]:
        """Return how the answers to the training rows lie, for `profile.json`."""

    @classmethod
    def suggestion(cls, tally: Tally) -> str | None:
        """Say what a column looks like, if a person may want the task of it and must ask; None: it does not."""
        return None

    def truths(self) -> Any:
        """Return what the true values are: two models of which it is the same can be judged on the same rows."""
        return self.answer()

    @property
    def asked(self) -> str:
        """What is predicted, in a few words."""
        return self.name

    def about_baselines(self) -> str:
        """Say what the baselines and the metrics are."""
        return "`baseline` has seen only the target of the training rows."

    def about_target(self, y: NDArray[Any]) -> str:
        """Say how the target lies in the training rows; nothing, if there is nothing to say."""
        return ""

    def about_slices(self) -> str:
        """Say why a group of rows may look worse though the model errs no more there."""
        return ""

    def sections(self, rows: Rows, outputs: Outputs) -> Sequence[str]:
        """Say in blocks of Markdown how good the answers are, beyond what the metrics say."""
        return ()

    def plots(self, rows: Rows, outputs: Outputs, adjustment: Adjustment, target: str) -> dict[str, Picture]:
        """Draw how good the answers are: file name -> picture."""
        return {}
