"""Regression: a number in the target's own unit.

    target ─> number ─ standardised by the training rows ─ squared error ─ and back ─> value

The inverse of the standardisation is the last layer of the served graph; it gives doubles where 32 bits would not tell
the targets of the training rows apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import metrics

from training.calibration.adjustment import Adjustment
from training.columns.arrays import Outputs, Rows
from training.columns.bins import number_bins
from training.columns.precision import needs_doubles
from training.columns.values import FLOAT32_MAX, is_number
from training.errors import DataError
from training.options import Options
from training.rendering.markdown import number
from training.rendering.picture import Picture
from training.tasks.base import Metrics, RowWeights, Task
from training.tasks.parts import SQUARES, TFIDF_LINEAR, LeakRule, Output, boosting, linear, tfidf
from training.tasks.value import residuals
from training.tasks.weighted import Judged, Weights, ratio

OUTPUT = "value"
RESIDUALS = "residuals.png"
SUSPECT_R2 = 0.93  # of all rides by those of registered riders: 0.94; of a diamond's price by its width: 0.88
OPPONENTS = (
    linear("sklearn.linear_model:Ridge", "ridge regression"),
    boosting("sklearn.ensemble:HistGradientBoostingRegressor"),
    tfidf(TFIDF_LINEAR, "ridge regression", "training.tasks.opponents:ridge", SQUARES),
)


@dataclass(frozen=True)
class Regression(Task):
    """A number, with the mean and deviation of the training rows."""

    mean: float = 0.0
    unit: float = 1.0  # the standard deviation of the training target
    dtype: str = "float32"  # of the answers

    name = "regression"
    width = 1
    budget_metrics = ("r2",)
    errors = ("mae", "rmse")
    slice_metric = "mae"  # R² compares with the mean of the very rows, which differs between groups
    opponents = OPPONENTS
    asked = "a number"

    @classmethod
    def certainty(cls, target: pd.Series) -> float:
        return 0.8 if is_number(target) else 0.0

    @classmethod
    def of(cls, target: pd.Series, wanted: str | None = None) -> "Regression":
        numbers = pd.to_numeric(target, errors="coerce")
        if numbers.isna().any():
            odd = str(target[numbers.isna()].iloc[0])
            raise DataError(f"`--target`: expected only numbers in {target.name!r} for regression. Received: {odd!r}.")
        if not (np.abs(numbers) <= FLOAT32_MAX).all():
            raise DataError(
                f"`--target`: expected finite 32-bit numbers in {target.name!r}. Received: {numbers.max()}."
            )
        return cls()

    @classmethod
    def of_answer(cls, answer: Mapping[str, Any]) -> "Regression":
        return cls()

    def encode(self, target: pd.Series) -> NDArray[np.float64]:
        return pd.to_numeric(target).to_numpy(np.float64)  # (rows,)

    def fit_to(self, y: NDArray[Any], weights: RowWeights = None) -> "Regression":
        dtype = "float64" if needs_doubles(y) else "float32"
        mean = float(np.average(y, weights=weights))
        unit = float(np.sqrt(np.average((y - mean) ** 2, weights=weights)))
        return replace(self, mean=mean, unit=unit or 1.0, dtype=dtype)

    @property
    def outputs(self) -> tuple[Output, ...]:
        return (Output(OUTPUT, (1,), self.dtype, self.unit),)

    def scaled(self, y: NDArray[Any]) -> NDArray[np.float32]:
        return ((y - self.mean) / self.unit).astype(np.float32)

    def loss(self, options: Options) -> Any:
        import keras  # noqa: PLC0415 - it takes seconds, and mistakes in the data should not wait

        return keras.losses.MeanSquaredError()

    @property
    def flatness(self) -> float:
        return 1 / 8  # a square bends by two

    def finish(self, said: Any) -> Any:
        import keras  # noqa: PLC0415

        scale, offset = np.float64(self.unit), np.float64(self.mean)  # TensorFlow takes Python's floats for 32 bits
        return keras.layers.Rescaling(scale, offset, name=OUTPUT, dtype=self.dtype)(said)

    def pupil(self) -> "Regression":
        return self

    def lesson(self, outputs: Outputs) -> NDArray[Any]:
        return self.scaled(outputs[OUTPUT][:, 0])

    def evaluate(self, y: NDArray[Any], outputs: Outputs, weights: RowWeights = None) -> Metrics:
        predicted = outputs[OUTPUT][:, 0].astype(np.float64)  # (rows,)
        return {
            "mae": float(metrics.mean_absolute_error(y, predicted, sample_weight=weights)),
            "rmse": float(metrics.root_mean_squared_error(y, predicted, sample_weight=weights)),
            "r2": float(metrics.r2_score(y, predicted, sample_weight=weights)),
        }

    def weighted(self, y: NDArray[Any], outputs: Outputs, weights: Weights, only: str | None = None) -> Judged:
        truth, predicted = y.astype(np.float64), outputs[OUTPUT][:, 0].astype(np.float64)  # (rows,)
        whole, errors, centred = weights.sum(axis=1), predicted - truth, truth - truth.mean()
        squares = weights @ errors**2
        around_mean = weights @ centred**2 - (weights @ centred) ** 2 / whole
        return {
            "mae": weights @ np.abs(errors) / whole,
            "rmse": np.sqrt(squares / whole),
            "r2": 1 - ratio(squares, around_mean, np.nan),
        }

    def account(self, rows: Rows, outputs: Outputs) -> Mapping[str, Any]:
        return {"residuals": residuals.facts(self._errors(rows, outputs), rows.weights)}

    def sections(self, rows: Rows, outputs: Outputs) -> Sequence[str]:
        return [residuals.said(residuals.facts(self._errors(rows, outputs), rows.weights))]

    def _errors(self, rows: Rows, outputs: Outputs) -> NDArray[np.float64]:
        """Return the truth less the answer: (rows,)."""
        errors: NDArray[np.float64] = rows.y.astype(np.float64) - outputs[OUTPUT][:, 0].astype(np.float64)
        return errors

    def trivial(self, rows: int) -> Outputs:
        return {OUTPUT: np.full((rows, 1), self.mean, self.dtype)}

    def answered_by(self, model: Any, inputs: Any) -> Outputs:
        return {OUTPUT: np.asarray(model.predict(inputs), np.float64)[:, None]}

    def leak_rule(self) -> LeakRule:
        from sklearn.tree import DecisionTreeRegressor  # noqa: PLC0415 - few need it, and it is slow to load

        return LeakRule("r2", SUSPECT_R2, DecisionTreeRegressor, lambda y: y[:, None], OUTPUT)

    def answer(self) -> Mapping[str, Any]:
        return {"type": "value"}

    def bins(self, outputs: Outputs) -> dict[str, Any]:
        return number_bins(outputs[OUTPUT][:, 0])

    def about_baselines(self) -> str:
        return "`baseline` answers the mean of the training rows. Errors are in the unit of the target."

    def about_target(self, y: NDArray[Any]) -> str:
        return f"Its target lies from {number(y.min())} to {number(y.max())}, with a mean of {number(y.mean())}."

    def about_slices(self) -> str:
        return "Where the target is larger, so are errors."

    def plots(self, rows: Rows, outputs: Outputs, adjustment: Adjustment, target: str) -> dict[str, Picture]:
        from training.rendering import pictures  # noqa: PLC0415 - Matplotlib takes a second

        return {RESIDUALS: pictures.residuals(rows.y, outputs[OUTPUT][:, 0], target, rows.weights)}
