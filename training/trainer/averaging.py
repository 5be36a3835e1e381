"""Averaging: the mean of the last weights instead of the last weights.

    after every step   average = momentum * average + (1 - momentum) * weights
    after every epoch  the average is judged, and kept if it is the best; training goes on from the weights

The mean of many steps is steadier than any of them, and costs nothing where it is served.
Averaging: Polyak, Juditsky 1992, "Acceleration of stochastic approximation by averaging".
It knows nothing about what is learned.
"""

from typing import Any

import keras


def average(optimizer: Any, momentum: float) -> list[Any]:
    """Make an optimizer, before it is used, keep an average; return the callbacks that put it in its place.

    They must stand before `EarlyStopping`, which then keeps averages.
    """
    if not momentum:
        return []
    optimizer.use_ema = True
    optimizer.ema_momentum = momentum
    optimizer.ema_overwrite_frequency = None
    return [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]
