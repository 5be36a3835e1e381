"""Totals of labels and of their probabilities: the metrics of the card, of any number of rows.

    confusion   rows by true and given label ─> accuracy, balanced_accuracy, precision, recall, f1
    scores      rows by bins of a probability, with and without the label ─> roc_auc, pr_auc
    log_loss    summed exactly

As training judges test rows; the areas within the error that they state. It knows neither files nor outputs by name.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.answers.figures import Figure, of_mean, precision_area, resampled, roc_area
from app.answers.totals import Cells, Totals, Whole
from app.tensors import Array

LABELS_MAX = 256  # that are told apart: cells are as many squared
BINS = 4096  # of a probability, for two labels
SCORE_CELLS = 131_072  # at most, over all labels
SMALLEST_PROBABILITY = 1e-7  # a 32-bit float cannot tell 1 - 1e-8 from 1; log loss stays finite
AREAS = {"roc_auc": roc_area, "pr_auc": precision_area}


def bins_of(labels: int) -> int:
    """Return into how many bins the probability of each label is put."""
    return min(BINS, SCORE_CELLS // (2 * labels))


def scores(probabilities: Array, true: Array, labels: Sequence[int]) -> Cells:
    """Count rows by label, by whether they have it, and by the bin of its probability; `true` is (rows, labels)."""
    bins = bins_of(len(labels))
    cells = [
        np.minimum((probabilities[:, label] * bins).astype(np.int64), bins - 1) + (2 * at + true[:, label]) * bins
        for at, label in enumerate(labels)
    ]
    return Cells.of(np.concatenate(cells), 2 * bins * len(labels))


def of_areas(cells: Cells, labels: int) -> dict[str, Figure]:
    """Return both areas, the mean over the labels that some rows have and some have not; of one, with intervals."""
    size = 2 * bins_of(labels) * labels
    found = _areas(cells.dense(size), labels)
    if not found:
        return {}
    if labels > 1:
        return {name: Figure(value, error=error) for name, (value, error) in found.items()}

    def values(rows: Whole) -> list[float]:
        return [value for value, _ in _areas(rows, 1).values()] or [np.nan] * len(AREAS)

    between = resampled(cells, size, values)
    return {
        name: Figure(value, *reach, error=error)
        for (name, (value, error)), reach in zip(found.items(), between, strict=True)
    }


def _areas(rows: Whole, labels: int) -> dict[str, tuple[float, float]]:
    table = rows.reshape(labels, 2, -1).astype(np.float64)  # (labels, without and with, bins)
    there = [(hits, misses) for misses, hits in table if hits.any() and misses.any()]
    if not there:
        return {}
    return {name: tuple(np.mean([area(*each) for each in there], axis=0).tolist()) for name, area in AREAS.items()}


def totals(true: Array, probabilities: Array) -> Totals:
    """Count rows: the place of each one's true label, (rows,), and the probabilities, (rows, labels)."""
    labels = probabilities.shape[1]
    given = probabilities.argmax(axis=1)
    cells = {"right": Cells.of((true == given).astype(np.int64), 2)}
    if labels <= LABELS_MAX:
        cells["confusion"] = Cells.of(true * labels + given, labels**2)
        ranked = range(1, 2) if labels == 2 else range(labels)
        cells["scores"] = scores(probabilities, true[:, None] == np.arange(labels), ranked)
    held = np.clip(probabilities.astype(np.float64), SMALLEST_PROBABILITY, 1)
    lost = -np.log(held[np.arange(len(true)), true] / held.sum(axis=1))
    return Totals.of(len(true), cells, {"log_loss": lost, "log_loss_squared": lost**2})


def figures(found: Totals, labels: int) -> dict[str, Figure]:
    """Return the metrics of so many labels; of very many, those that need no table of all with all."""
    loss = of_mean(found.mean("log_loss"), found.mean("log_loss_squared"), found.rows)
    if labels > LABELS_MAX:
        return {**_with_intervals(found.cells["right"], 2, _of_right), "log_loss": loss}
    by_label = _with_intervals(found.cells["confusion"], labels**2, _judged)
    return {**by_label, **of_areas(found.cells["scores"], 1 if labels == 2 else labels), "log_loss": loss}


def _with_intervals(cells: Cells, size: int, judged: Callable[[Whole], Mapping[str, float]]) -> dict[str, Figure]:
    between = resampled(cells, size, lambda rows: list(judged(rows).values()))
    values = judged(cells.dense(size))
    return {name: Figure(value, *reach) for (name, value), reach in zip(values.items(), between, strict=True)}


def _of_right(rows: Whole) -> Mapping[str, float]:
    wrong, right = rows.tolist()
    return {"accuracy": right / (wrong + right)}


def _judged(rows: Whole) -> Mapping[str, float]:
    """Judge rows by true and given label; labels that no row has and none was given do not count."""
    labels = math.isqrt(len(rows))
    confusion = rows.reshape(labels, labels)  # true label down, given label across
    true, given, hits = confusion.sum(axis=1), confusion.sum(axis=0), np.diagonal(confusion)
    recall, precision, f1 = (_ratio(*each) for each in ((hits, true), (hits, given), (2 * hits, true + given)))
    there = true + given > 0
    two = labels == 2
    return {
        "accuracy": float(hits.sum() / confusion.sum()),
        "balanced_accuracy": float(recall[true > 0].mean()),
        "precision": float(precision[1] if two else precision[there].mean()),
        "recall": float(recall[1] if two else recall[there].mean()),
        "f1": float(f1[1] if two else f1[there].mean()),
    }


def _ratio(above: Whole, below: Whole) -> NDArray[np.float64]:
    divided: NDArray[np.float64] = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
    return divided
