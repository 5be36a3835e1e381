"""Order: seed and epoch -> the order in which an epoch takes the training rows.

It depends on nothing else, so a run that is resumed, and every worker of several, sees the order of an unbroken run.
It knows nothing about what the rows hold.
"""

import numpy as np
from numpy.typing import NDArray


def order(seed: int, epoch: int, rows: int) -> NDArray[np.int64]:
    """Return every row's number once, shuffled: (rows,). Epochs count from 0."""
    return np.random.default_rng([seed, epoch]).permutation(rows)
