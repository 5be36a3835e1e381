"""Baselines: what the network must stand beside, on the same split.

    trivial     the majority or the mean
    linear      logistic or ridge regression on standardised numbers and one column a value
    boosting    scikit-learn's HistGradientBoosting with its defaults

Each is fitted on the training rows, which is all it needs before the test rows are touched, and then answers any rows,
as the network does. It knows nothing about Keras or ONNX, and nothing of it is ever served.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from training.columns.arrays import Arrays, Outputs, Rows, row_count
from training.features.features import CATEGORICAL, MIN_VALUE_ROWS, NUMERIC
from training.tasks.base import Task

MAX_VALUES = 254  # a column; HistGradientBoosting takes at most 255 with the missing one
LINEAR_STEPS = 300  # of the solver, which needs 13 to 77 on the tables of benchmarks/training/quality.py

TRIVIAL, LINEAR, BOOSTING = "baseline", "linear", "hist_gradient_boosting"
BASELINES = (TRIVIAL, LINEAR, BOOSTING)

Baseline = Callable[[Rows], Outputs]


def fitted(task: Task, train: Rows, seed: int) -> dict[str, Baseline]:
    """Fit all of them."""
    return {TRIVIAL: trivial(task), LINEAR: linear(task, train), BOOSTING: boosting(task, train, seed)}


def trivial(task: Task) -> Baseline:
    """Answer the majority class or the mean of the training target."""
    return lambda rows: task.trivial(len(rows))


def boosting(task: Task, train: Rows, seed: int) -> Baseline:
    """Fit HistGradientBoosting."""
    encoder = _encoder(train.arrays)
    strings = train.arrays[CATEGORICAL].shape[1] if encoder else 0
    numbers = train.arrays[NUMERIC].shape[1] if NUMERIC in train.arrays else 0
    categorical = [False] * numbers + [True] * strings
    maker = HistGradientBoostingClassifier if task.labels else HistGradientBoostingRegressor
    model = maker(categorical_features=categorical, random_state=seed).fit(_matrix(train.arrays, encoder), train.y)
    return lambda rows: _answers(model, _matrix(rows.arrays, encoder), task)


def linear(task: Task, train: Rows) -> Baseline:
    """Fit logistic regression, or ridge regression for numbers, and take what its last step gives."""
    regression = LogisticRegression(max_iter=LINEAR_STEPS) if task.labels else Ridge()
    model = make_pipeline(ColumnTransformer([_encoded(name) for name in train.arrays]), regression)
    model.fit(_frame(train.arrays), train.y)
    return lambda rows: _answers(model, _frame(rows.arrays), task)


def _encoded(tensor: str) -> tuple[str, Any, Any]:
    """Say how the columns of a tensor are turned into numbers of about one size."""
    columns = make_column_selector(f"^{tensor}")
    if tensor == CATEGORICAL:
        rare = {"min_frequency": MIN_VALUE_ROWS, "max_categories": MAX_VALUES}
        return tensor, OneHotEncoder(handle_unknown="infrequent_if_exist", **rare), columns
    whole = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return tensor, make_pipeline(whole, StandardScaler()), columns


def _frame(arrays: Arrays) -> pd.DataFrame:
    """Return (rows, columns) with the name of its tensor before each column's."""
    return pd.concat([pd.DataFrame(array).add_prefix(name) for name, array in arrays.items()], axis=1)


def _encoder(arrays: Arrays) -> Any | None:
    """Number the values of each string column by the training rows; rare ones share a number."""
    if CATEGORICAL not in arrays:
        return None
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=MAX_VALUES)
    return encoder.fit(arrays[CATEGORICAL])


def _matrix(arrays: Arrays, encoder: Any | None) -> NDArray[np.float64]:
    """Return (rows, numbers + strings), NaN for missing."""
    parts = [arrays[NUMERIC].astype(np.float64)] if NUMERIC in arrays else [np.empty((row_count(arrays), 0))]
    if encoder is not None:
        strings = arrays[CATEGORICAL]
        parts.append(np.where(strings == "", np.nan, encoder.transform(strings)))
    return np.hstack(parts)


def _answers(model: Any, inputs: Any, task: Task) -> Outputs:
    """Return what the network would, with zeros for labels that the training rows lack."""
    if not task.labels:
        return {task.output: np.asarray(model.predict(inputs), np.float64)[:, None]}
    answers = np.zeros((len(inputs), task.width))
    answers[:, model.classes_] = model.predict_proba(inputs)
    return {task.output: answers}
