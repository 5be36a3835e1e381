"""Profile: the training distribution of every feature and of the prediction, in bins.

What drift is measured against. It knows nothing about networks or files.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import Arrays, Outputs, row_count
from training.features.features import CATEGORICAL, NUMERIC, Category, Features
from training.tasks.base import Task

DECILES = np.arange(1, 10) / 10
MAX_VALUES = 30  # of a column: each becomes a time series of the service


def profile(features: Features, task: Task, arrays: Arrays, outputs: Outputs) -> dict[str, Any]:
    """Return the content of `profile.json` from the training rows and the shipped graph's answers for them."""
    numbers = {f.name: number_bins(arrays[NUMERIC][:, i]) for i, f in enumerate(features.numbers)}
    strings = {f.name: category_bins(arrays[CATEGORICAL][:, i], f) for i, f in enumerate(features.categories)}
    bins = {**numbers, **strings}
    answers = outputs[task.output]  # (rows, width)
    prediction = number_bins(answers[:, 0]) if task.labels is None else _label_bins(answers, task.labels)
    return {
        "rows": row_count(arrays),
        "features": {name: bins[name] for name in features.order},
        "prediction": prediction,
    }


def number_bins(values: NDArray[np.float32]) -> dict[str, Any]:
    """Cut at the deciles: x is in bin i when edges[i-1] < x <= edges[i]. Booleans are the numbers 0 and 1."""
    present = values[~np.isnan(values)].astype(np.float64)
    if not len(present):
        return {"kind": "number", "edges": [], "shares": [0.0], "missing": 1.0, "minimum": None, "maximum": None}
    edges = np.unique(np.quantile(present, DECILES, method="inverted_cdf"))
    counts = np.bincount(np.searchsorted(edges, present, side="left"), minlength=len(edges) + 1)
    return {
        "kind": "number",
        "edges": edges.tolist(),
        "shares": (counts / len(values)).tolist(),
        "missing": 1 - len(present) / len(values),
        "minimum": float(present.min()),
        "maximum": float(present.max()),
    }


def category_bins(values: NDArray[Any], category: Category) -> dict[str, Any]:
    """Count the most frequent values; the others that the graph knows share a bin, and so do those it does not."""
    named = list(category.vocabulary[:MAX_VALUES])
    shares = [float(np.mean(values == value)) for value in named]
    missing = float(np.mean(values == ""))
    other = float(np.isin(values, category.vocabulary[MAX_VALUES:]).mean())
    unseen = max(0.0, 1 - missing - other - sum(shares))  # too rare for the vocabulary: the graph does not know them
    rest = {"other": other, "missing": missing, "unseen": unseen}
    return {"kind": "category", "values": named, "shares": shares, **rest}


def _label_bins(outputs: NDArray[Any], labels: tuple[str, ...]) -> dict[str, Any]:
    counts = np.bincount(outputs.argmax(axis=1), minlength=len(labels))
    shares = (counts / len(outputs)).tolist()
    return {"kind": "category", "values": list(labels), "shares": shares, "other": 0.0, "missing": 0.0, "unseen": 0.0}
