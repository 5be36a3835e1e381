"""Schedule: how the learning rate moves, epoch by epoch.

    plateau      the full rate; cut whenever the validation loss has not improved for some epochs
    cosine       from the full rate along half a cosine to a hundredth of it in the last epoch of `--epochs`
    constant     the full rate throughout
    warm-up      before any of them, in equal steps to the full rate

All but the plateau's cuts follow from the number of the epoch alone, so a run that is resumed moves on as before.
It knows nothing about networks or data.
"""

import math
from typing import Any

import keras

from training.options import ScheduleName

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
