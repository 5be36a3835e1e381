"""Calibrate: what a task changes about a fitted network by the validation rows, folded into its last weights.

It knows nothing about why something is changed.
"""

from training.calibration.adjustment import Adjustment
from training.columns.arrays import Rows, predict_in_batches
from training.network.architectures import rescale
from training.network.network import Network
from training.options import Options
from training.tasks.base import Task


def calibrate(network: Network, task: Task, validation: Rows, options: Options) -> Adjustment:
    """Change the network in place, and say what was done."""
    found = task.adjustment(lambda: predict_in_batches(network.predict, validation.arrays), validation.y, options)
    if found.changes:
        rescale(network.trunk, found.scale, found.shift)
    return found
