"""Golden: real rows of the test split with the answers of the graph that ships.

    test rows ─ pick ─> instances as a caller sends them ─ run ─> outputs, and how far another machine may differ

It knows nothing about files.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from training.columns.arrays import Predict, spread_places
from training.features.features import Features
from training.options import Precision
from training.tasks.base import Task

ROWS = 16
# Relative to the answer's unit (1 for a probability, a standard deviation for a number).
# fp32: other processors add in another order; fp16 keeps its weights in 16 bits and computes alike in 32.
# int8: their kernels round differently, and one step of an activation in 255 that falls to the other side moves the
# answer visibly, though its label hardly ever.
TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "fp16": 1e-4, "int8-dynamic": 0.02, "int8-static": 0.02}


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
    tolerance = TOLERANCE[precision]
    return {
        "instances": instances,
        "outputs": {name: array.astype(float).tolist() for name, array in outputs.items()},
        "atol": tolerance * task.unit,
        "rtol": tolerance,
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
