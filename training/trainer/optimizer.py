"""Optimizer: which one, how its learning rate moves epoch by epoch, and the mean of its last weights.

    plateau      the full rate; cut whenever the validation loss has not improved for some epochs
    cosine       from the full rate along half a cosine to a hundredth of it in the last epoch of `--epochs`
    constant     the full rate throughout
    warm-up      before any of them, in equal steps to the full rate
    averaging    after every step   average = momentum * average + (1 - momentum) * weights
                 after every epoch  the average is judged, and kept if it is the best; training goes on from the weights

All but the plateau's cuts follow from the number of the epoch alone, so a run that is resumed moves on as before.
The mean of many steps is steadier than any of them, and costs nothing where it is served: Polyak, Juditsky 1992,
"Acceleration of stochastic approximation by averaging". It knows nothing about networks or data.
"""

import math
from typing import Any

import keras

from training.options.rooms import OptimizerName, ScheduleName

PLATEAU_EPOCHS, PLATEAU_FACTOR = 3, 0.3  # without a better validation loss, the learning rate is cut to this
LAST_SHARE = 0.01  # of the full rate, in the last epoch of a cosine


def callbacks(name: ScheduleName, rate: float, *, epochs: int, warm_up: int) -> list[Any]:
    """Return the Keras callbacks that move the rate of an optimizer that begins at the full `rate`."""
    moves = [_Rate(name, rate, epochs, warm_up)] if warm_up or name == "cosine" else []
    if name != "plateau":
        return moves
    return [*moves, keras.callbacks.ReduceLROnPlateau(patience=PLATEAU_EPOCHS, factor=PLATEAU_FACTOR)]


def rate_at(name: ScheduleName, rate: float, epoch: int, *, epochs: int, warm_up: int) -> float:
    """Return the rate of an epoch, from 0; of a plateau, before any cut."""
    if epoch < warm_up:
        return rate * (epoch + 1) / (warm_up + 1)
    if name != "cosine":
        return rate
    done = (epoch - warm_up) / max(1, epochs - 1 - warm_up)
    return rate * (LAST_SHARE + (1 - LAST_SHARE) * (1 + math.cos(math.pi * done)) / 2)


class _Rate(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Set the rate before each epoch; after the warm-up, a plateau's rate is left to its own callback."""

    def __init__(self, name: ScheduleName, rate: float, epochs: int, warm_up: int) -> None:
        super().__init__()
        self._name, self._rate, self._epochs, self._warm_up = name, rate, epochs, warm_up

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._name == "cosine" or epoch <= self._warm_up:
            rate = rate_at(self._name, self._rate, epoch, epochs=self._epochs, warm_up=self._warm_up)
            self.model.optimizer.learning_rate = rate


def average(optimizer: Any, momentum: float) -> list[Any]:
    """Make an optimizer, before it is used, keep an average; return the callbacks that put it in its place.

    They must stand before `EarlyStopping`, which then keeps averages.
    """
    if not momentum:
        return []
    optimizer.use_ema = True
    optimizer.ema_momentum = momentum
    optimizer.ema_overwrite_frequency = None
    return [_Swap(swap_on_epoch=True)]


class _Swap(keras.callbacks.SwapEMAWeights):  # type: ignore[misc]  # keras ships no types
    """Swap by assignment, four times an epoch: Keras' own sums and differences round, and took a third of an epoch."""

    def _tf_swap_variables(self, optimizer: Any) -> None:
        for weights, average in zip(
            optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True
        ):
            before = weights.value.read_value()
            weights.assign(average)
            average.assign(before)


LEARNING_RATES: dict[str, float] = {"sgd": 0.05, "momentum": 0.02, "rmsprop": 0.001, "adam": 0.002, "adamw": 0.002}
SMALLEST_BATCH_ROWS, LARGEST_BATCH_ROWS = 32, 256


def build(name: OptimizerName, rate: float) -> Any:
    """Return the Keras optimizer of that name at its full learning rate."""
    if name == "momentum":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    kinds = {"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}
    return getattr(keras.optimizers, kinds[name])(rate)


def scaled_rate(optimizer: OptimizerName, batch: int) -> float:
    """Raise an optimizer's own rate by the root of how many usual batches go into one.

    Square-root scaling: Malladi and others 2022, "On the SDEs and scaling rules for adaptive gradient algorithms".
    """
    return LEARNING_RATES[optimizer] * math.sqrt(max(1.0, batch / LARGEST_BATCH_ROWS))
