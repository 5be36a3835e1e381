"""A task that is made up: the target is a list of three numbers, and so is the answer, with their order beside it.

    "[1.0, 4.5, 2.0]" ─> (rows, 3) ─ a tower of its own a number ─> values (rows, 3) float32, order (rows, 3) int64

It is unlike all that there is: a network of its own, two outputs, no baseline of scikit-learn, a tolerance of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from training.columns.arrays import Outputs
from training.columns.bins import number_bins
from training.options import Options
from training.options.declare import option
from training.options.rooms import Precision
from training.tasks.base import Metrics, RowWeights, Task
from training.tasks.parts import Output

LENGTH = 3


@dataclass(frozen=True, kw_only=True)
class SeriesOptions:
    """What a person may choose about it."""

    title: ClassVar[str] = "Series"
    tower: int = option(16, "Units of the tower that says a number.", unit="units", low=1)


class Order(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Say which number is the smallest, which the next, and so on."""

    def call(self, values: Any) -> Any:
        return tf.cast(tf.argsort(values, axis=1), tf.int64)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape

    def compute_output_spec(self, values: Any) -> Any:
        return keras.KerasTensor(values.shape, "int64")


@dataclass(frozen=True)
class Series(Task):
    """Three numbers at once."""

    mean: tuple[float, ...] = (0.0,) * LENGTH

    has_own_network = True

    @property
    def name(self) -> str:
        return "series"

    @classmethod
    def certainty(cls, target: pd.Series) -> float:
        return float(all(isinstance(value, str) and value.startswith("[") for value in target.head(20)))

    @classmethod
    def of(cls, target: pd.Series, wanted: str | None = None) -> "Series":
        return cls()

    @classmethod
    def of_answer(cls, answer: Mapping[str, Any]) -> "Series":
        return cls()

    def encode(self, target: pd.Series) -> NDArray[np.float32]:
        lists = [json.loads(value) if isinstance(value, str) else value for value in target]
        return np.array(lists, np.float32).reshape(-1, LENGTH)  # (rows, 3)

    def fit_to(self, y: NDArray[Any], weights: RowWeights = None) -> "Series":
        return Series(tuple(np.average(y, axis=0, weights=weights).tolist()))

    @property
    def outputs(self) -> tuple[Output, ...]:
        return (Output("values", (LENGTH,)), Output("order", (LENGTH,), "int64"))

    @property
    def width(self) -> int:
        return LENGTH

    def wire(self, x: Any, options: Options) -> Any:
        units = options.own(SeriesOptions).tower
        towers = [keras.layers.Dense(units, activation="relu")(x) for _ in range(LENGTH)]
        said = keras.layers.Concatenate()([keras.layers.Dense(1)(tower) for tower in towers])
        return keras.layers.Rescaling(1.0, offset=list(self.mean))(said)

    def loss(self, options: Options) -> Any:
        return keras.losses.MeanAbsoluteError()

    def finish(self, said: Any) -> Any:
        return {"values": said, "order": Order()(said)}

    @property
    def budget_metrics(self) -> tuple[str, ...]:
        return ("first_place",)

    errors = ("mae",)
    slice_metric = "mae"

    def evaluate(self, y: NDArray[Any], outputs: Outputs, weights: RowWeights = None) -> Metrics:
        firsts, errors = outputs["order"][:, 0] == y.argmin(axis=1), np.abs(y - outputs["values"]).mean(axis=1)
        found = {"first_place": firsts, "mae": errors}
        return {name: float(np.average(values, weights=weights)) for name, values in found.items()}

    def trivial(self, rows: int) -> Outputs:
        values = np.tile(np.array(self.mean, np.float32), (rows, 1))
        return {"values": values, "order": np.argsort(values, axis=1)}

    def tolerance(self, precision: Precision) -> float:
        return 0.5 if precision == "int8-static" else 0.01

    def answer(self) -> Mapping[str, Any]:
        return {"type": "series", "length": LENGTH}

    def bins(self, outputs: Outputs) -> dict[str, Any]:
        return number_bins(outputs["values"].mean(axis=1))
