"""Classification: two or more labels; the answer is a probability for each.

Binary metrics are about the second label in order ("yes" after "no", "1" after "0"); with more labels they are
means over the labels, each against the rest.
It knows nothing about features, files or ONNX.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import metrics

from training.columns.arrays import Outputs
from training.columns.values import as_text
from training.tasks.base import Metrics

SMALLEST_PROBABILITY = 1e-7  # a 32-bit float cannot tell 1 - 1e-8 from 1; log loss stays finite


@dataclass(frozen=True)
class Classification:
    """One of `labels`, by probabilities."""

    labels: tuple[str, ...]
    shares: tuple[float, ...] = ()  # of the labels in the training rows
    output: str = "probabilities"
    unit: float = 1.0

    @property
    def name(self) -> str:
        return "binary" if len(self.labels) == 2 else "multiclass"

    @property
    def width(self) -> int:
        return len(self.labels)

    @property
    def budget_metrics(self) -> tuple[str, ...]:
        return ("roc_auc", "accuracy") if self.name == "binary" else ("accuracy",)

    def encode(self, target: pd.Series) -> NDArray[np.int64]:
        numbers = pd.Categorical(as_text(target), categories=list(self.labels)).codes
        return numbers.astype(np.int64)  # (rows,)

    def fit_to(self, y: NDArray[Any]) -> "Classification":
        counts = np.bincount(y, minlength=self.width)
        return replace(self, shares=tuple((counts / len(y)).tolist()))

    def scaled(self, y: NDArray[Any]) -> NDArray[Any]:
        return y

    def finish(self) -> Any:
        import keras  # noqa: PLC0415 - it takes seconds, and mistakes in the data should not wait

        return keras.layers.Softmax(name=self.output)

    def loss(self) -> Any:
        import keras  # noqa: PLC0415

        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def trivial(self, rows: int) -> Outputs:
        return {self.output: np.tile(np.array(self.shares, np.float32), (rows, 1))}  # (rows, labels)

    def evaluate(self, y: NDArray[Any], outputs: Outputs) -> Metrics:
        probabilities = outputs[self.output].astype(np.float64)  # (rows, labels)
        found = {**_by_label(y, probabilities.argmax(axis=1), self.width), **_by_rank(y, probabilities)}
        return {name: float(value) for name, value in found.items()}

    def tensors(self) -> tuple[tuple[str, str, tuple[int | None, ...]], ...]:
        return ((self.output, "float32", (self.width,)),)

    def answer(self) -> Mapping[str, Any]:
        return {"type": "label", "labels": self.labels}

    def bins(self, outputs: Outputs) -> dict[str, Any]:
        counts = np.bincount(outputs[self.output].argmax(axis=1), minlength=self.width)
        shares = (counts / counts.sum()).tolist()
        rest = {"other": 0.0, "missing": 0.0, "unseen": 0.0}
        return {"kind": "category", "values": list(self.labels), "shares": shares, **rest}


def sort_labels(values: Sequence[str]) -> tuple[str, ...]:
    """Order labels as people count: numbers by size, words by letter."""
    try:
        return tuple(sorted(set(values), key=float))
    except ValueError:
        return tuple(sorted(set(values)))


def confusion(y: NDArray[Any], outputs: NDArray[Any]) -> NDArray[np.int64]:
    """Count rows by true label (down) and predicted label (across): (labels, labels)."""
    labels = np.arange(outputs.shape[1])
    counts: NDArray[np.int64] = metrics.confusion_matrix(y, outputs.argmax(axis=1), labels=labels)
    return counts


def _by_label(y: NDArray[Any], predicted: NDArray[Any], width: int) -> dict[str, float]:
    """Metrics of the most probable label."""
    mean: dict[str, Any] = {"average": "binary" if width == 2 else "macro", "zero_division": 0.0}
    recalls = metrics.recall_score(y, predicted, average=None, labels=np.unique(y), zero_division=0.0)
    return {
        "accuracy": metrics.accuracy_score(y, predicted),
        "balanced_accuracy": np.mean(recalls),
        "precision": metrics.precision_score(y, predicted, **mean),
        "recall": metrics.recall_score(y, predicted, **mean),
        "f1": metrics.f1_score(y, predicted, **mean),
    }


def _by_rank(y: NDArray[Any], probabilities: NDArray[np.float64]) -> dict[str, float]:
    """Metrics of the probabilities themselves."""
    held = np.clip(probabilities, SMALLEST_PROBABILITY, 1)
    held /= held.sum(axis=1, keepdims=True)
    labels = range(1, 2) if held.shape[1] == 2 else range(held.shape[1])
    sides = [(y == label, probabilities[:, label]) for label in labels if 0 < np.mean(y == label) < 1]
    return {
        "roc_auc": np.mean([metrics.roc_auc_score(*side) for side in sides]),
        "pr_auc": np.mean([metrics.average_precision_score(*side) for side in sides]),
        "log_loss": metrics.log_loss(y, held, labels=np.arange(held.shape[1])),
    }
