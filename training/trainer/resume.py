"""Resume: a Keras fit <-> its state, so that a fit that was killed goes on as if it had not been.

    after an epoch   network, random generators, optimizer, averages, best weights, callbacks ─> Checkpoints
    at the start     the newest state ─> all of them again; the fit begins with the epoch after it

What follows from seed and epoch is not kept: the order of the rows, and a learning rate before any cut.
It knows nothing about data, or what the callbacks do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.trainer.checkpoints import Checkpoints, State

# What Keras' own callbacks remember from epoch to epoch. They forget it when a fit begins.
REMEMBERED: Mapping[type[Any], tuple[str, ...]] = {
    keras.callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    keras.callbacks.SwapEMAWeights: ("_ema_weights_in_model",),
}


class Keeper(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Save a fit after each epoch, and put a saved one back; stands last among the callbacks.

    Those before it name what they remember in `remembered`. Of several workers, one `saves`.
    """

    def __init__(
        self, checkpoints: Checkpoints, others: Sequence[Any], state: State | None, *, saves: bool = True
    ) -> None:
        super().__init__()
        self._saves = saves
        self._checkpoints, self._others, self._state = checkpoints, others, state

    def first_epoch(self, epochs: int) -> int:
        """Return the epoch to begin with, from 0; `epochs` when nothing is left to do."""
        if self._state is None:
            return 0
        return epochs if self._state.facts["ended"] else self._state.epochs

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        if self._state is not None:
            self._restore(self._state)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._saves:
            self._checkpoints.save(self._now(epoch + 1))

    def _now(self, epochs: int) -> State:
        arrays = {f"model/{i:04d}": keras.ops.convert_to_numpy(one) for i, one in enumerate(self._variables())}
        stopping = (one for one in self._others if isinstance(one, keras.callbacks.EarlyStopping))
        for i, weights in enumerate(next((one.best_weights or [] for one in stopping), [])):
            arrays[f"best/{i:04d}"] = weights
        remembered = [{name: _plain(getattr(one, name)) for name in _names(one)} for one in self._others]
        ended = bool(self.model.stop_training) or epochs == self.params["epochs"]
        return State(epochs, arrays, {"ended": ended, "callbacks": remembered})

    def _restore(self, state: State) -> None:
        variables, values = self._variables(), _of(state.arrays, "model/")
        if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
            raise DataError(
                "`--checkpoints`: expected the state of this network. Received: that of another shape, as "
                "another search (--tune without --tune-store) makes it. Remove the folder."
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        for one, remembered in zip(self._others, state.facts["callbacks"], strict=True):
            for name, value in remembered.items():
                setattr(one, name, value)
            if isinstance(one, keras.callbacks.EarlyStopping):
                one.best_weights = _of(state.arrays, "best/") or None

    def _variables(self) -> list[Any]:
        """Weights, states of random generators, and all that the optimizer keeps."""
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        return [*self.model.variables, *self.model.optimizer.variables]


def _names(callback: Any) -> tuple[str, ...]:
    own: tuple[str, ...] = getattr(callback, "remembered", ())
    return own or next((names for kind, names in REMEMBERED.items() if isinstance(callback, kind)), ())


def _plain(value: Any) -> Any:
    """Return what JSON holds: numbers of NumPy become Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _of(arrays: Mapping[str, NDArray[Any]], prefix: str) -> list[NDArray[Any]]:
    return [arrays[name] for name in sorted(arrays) if name.startswith(prefix)]
