"""Golden: real rows of the test split with the answers of the graph that ships.

It knows nothing about files.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from training.columns.arrays import Predict, spread_places
from training.features.features import Features
from training.options.rooms import Precision
from training.tasks.base import Task

ROWS = 16


def golden(
    frame: pd.DataFrame,
    features: Features,
    optional: Mapping[str, bool],
    task: Task,
    predict: Predict,
    precision: Precision,
) -> dict[str, Any]:
    """Return the content of `golden.json`; the answers come from the instances, as a caller's would."""
    instances = pick(frame, features, optional)
    outputs = predict(features.from_instances(instances))
    tolerance = task.tolerance(precision)
    large = any(output.dtype == "float64" for output in task.outputs)  # beside its spread, as times in milliseconds are
    return {
        "instances": instances,
        "outputs": {name: array.tolist() for name, array in outputs.items()},
        "atol": tolerance * max(output.unit for output in task.outputs),
        "rtol": 0.0 if large else tolerance,
    }


def pick(frame: pd.DataFrame, features: Features, optional: Mapping[str, bool]) -> list[dict[str, Any]]:
    """Choose rows that a caller may send: half of them with missing cells, as far as there are any."""
    missing = features.is_missing(frame)
    required = [name for name in features.order if not optional[name]]
    allowed = frame[~missing[required].any(axis=1)]
    gaps = missing.loc[allowed.index].any(axis=1)
    with_gaps = _spread(allowed[gaps], ROWS // 2)
    whole = _spread(allowed[~gaps], ROWS - len(with_gaps))
    chosen = pd.concat([whole, with_gaps]).sort_index()
    return features.to_instances(chosen)


def _spread(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Return rows from all over the frame, and no row twice."""
    return frame.iloc[spread_places(len(frame), min(rows, len(frame)))]
