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
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from training.columns.arrays import Outputs, Rows
from training.features.base import Tabular
from training.features.features import Features
from training.tasks.base import Task

RARE_ROWS = 3  # of a name; fewer share a column
NUMBER, NAME = "number_", "name_"  # before the place of a column
MAX_VALUES = 254  # a column; HistGradientBoosting takes at most 255 with the missing one
LINEAR_STEPS = 300  # of the solver, which needs 13 to 77 on the tables of benchmarks/training/quality.py

TRIVIAL, LINEAR, BOOSTING = "baseline", "linear", "hist_gradient_boosting"
BASELINES = (TRIVIAL, LINEAR, BOOSTING)

Baseline = Callable[[Rows], Outputs]


def fitted(task: Task, features: Features, train: Rows, seed: int) -> dict[str, Baseline]:
    """Fit all of them."""
    return {
        TRIVIAL: trivial(task),
        LINEAR: linear(task, features, train),
        BOOSTING: boosting(task, features, train, seed),
    }


def trivial(task: Task) -> Baseline:
    """Answer the majority class or the mean of the training target."""
    return lambda rows: task.trivial(len(rows))


def boosting(task: Task, features: Features, train: Rows, seed: int) -> Baseline:
    """Fit HistGradientBoosting."""
    table = features.table(train.arrays)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=MAX_VALUES)
    encoder = encoder.fit(table.names) if table.names.size else None
    categorical = [False] * table.numbers.shape[1] + [True] * table.names.shape[1]
    maker = HistGradientBoostingClassifier if task.labels else HistGradientBoostingRegressor
    model = maker(categorical_features=categorical, random_state=seed).fit(_matrix(table, encoder), train.y)
    return lambda rows: _answers(model, _matrix(features.table(rows.arrays), encoder), task)


def linear(task: Task, features: Features, train: Rows) -> Baseline:
    """Fit logistic regression, or ridge regression for numbers, and take what its last step gives."""
    regression = LogisticRegression(max_iter=LINEAR_STEPS) if task.labels else Ridge()
    frame = _frame(features.table(train.arrays))
    model = make_pipeline(ColumnTransformer(_scalers(frame)), regression).fit(frame, train.y)
    return lambda rows: _answers(model, _frame(features.table(rows.arrays)), task)


def _scalers(frame: pd.DataFrame) -> list[tuple[str, Any, Any]]:
    """Say how the columns are turned into numbers of about one size."""
    rare = {"min_frequency": RARE_ROWS, "max_categories": MAX_VALUES}
    whole = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    scalers = {
        NUMBER: make_pipeline(whole, StandardScaler()),
        NAME: OneHotEncoder(handle_unknown="infrequent_if_exist", **rare),
    }
    there = {kind: [column for column in frame.columns if column.startswith(kind)] for kind in scalers}
    return [(kind, scaler, there[kind]) for kind, scaler in scalers.items() if there[kind]]


def _frame(table: Tabular) -> pd.DataFrame:
    """Return (rows, numbers + names) with what each column is before its place."""
    return pd.concat(
        [pd.DataFrame(table.numbers).add_prefix(NUMBER), pd.DataFrame(table.names).add_prefix(NAME)], axis=1
    )


def _matrix(table: Tabular, encoder: Any | None) -> NDArray[np.float64]:
    """Return (rows, numbers + names), NaN for missing; rare names share a number."""
    numbers = table.numbers.astype(np.float64)
    if encoder is None:
        return numbers
    return np.hstack([numbers, np.where(table.names == "", np.nan, encoder.transform(table.names))])


def _answers(model: Any, inputs: Any, task: Task) -> Outputs:
    """Return what the network would, with zeros for labels that the training rows lack."""
    if not task.labels:
        return {task.output: np.asarray(model.predict(inputs), np.float64)[:, None]}
    answers = np.zeros((len(inputs), task.width))
    answers[:, model.classes_] = model.predict_proba(inputs)
    return {task.output: answers}
