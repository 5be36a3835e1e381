"""Regression: a number in the target's own unit.

The network learns the standardised target; the inverse is the last layer of the served graph.
It knows nothing about features, files or ONNX.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import metrics

from training.columns.arrays import Outputs
from training.columns.bins import number_bins
from training.tasks.base import Metrics


@dataclass(frozen=True)
class Regression:
    """A number, with the mean and deviation of the training rows."""

    mean: float = 0.0
    unit: float = 1.0  # the standard deviation of the training target
    name: str = "regression"
    labels: None = None
    output: str = "value"
    width: int = 1
    budget_metrics: tuple[str, ...] = ("r2",)

    def encode(self, target: pd.Series) -> NDArray[np.float64]:
        return pd.to_numeric(target).to_numpy(np.float64)  # (rows,)

    def fit_to(self, y: NDArray[Any]) -> "Regression":
        return replace(self, mean=float(y.mean()), unit=float(y.std()) or 1.0)

    def scaled(self, y: NDArray[Any]) -> NDArray[np.float32]:
        return ((y - self.mean) / self.unit).astype(np.float32)

    def finish(self) -> Any:
        import keras  # noqa: PLC0415 - it takes seconds, and mistakes in the data should not wait

        return keras.layers.Rescaling(scale=self.unit, offset=self.mean, name=self.output)

    def loss(self) -> Any:
        import keras  # noqa: PLC0415

        return keras.losses.MeanSquaredError()

    def trivial(self, rows: int) -> Outputs:
        return {self.output: np.full((rows, 1), self.mean, np.float32)}

    def evaluate(self, y: NDArray[Any], outputs: Outputs) -> Metrics:
        predicted = outputs[self.output][:, 0].astype(np.float64)  # (rows,)
        return {
            "mae": float(metrics.mean_absolute_error(y, predicted)),
            "rmse": float(metrics.root_mean_squared_error(y, predicted)),
            "r2": float(metrics.r2_score(y, predicted)),
        }

    def tensors(self) -> tuple[tuple[str, str, tuple[int | None, ...]], ...]:
        return ((self.output, "float32", (self.width,)),)

    def answer(self) -> Mapping[str, Any]:
        return {"type": "value"}

    def bins(self, outputs: Outputs) -> dict[str, Any]:
        return number_bins(outputs[self.output][:, 0])
