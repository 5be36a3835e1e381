"""Opponents: models of scikit-learn that several tasks ask for: one a label, and linear ones of sparse texts.

    (rows, labels) truths ─ OneByOne ─> a probability a label
    numbers of labels     ─ OneVsRest ─> probabilities that add up to one

A label that all training rows agree in is answered so. The margins of a support vector machine are taken for log odds.
It is imported when one of them is fitted.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

COARSE = 1e-2  # tolerance of liblinear: a finer one moves no metric by a thousandth, and takes twice the time

Make = Callable[[], Any]


class OneByOne(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """One model a label: binary relevance."""

    def __init__(self, make: Make) -> None:
        self.make = make

    def fit(self, x: Any, y: NDArray[np.bool_], sample_weight: NDArray[np.float64] | None = None) -> "OneByOne":
        """Fit on the features and (rows, labels) of which each row has."""
        self.models_ = [self._fitted(x, column, sample_weight) for column in y.T]
        return self

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """Return the probability of each label: (rows, labels)."""
        rows = x.shape[0]
        columns = [np.full(rows, one) if isinstance(one, float) else _share(one, x) for one in self.models_]
        return np.stack(columns, axis=1)

    def _fitted(self, x: Any, has: NDArray[np.bool_], sample_weight: NDArray[np.float64] | None) -> Any:
        if has.all() or not has.any():
            return float(has[0])
        return self.make().fit(x, has, sample_weight=sample_weight)


class OneVsRest(BaseEstimator):  # type: ignore[misc]  # scikit-learn's own takes no weights
    """One of several labels, by a model a label; of two labels one model is enough."""

    def __init__(self, make: Make) -> None:
        self.make = make

    def fit(self, x: Any, y: NDArray[Any], sample_weight: NDArray[np.float64] | None = None) -> "OneVsRest":
        """Fit on the features and (rows,) which label each row has."""
        self.classes_ = np.unique(y)
        asked = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        self.each_ = OneByOne(self.make).fit(x, y[:, None] == asked, sample_weight)
        return self

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """Return the probability of each label: (rows, labels)."""
        said = self.each_.predict_proba(x)
        if len(self.classes_) == 2:
            return np.hstack([1 - said, said])
        sums = said.sum(axis=1, keepdims=True)
        even = np.full_like(said, 1 / said.shape[1])
        found: NDArray[np.float64] = np.divide(said, sums, out=even, where=sums > 0)
        return found


def logistic(**options: Any) -> OneByOne:
    """Return a logistic regression a label."""
    return OneByOne(lambda: LogisticRegression(**options))


def boosted(**options: Any) -> OneByOne:
    """Return HistGradientBoosting a label."""
    return OneByOne(lambda: HistGradientBoostingClassifier(**options))


def logistic_of_one(strength: float, seed: int) -> OneVsRest:
    """Return a logistic regression of sparse features, where a row has one label."""
    return OneVsRest(partial(_logistic, strength))


def svm_of_one(strength: float, seed: int) -> OneVsRest:
    """Return a linear support vector machine, where a row has one label."""
    return OneVsRest(partial(_svm, strength, seed))


def logistic_of_many(strength: float, seed: int) -> OneByOne:
    """Return a logistic regression of sparse features, where a row has any labels."""
    return OneByOne(partial(_logistic, strength))


def svm_of_many(strength: float, seed: int) -> OneByOne:
    """Return a linear support vector machine, where a row has any labels."""
    return OneByOne(partial(_svm, strength, seed))


def ridge(strength: float, seed: int) -> Ridge:
    """Return a ridge regression of sparse features."""
    return Ridge(alpha=1 / strength)


def _logistic(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, solver="liblinear", tol=COARSE)


def _svm(strength: float, seed: int) -> LinearSVC:
    return LinearSVC(C=strength, tol=COARSE, random_state=seed)


def _share(model: Any, x: Any) -> NDArray[Any]:
    """Return the probability that a model of two values gives the second: (rows,)."""
    if hasattr(model, "predict_proba"):
        found: NDArray[Any] = model.predict_proba(x)[:, 1]
        return found
    return np.asarray(expit(model.decision_function(x)))
