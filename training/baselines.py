"""Baselines: what the network must stand beside, on the same split.

    trivial: the majority or the mean       boosting: scikit-learn's HistGradientBoosting with its defaults

It knows nothing about Keras or ONNX, and nothing of it is ever served.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.preprocessing import OrdinalEncoder

from training.evaluate import Rows
from training.features import CATEGORICAL, NUMERIC, Arrays, row_count
from training.task import Metrics, Task

MAX_VALUES = 254  # a column; HistGradientBoosting takes at most 255 with the missing one


def trivial(task: Task, test: Rows) -> tuple[str, Metrics]:
    """Judge the majority class or the mean of the training target."""
    name, outputs = task.trivial(len(test))
    return name, task.evaluate(test.y, outputs)


def boosting(task: Task, train: Rows, test: Rows, seed: int) -> Metrics:
    """Fit HistGradientBoosting on the training rows and judge it on the test rows."""
    encoder = _encoder(train.arrays)
    strings = train.arrays[CATEGORICAL].shape[1] if encoder else 0
    numbers = train.arrays[NUMERIC].shape[1] if NUMERIC in train.arrays else 0
    categorical = [False] * numbers + [True] * strings
    maker = HistGradientBoostingClassifier if task.labels else HistGradientBoostingRegressor
    model = maker(categorical_features=categorical, random_state=seed).fit(_matrix(train.arrays, encoder), train.y)
    inputs = _matrix(test.arrays, encoder)
    return task.evaluate(test.y, _all_labels(model, inputs, task) if task.labels else model.predict(inputs)[:, None])


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


def _all_labels(model: Any, inputs: NDArray[Any], task: Task) -> NDArray[np.float64]:
    """Return (rows, labels), with zeros for labels that the training rows lack."""
    outputs = np.zeros((len(inputs), task.width))
    outputs[:, model.classes_] = model.predict_proba(inputs)
    return outputs
