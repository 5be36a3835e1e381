"""Parts: the small things that a task tells the stages: graph, split, rule for leaking features, serious opponents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# in the manifest and on the card
LINEAR, BOOSTING, TFIDF_LINEAR, TFIDF_SVM = "linear", "hist_gradient_boosting", "tfidf_linear", "tfidf_svm"
# strengths of linear models of texts: the inverse of the penalty
LOGISTIC, MARGIN, SQUARES = (0.25, 1.0, 4.0, 16.0, 64.0), (0.016, 0.063, 0.25, 1.0, 4.0), (0.063, 0.25, 1.0, 4.0, 16.0)
RAREST = 1e-4  # share of a label, where a fit begins: the logarithm of none has no end

Form = Literal["scaled", "ordinal", "tfidf"]


@dataclass(frozen=True)
class Output:
    """An output of the graph; the batch comes before its shape."""

    name: str
    shape: tuple[int | None, ...]  # None: any
    dtype: str = "float32"
    unit: float = 1.0  # the size of an answer, which parity and golden tolerances are relative to


@dataclass(frozen=True)
class Strata:
    """Which of a few groups each row is of; every part of the split gets its share of each."""

    names: tuple[str, ...]
    of: NDArray[np.int64]  # (rows,) places in `names`

    def take(self, rows: Any) -> "Strata":
        """Return those of some of the rows."""
        return Strata(self.names, self.of[rows])


@dataclass(frozen=True)
class Mistake:
    """A wrong answer, in words."""

    row: int  # among those that were judged
    truth: str
    answer: str
    sure: float  # the probability that the answer has, of what is wrong about it


@dataclass(frozen=True)
class LeakRule:
    """What a feature alone is judged by."""

    metric: str
    least: float  # from here on a feature is suspicious
    tree: Callable[..., Any]  # scikit-learn's decision tree for such a target
    truth: Callable[[NDArray[Any]], NDArray[Any]]  # encoded target -> (rows, width), whose mean is an answer
    output: str


@dataclass(frozen=True)
class Opponent:
    """A model of scikit-learn that is fitted on the same rows, and that a network must stand beside."""

    name: str
    title: str  # where there is little room
    sentence: str  # in the middle of one
    about: str  # what it is, behind "is"
    form: Form  # how it wants the features
    make: Callable[[Any, int], Any]  # which columns are categories, or a strength, and a seed -> the model
    strengths: tuple[float, ...] = ()  # that it may have, ascending; the best on validation rows is taken


def linear(where: str, about: str, **options: Any) -> Opponent:
    """Return a linear model: "module:Class", imported when it is fitted, and what it is made with."""

    def make(_categorical: Sequence[bool], _seed: int) -> Any:
        return resolve_name(where)(**options)

    return Opponent(LINEAR, "linear model", "a linear model", about, "scaled", make)


def boosting(where: str, about: str = "gradient boosting with its defaults") -> Opponent:
    """Return HistGradientBoosting of some kind: "module:Class"."""

    def make(categorical: Sequence[bool], seed: int) -> Any:
        return resolve_name(where)(categorical_features=list(categorical), random_state=seed)

    return Opponent(BOOSTING, "boosting", "scikit-learn's HistGradientBoosting", about, "ordinal", make)


def tfidf(name: str, model: str, where: str, strengths: tuple[float, ...]) -> Opponent:
    """Return a linear model of texts: what it is, and "module:function" of a strength and a seed."""

    def make(strength: float, seed: int) -> Any:
        return resolve_name(where)(strength, seed)

    about = f"{model} on TF-IDF of n-grams, and on the other columns"
    return Opponent(name, f"TF-IDF, {model}", f"TF-IDF and {model}", about, "tfidf", make, strengths)


def tfidf_models(svm: str, logistic: str) -> tuple[Opponent, Opponent]:
    """Return the two of labels: "module:function" of each."""
    return (
        tfidf(TFIDF_SVM, "linear SVM", svm, MARGIN),
        tfidf(TFIDF_LINEAR, "logistic regression", logistic, LOGISTIC),
    )
