"""Metrics of labels: numbers of the labels and probabilities -> metrics, by scikit-learn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from training.tasks.label.weighted import SMALLEST_PROBABILITY


def metrics_of(y: NDArray[Any], probabilities: NDArray[np.float64]) -> dict[str, float]:
    """Judge probabilities, (rows, labels), against the number of each row's label, (rows,)."""
    found = {**_by_label(y, probabilities.argmax(axis=1), probabilities.shape[1]), **_by_rank(y, probabilities)}
    return {name: float(value) for name, value in found.items()}


def claims(y: NDArray[Any], probabilities: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Return whether each row has the second of two labels, or the most probable of several; and its probability."""
    if probabilities.shape[1] == 2:
        return y == 1, probabilities[:, 1]
    return y == probabilities.argmax(axis=1), probabilities.max(axis=1)


def confusion(y: NDArray[Any], probabilities: NDArray[Any], weights: NDArray[np.float64] | None = None) -> NDArray[Any]:
    """Count rows, or their weights, by true label (down) and predicted label (across): (labels, labels)."""
    predicted, labels = probabilities.argmax(axis=1), np.arange(probabilities.shape[1])
    counts: NDArray[Any] = metrics.confusion_matrix(y, predicted, labels=labels, sample_weight=weights)
    return counts


def _by_label(y: NDArray[Any], predicted: NDArray[Any], width: int) -> dict[str, float]:
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
    clipped = np.clip(probabilities, SMALLEST_PROBABILITY, 1)
    clipped /= clipped.sum(axis=1, keepdims=True)
    labels = range(1, 2) if clipped.shape[1] == 2 else range(clipped.shape[1])
    sides = [(y == label, probabilities[:, label]) for label in labels if 0 < np.mean(y == label) < 1]
    return {
        "roc_auc": np.mean([metrics.roc_auc_score(*side) for side in sides]),
        "pr_auc": np.mean([metrics.average_precision_score(*side) for side in sides]),
        "log_loss": metrics.log_loss(y, clipped, labels=np.arange(clipped.shape[1])),
    }
