"""Columns: opponents that know numbers and names alone.

    ordinal   numbers as they are, and a number for each name
    scaled    standardised numbers, and one column a name

It knows nothing about texts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from training.evaluation.baselines.baseline import Baseline, Material
from training.features.base import Tabular
from training.tasks.parts import Opponent

RARE_ROWS = 3  # of a name; fewer share a column
NUMBER, NAME = "number_", "name_"  # before the place of a column
MAX_VALUES = 254  # a column; HistGradientBoosting takes at most 255 with the missing one


def ordinal(opponents: Sequence[Opponent], material: Material) -> Mapping[str, Baseline]:
    """Fit on numbers as they are, and a number for each name."""
    return {opponent.name: _ordinal(opponent, material) for opponent in opponents}


def scaled(opponents: Sequence[Opponent], material: Material) -> Mapping[str, Baseline]:
    """Fit on standardised numbers and one column a name."""
    return {opponent.name: _scaled(opponent, material) for opponent in opponents}


def _ordinal(opponent: Opponent, material: Material) -> Baseline:
    task, features, train = material.task, material.features, material.train
    table = features.table(train.arrays)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=MAX_VALUES)
    encoder = encoder.fit(table.names) if table.names.size else None
    categorical = [False] * table.numbers.shape[1] + [True] * table.names.shape[1]
    matrix, weights = _matrix(table, encoder), train.relative_weights
    model = opponent.make(categorical, material.seed).fit(matrix, train.y, **weighing("sample_weight", weights))
    return Baseline(lambda rows: task.answered_by(model, _matrix(features.table(rows.arrays), encoder)))


def _scaled(opponent: Opponent, material: Material) -> Baseline:
    """scikit-learn rounds the target as it does the features."""
    task, features, train = material.task, material.features, material.train
    dtype = np.float64 if any(output.dtype == "float64" for output in task.outputs) else None
    frame = frame_of(features.table(train.arrays), dtype)
    categorical = [column.startswith(NAME) for column in frame.columns]
    model = make_pipeline(scaler_of(frame), opponent.make(categorical, material.seed))
    model.fit(frame, train.y, **weighing(f"{model.steps[-1][0]}__sample_weight", train.relative_weights))
    return Baseline(lambda rows: task.answered_by(model, frame_of(features.table(rows.arrays), dtype)))


def scaler_of(frame: pd.DataFrame) -> ColumnTransformer:
    """Return what turns the columns into numbers of about one size."""
    return ColumnTransformer(_scalers(frame))


def weighing(name: str, weights: NDArray[np.float64] | None) -> dict[str, Any]:
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


def frame_of(table: Tabular, dtype: type[np.float64] | None) -> pd.DataFrame:
    """Return (rows, numbers + names) with what each column is before its place; numbers as they are without a dtype."""
    numbers = pd.DataFrame(table.numbers, dtype=dtype).add_prefix(NUMBER)
    return pd.concat([numbers, pd.DataFrame(table.names).add_prefix(NAME)], axis=1)


def _matrix(table: Tabular, encoder: Any | None) -> NDArray[np.float64]:
    """Return (rows, numbers + names), NaN for missing; rare names share a number."""
    numbers = table.numbers.astype(np.float64)
    if encoder is None:
        return numbers
    return np.hstack([numbers, np.where(table.names == "", np.nan, encoder.transform(table.names))])
