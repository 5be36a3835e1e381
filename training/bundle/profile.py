"""Profile: the training distribution of every feature and of the prediction, in bins.

What drift is measured against. It knows nothing about networks or files.
"""

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
