"""Profile: how every feature and the prediction lie in the training rows; drift is measured against it."""

from typing import Any

from training.columns.arrays import Arrays, Outputs, row_count
from training.features.features import Features
from training.tasks.base import Task


def profile(features: Features, task: Task, arrays: Arrays, outputs: Outputs) -> dict[str, Any]:
    """Return the content of `profile.json` from the training rows and the shipped graph's answers for them."""
    return {
        "rows": row_count(arrays),
        "features": {name: features.bins(name, arrays) for name in features.order},
        "prediction": task.bins(outputs),
    }
