"""Opponents: a model of scikit-learn for each label by itself; a label that all training rows agree in is answered so.

It is imported when one of them is fitted.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

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
        columns = [np.full(rows, one) if isinstance(one, float) else one.predict_proba(x)[:, 1] for one in self.models_]
        return np.stack(columns, axis=1)

    def _fitted(self, x: Any, has: NDArray[np.bool_], sample_weight: NDArray[np.float64] | None) -> Any:
        if has.all() or not has.any():
            return float(has[0])
        return self.make().fit(x, has, sample_weight=sample_weight)


def logistic(**options: Any) -> OneByOne:
    """Return a logistic regression a label."""
    return OneByOne(lambda: LogisticRegression(**options))


def boosted(**options: Any) -> OneByOne:
    """Return HistGradientBoosting a label."""
    return OneByOne(lambda: HistGradientBoostingClassifier(**options))
