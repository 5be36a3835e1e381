"""Baselines: what the network must stand beside, on the same split.

    trivial      what the training target alone says: the majority or the mean
    opponents    models of scikit-learn that the task names

Each is fitted on the training rows, which is all it needs before the test rows are touched, and then answers any rows,
as the network does. It knows nothing about Keras or ONNX, and nothing of it is ever served.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from training.columns.arrays import Outputs, Rows
from training.features.base import Tabular
from training.features.features import Features
from training.tasks.base import Task
from training.tasks.parts import Opponent

RARE_ROWS = 3  # of a name; fewer share a column
NUMBER, NAME = "number_", "name_"  # before the place of a column
MAX_VALUES = 254  # a column; HistGradientBoosting takes at most 255 with the missing one

TRIVIAL = "baseline"

Baseline = Callable[[Rows], Outputs]


def fitted(
    task: Task, features: Features, train: Rows, seed: int, validation: Rows | None = None
) -> dict[str, Baseline]:
    """Fit all of them; what a task chooses by validation rows of the network's answers is chosen of theirs as well."""
    opponents = {one.name: FORMS[one.form](one, task, features, train, seed) for one in task.opponents}
    found: dict[str, Baseline] = {TRIVIAL: lambda rows: task.trivial(len(rows)), **opponents}
    return found if validation is None else {name: _settled(task, one, validation) for name, one in found.items()}


def _settled(task: Task, baseline: Baseline, validation: Rows) -> Baseline:
    own = task.settled(lambda: baseline(validation), validation)
    return lambda rows: own.decided(baseline(rows))


def reference(task: Task, features: Features, train: Rows, seed: int) -> Baseline:
    """Fit the strongest opponent alone."""
    opponent = task.opponents[-1]
    return FORMS[opponent.form](opponent, task, features, train, seed)


def _ordinal(opponent: Opponent, task: Task, features: Features, train: Rows, seed: int) -> Baseline:
    """Fit on numbers as they are, and a number for each name."""
    table = features.table(train.arrays)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=MAX_VALUES)
    encoder = encoder.fit(table.names) if table.names.size else None
    categorical = [False] * table.numbers.shape[1] + [True] * table.names.shape[1]
    matrix, weights = _matrix(table, encoder), train.relative_weights
    model = opponent.make(categorical, seed).fit(matrix, train.y, **_counting("sample_weight", weights))
    return lambda rows: task.answered_by(model, _matrix(features.table(rows.arrays), encoder))


def _scaled(opponent: Opponent, task: Task, features: Features, train: Rows, seed: int) -> Baseline:
    """Fit on standardised numbers and one column a name; scikit-learn rounds the target as it does the features."""
    dtype = np.float64 if any(output.dtype == "float64" for output in task.outputs) else None
    frame = _frame(features.table(train.arrays), dtype)
    categorical = [column.startswith(NAME) for column in frame.columns]
    model = make_pipeline(ColumnTransformer(_scalers(frame)), opponent.make(categorical, seed))
    model.fit(frame, train.y, **_counting(f"{model.steps[-1][0]}__sample_weight", train.relative_weights))
    return lambda rows: task.answered_by(model, _frame(features.table(rows.arrays), dtype))


FORMS: Mapping[str, Callable[..., Baseline]] = {"ordinal": _ordinal, "scaled": _scaled}


def _counting(name: str, weights: NDArray[np.float64] | None) -> dict[str, Any]:
    """Return what scikit-learn is told of the weights."""
    return {} if weights is None else {name: weights}


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


def _frame(table: Tabular, dtype: type[np.float64] | None) -> pd.DataFrame:
    """Return (rows, numbers + names) with what each column is before its place; numbers as they are without a dtype."""
    numbers = pd.DataFrame(table.numbers, dtype=dtype).add_prefix(NUMBER)
    return pd.concat([numbers, pd.DataFrame(table.names).add_prefix(NAME)], axis=1)


def _matrix(table: Tabular, encoder: Any | None) -> NDArray[np.float64]:
    """Return (rows, numbers + names), NaN for missing; rare names share a number."""
    numbers = table.numbers.astype(np.float64)
    if encoder is None:
        return numbers
    return np.hstack([numbers, np.where(table.names == "", np.nan, encoder.transform(table.names))])
