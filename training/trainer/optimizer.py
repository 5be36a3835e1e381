"""Optimizer: which one, how its learning rate moves epoch by epoch, and the mean of its last weights.

    plateau      the full rate; cut whenever the validation loss has not improved for some epochs
    cosine       from the full rate along half a cosine to a hundredth of it in the last epoch of `--epochs`
    constant     the full rate throughout
    warm-up      before any of them, in equal steps to the full rate
    penalties    on weights with a rate of their own: lowered whenever the validation loss stalls
    averaging    after every step   average = momentum * average + (1 - momentum) * weights
                 after every epoch  the average is judged, and kept if it is the best; training goes on from the weights

All but the plateau's cuts follow from the number of the epoch alone, so a run that is resumed moves on as before.
The mean of many steps is steadier than any of them, and costs nothing where it is served: Polyak, Juditsky 1992,
"Acceleration of stochastic approximation by averaging". It knows nothing about networks or data.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from training.options.rooms import OptimizerName, ScheduleName

RELEASE_EPOCHS, RELEASE_GAIN, RELEASED = 2, 0.002, 0.25  # without so much of a gain, penalties fall to this share
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


MOMENTUM = 0.9


class OwnRate(NamedTuple):
    """How some weights move that do not move as all others."""

    rate: float  # the learning rate, of Nesterov's momentum
    penalty: float  # on half their squares, beside the loss of a row


LEARNING_RATES: dict[str, float] = {"sgd": 0.05, "momentum": 0.02, "rmsprop": 0.001, "adam": 0.002, "adamw": 0.002}
SMALLEST_BATCH_ROWS, LARGEST_BATCH_ROWS = 32, 256


class _OwnRates(keras.optimizers.Optimizer):  # type: ignore[misc]  # keras ships no types
    """Some weights move by Nesterov's momentum, in multiples of the learning rate: `own`, by their paths."""

    own: Mapping[str, OwnRate]

    def build(self, variables: Any) -> None:
        if not self.built:
            super().build(variables)
            self._own = {place: self._added(each) for place, each in enumerate(variables) if each.path in self.own}

    def _added(self, variable: Any) -> tuple[float, Any, Any]:
        rate, penalty = self.own[variable.path]
        kept = self.add_variable((), keras.initializers.Constant(penalty), name="penalty")
        return rate, kept, self.add_variable_from_reference(variable, "speed")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        its = self._own.get(self._get_variable_index(variable))
        if its is None:
            super().update_step(gradient, variable, learning_rate)
            return
        factor, penalty, speed = its
        tf.raw_ops.ResourceApplyKerasMomentum(  # one pass over a large table, where Keras takes seven
            var=variable.handle,
            accum=speed.value.handle,
            lr=learning_rate * factor,
            grad=gradient + variable * penalty,
            momentum=MOMENTUM,
            use_nesterov=True,
        )

    def penalties(self) -> list[float]:
        return [float(penalty) for _, penalty, _ in self._own.values()]

    def release(self) -> None:
        """Lower the penalties."""
        for _, penalty, _ in self._own.values():
            penalty.assign(penalty * RELEASED)


def build(name: OptimizerName, rate: float, own: Mapping[str, OwnRate] | None = None) -> Any:
    """Return the Keras optimizer of that name at its full learning rate.

    Weights whose path is in `own` move by momentum at that rate instead, which is cut when the full one is.
    """
    kinds = {"sgd": "SGD", "momentum": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}
    kind = getattr(keras.optimizers, kinds[name])
    more = {"momentum": MOMENTUM, "nesterov": True} if name == "momentum" else {}
    if not own:
        return kind(rate, **more)
    made = type("OwnRates", (_OwnRates, kind), {})(rate, **more)
    made.own = {path: OwnRate(its.rate / rate, its.penalty) for path, its in own.items()}
    if made.weight_decay:
        made.exclude_from_weight_decay(var_names=list(own))
    return made


def releases(made: Any) -> list[Any]:
    """Return the callback that lowers the penalties of an optimizer's own weights, if it has any."""
    return [_Release()] if getattr(made, "own", None) else []


class _Release(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Lower the penalties whenever the validation loss has not improved for some epochs.

    So one fit goes along the path from the strongest penalty to the weakest that pays, each from the weights before it.
    """

    remembered = ("best", "waited")  # by a checkpoint

    def __init__(self) -> None:
        super().__init__()
        self.best, self.waited = math.inf, 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert logs is not None
        better = logs["val_loss"] < self.best * (1 - RELEASE_GAIN)
        self.best = min(self.best, logs["val_loss"])
        self.waited = 0 if better else self.waited + 1
        if self.waited >= RELEASE_EPOCHS:
            self.model.optimizer.release()
            self.waited = 0


def scaled_rate(optimizer: OptimizerName, batch: int) -> float:
    """Raise an optimizer's own rate by the root of how many usual batches go into one.

    Square-root scaling: Malladi and others 2022, "On the SDEs and scaling rules for adaptive gradient algorithms".
    """
    return LEARNING_RATES[optimizer] * math.sqrt(max(1.0, batch / LARGEST_BATCH_ROWS))
