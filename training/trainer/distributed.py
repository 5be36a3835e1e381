"""Workers: several processes, on one machine or on several, that fit one network together.

    TF_CONFIG ─ join ─> Workers
    each step    the gradients of each worker's share of a batch ─ mean over all ─> the same step everywhere
    each epoch   each worker's losses                            ─ mean over all ─> the same decisions everywhere

Each worker runs an ordinary `Model.fit`; only the gradients go over the network, as in Horovod (Sergeev, Del Balso
2018, "Horovod: fast and easy distributed deep learning in TensorFlow"), by TensorFlow's own collective operations.
The first worker is the chief: it alone writes. When one ends, the others end too, with a message.
It knows nothing about what is learned, or from what.
"""

import itertools
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.errors import DataError, Helped, TrainingError

VARIABLE = "TF_CONFIG"
GROUP = 7_001  # of our collectives; the strategy counts its own from 1
EXAMPLE = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'
HELPED = "Worker {} is done; the chief, worker 0, writes the bundle."
PARTED = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError, tf.errors.CancelledError)


class Workers:
    """This process alone: everything stays as it is."""

    rank, count = 0, 1

    @property
    def chief(self) -> bool:
        """Whether this is the worker that writes."""
        return self.rank == 0

    def rows(self, wanted: int) -> int:
        """Return the rows of a batch of all workers: at least so many, as many for each."""
        return -(-wanted // self.count) * self.count

    def share(self, batches: Any, last_rows: int) -> Any:
        """Return this worker's rows of each batch of a `tf.data.Dataset`, whose last one has so many."""
        return batches

    def join_in(self, optimizer: Any) -> None:
        """Make an optimizer, before it is used, apply the mean of all workers' gradients."""

    def before(self, stop: Any) -> list[Any]:
        """Return the Keras callbacks that stand before those that decide; `stop.asked` is a wish to end."""
        return []

    def after(self) -> list[Any]:
        """Return the Keras callbacks that stand after all others."""
        return []

    def agree(self, said: Any) -> None:
        """Compare what JSON can hold with all others; raise a DataError when a worker says something else."""

    def go_on(self) -> None:
        """Raise Helped unless this is the chief: what comes after the fit is done once."""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turn the end of another worker into a message."""
        yield


class Several(Workers):
    """This process, the worker `rank`, among others that TensorFlow has connected.

    The strategy holds the connections; it asks every 30 s who is still there.
    """

    def __init__(self, rank: int, count: int, strategy: Any) -> None:
        self.rank, self.count = rank, count
        self._strategy = strategy
        self._keys = itertools.count(1)  # of collective operations; all workers count alike

    def share(self, batches: Any, last_rows: int) -> Any:
        """Leave out what cannot be divided: at most `count - 1` rows an epoch, other ones in each."""

        def mine(tensor: Any) -> Any:
            return tensor[: tf.shape(tensor)[0] // self.count * self.count][self.rank :: self.count]

        steps = int(batches.cardinality()) - (last_rows < self.count)
        return batches.take(steps).map(lambda *given: tf.nest.map_structure(mine, given))

    def join_in(self, optimizer: Any) -> None:
        apply, key = optimizer.apply, next(self._keys)

        def together(gradients: Sequence[Any], variables: Any = None) -> None:
            whole = [tf.convert_to_tensor(gradient) for gradient in gradients]
            flat = tf.concat([tf.reshape(gradient, [-1]) for gradient in whole], axis=0)  # one message a step
            parts = tf.split(self.reduce(flat, key), [int(np.prod(one.shape)) for one in whole])
            apply([tf.reshape(part, one.shape) for part, one in zip(parts, whole, strict=True)], variables)

        optimizer.apply = together

    def before(self, stop: Any) -> list[Any]:
        return [_Together(self, stop, next(self._keys))]

    def after(self) -> list[Any]:
        return [_Apart(self.rank)]

    def agree(self, said: Any) -> None:
        number = zlib.crc32(json.dumps(said, sort_keys=True, default=str).encode())
        both = tf.constant([number, -number], tf.int64)
        most, least = self.reduce(both, next(self._keys), "Max", "Id").numpy().tolist()
        if most != -least:
            raise DataError(
                f"`{VARIABLE}`: expected the same options, data, versions and checkpoints at every worker. "
                f"Received: they differ. Worker {self.rank} has {said}."
            )

    def go_on(self) -> None:
        group = self._group(next(self._keys))
        if self.chief:
            tf.raw_ops.CollectiveBcastSendV2(input=tf.constant(0), **group)
            return
        # Whoever ends takes its connections along, so the others wait until the chief needs them no more.
        with self.watched():
            tf.raw_ops.CollectiveBcastRecvV2(shape=tf.constant([], tf.int32), T=tf.int32, **group)
        raise Helped(HELPED.format(self.rank))

    @contextmanager
    def watched(self) -> Iterator[None]:
        try:
            yield
        except PARTED as error:
            raise TrainingError(
                "Another worker ended or cannot be reached, so this one ends too. Start all of them again; with "
                "--checkpoints in a folder that all see they go on after the last whole epoch. "
                f"TensorFlow says: {_reason(error)}"
            ) from error

    def reduce(self, tensor: Any, key: int, merge: str = "Add", final: str = "Div") -> Any:
        """Return what all workers' tensors give together, by default their mean."""
        how = {"merge_op": merge, "final_op": final, "communication_hint": "auto", "ordering_token": []}
        return tf.raw_ops.CollectiveReduceV2(input=tensor, **how, **self._group(key))

    def _group(self, key: int) -> dict[str, Any]:
        return {"group_size": self.count, "group_key": GROUP, "instance_key": key, "timeout_seconds": 0.0}


ALONE = Workers()


def join(*, ended: bool = False) -> Workers:
    """Meet the other workers that `TF_CONFIG` names, waiting until all are there, before TensorFlow does anything.

    When the fit has `ended` before, nobody is needed: the chief goes on alone.
    Raises a DataError when the variable is not as TensorFlow writes it, with workers alone, and Helped when the fit has
    ended and this is not the chief.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return ALONE
    rank, count = _read(text)
    if ended and rank > 0:
        raise Helped(HELPED.format(rank))
    if ended or count == 1:
        return ALONE
    return Several(rank, count, tf.distribute.MultiWorkerMirroredStrategy())


def _read(text: str) -> tuple[int, int]:
    try:
        content = json.loads(text)
        workers, task = content["cluster"]["worker"], content["task"]
        right = content["cluster"].keys() == {"worker"} and task["type"] == "worker"
        if right and 0 <= int(task["index"]) < len(workers):
            return int(task["index"]), len(workers)
    except (ValueError, KeyError, TypeError):
        pass
    raise DataError(f"`{VARIABLE}`: expected workers and which of them this is: {EXAMPLE}. Received: {text}.")


def _reason(error: tf.errors.OpError) -> str:
    """Return the first line that says something: what comes before names places in the code."""
    lines = [line.strip() for line in str(error.message).splitlines() if line.strip()]
    told = [line for line in lines if "File" not in line and "defined at" not in line and "error:" not in line]
    return (told or lines or [type(error).__name__])[0][:300]


class _Together(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Replace each worker's losses by their mean before anything is decided by them; pass on a wish to stop."""

    def __init__(self, workers: Several, stop: Any, key: int) -> None:
        super().__init__()
        self._workers, self._stop, self._key = workers, stop, key

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert logs is not None
        values = tf.constant([logs["loss"], logs["val_loss"], float(self._stop.asked)], tf.float64)
        logs["loss"], logs["val_loss"], asked = self._workers.reduce(values, self._key).numpy().tolist()
        self._stop.asked = asked > 0


class _Apart(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Let each worker draw its own random numbers, also after a restart from the chief's checkpoint."""

    def __init__(self, rank: int) -> None:
        super().__init__()
        self._rank = rank

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        for variable in self.model.non_trainable_variables:
            if variable.path.endswith("seed_generator_state"):
                seed, drawn = keras.ops.convert_to_numpy(variable)
                variable.assign([seed + self._rank, drawn])


def scope(devices: list[str] | None = None) -> AbstractContextManager[Any]:
    """Return the scope for a copy of the network on each device, by default every graphics card; one needs none."""
    names = [device.name for device in tf.config.list_logical_devices("GPU")] if devices is None else devices
    if len(names) < 2:
        return nullcontext()
    made: AbstractContextManager[Any] = tf.distribute.MirroredStrategy(names).scope()
    return made
