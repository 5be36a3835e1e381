"""Fit: a network, encoded rows -> the weights with the best validation loss.

It knows nothing about data files, ONNX or how models are judged.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.columns.arrays import Arrays, Ragged, Rows
from training.errors import TrainingError
from training.network.network import Network
from training.options import Options
from training.tasks.base import Task
from training.tasks.losses import loss_of
from training.trainer import mixed_precision, optimizer
from training.trainer.batches import Feed, in_order
from training.trainer.distributed import Workers
from training.trainer.optimizer import LARGEST_BATCH_ROWS, SMALLEST_BATCH_ROWS, OwnRate
from training.trainer.run_context import RunContext
from training.trainer.shards import Shards

STEPS_A_CALL = 32  # steps that TensorFlow runs before it returns to Python: an epoch took 2.6 times less
STEPS_AN_EPOCH = 100  # the batch size is chosen so that an epoch has about so many
# Two million flights, three epochs: 1,024 rows and twice the rate took 0.6 of the time of 256, and lost less.
MANY_ROWS, MANY_ROWS_BATCH_ROWS = 500_000, 1024
VALIDATION_BATCH_ROWS = 4096

ALONE = RunContext()
Progress = Callable[[int, dict[str, float]], None]  # epochs done, losses so far


@dataclass(frozen=True)
class Part:
    """Rows as the trunk wants them, with their target."""

    arrays: Arrays  # numeric, codes
    y: NDArray[Any]  # (rows,) scaled
    weights: NDArray[np.float64] | None = None  # (rows,) one in the mean; None: all rows count alike

    def __len__(self) -> int:
        return len(self.y)

    def feed(self, batch_rows: int, seed: int, class_weights: NDArray[np.float32] | None = None) -> Feed:
        """Return the batches; rows count by their weights, and by that of their class."""
        factors = [self.weights, None if class_weights is None else class_weights[self.y]]
        there = [each for each in factors if each is not None]
        weights = np.prod(there, axis=0).astype(np.float32) if there else None
        return Feed(self.arrays, self.y, batch_rows=batch_rows, seed=seed, weights=weights)

    def class_counts(self) -> NDArray[Any]:
        """Return how much the rows of each class count together: (classes,)."""
        return np.bincount(self.y, self.weights)


@dataclass(frozen=True)
class History:
    """How the fit went: one loss an epoch, and which epoch was kept."""

    loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    best_epoch: int  # from 1
    interrupted: bool
    learning_rate: float
    batch_rows: int


def seed_everything(seed: int, *, exactly: bool = True) -> None:
    """Make a run repeatable on one machine: Python, NumPy, Keras and, `exactly`, the order of TensorFlow's sums.

    Keras compiles nothing with XLA in a process in which TensorFlow's sums have been given an order.
    """
    keras.utils.set_random_seed(seed)
    if exactly:
        tf.config.experimental.enable_op_determinism()


def encoded(learner: Network, task: Task, rows: Rows) -> Part:
    """Return raw rows as the network's trunk wants them."""
    return Part(learner.encode(rows.arrays), task.scaled(rows.y), rows.relative_weights)


def fit(
    trunk: Any,
    task: Task,
    train: Part | Shards,
    validation: Part,
    options: Options,
    progress: Progress,
    context: RunContext = ALONE,
) -> History:
    """Train until the validation loss stops falling; leave the best weights in `trunk`."""
    together = options.fit.batch_size or batch_rows(len(train))
    rate = options.fit.learning_rate or optimizer.scaled_rate(options.fit.optimizer, together)
    workers = context.workers
    batch = workers.rows(together)
    stop, losses = _Stop(within_epochs=workers.count == 1), _Losses(progress)
    slower = optimizer.callbacks(options.fit.schedule, rate, epochs=options.fit.epochs, warm_up=options.fit.warm_up)
    best = keras.callbacks.EarlyStopping(patience=options.fit.patience, restore_best_weights=True)
    feed = train.feed(batch, options.run.seed, task.class_weights(train.class_counts, options))
    its = _compile(trunk, task, options, rate, feed.steps, workers)
    callbacks = [feed, *its, *workers.before(stop), *slower, best, losses, stop]
    keepers = context.keepers(callbacks)
    with on_interrupt(stop.ask), workers.watched():
        trunk.fit(
            workers.share(feed.batches(), len(train) % batch or batch),
            shuffle=False,  # the feed does
            initial_epoch=max((keeper.first_epoch(options.fit.epochs) for keeper in keepers), default=0),
            epochs=options.fit.epochs,
            **_validated_by([validation.arrays[tensor.name] for tensor in trunk.inputs], validation),
            callbacks=[*callbacks, *context.loggers, *keepers, *workers.after()],
            verbose=0,
        )
    if not np.isfinite(losses.validation).any():
        raise TrainingError(f"The loss is not a number from the first epoch on: try --learning-rate {rate / 10:g}.")
    return History(
        loss=tuple(losses.train),
        validation_loss=tuple(losses.validation),
        best_epoch=int(np.nanargmin(losses.validation)) + 1,
        interrupted=stop.asked,
        learning_rate=rate,
        batch_rows=batch,
    )


def _validated_by(inputs: list[Any], rows: Part) -> dict[str, Any]:
    """Return what Keras is told of the validation rows; it would round doubles to 32 bits that come as arrays.

    It takes no ragged ones.
    """
    given = [rows.y] if rows.weights is None else [rows.y, rows.weights.astype(np.float32)]
    if not any(isinstance(array, Ragged) or array.dtype == np.float64 for array in inputs):
        return {"validation_data": (inputs, *given), "validation_batch_size": VALIDATION_BATCH_ROWS}
    return {"validation_data": in_order(inputs, given, VALIDATION_BATCH_ROWS)}


def _compile(trunk: Any, task: Task, options: Options, rate: float, feed_steps: int, workers: Workers) -> list[Any]:
    """Give the trunk its optimizer and loss; return the callbacks that it needs."""
    copies = trunk.distribute_strategy.num_replicas_in_sync
    steps = min(STEPS_A_CALL, feed_steps) if copies == 1 else 1  # TensorFlow 2.21 fails with more for several devices
    with trunk.distribute_strategy.scope():
        made = optimizer.build(options.fit.optimizer, rate, _own_rates(trunk))
        kept = [*optimizer.average(made, options.fit.averaging), *optimizer.releases(made)]
        made = mixed_precision.scaled(made, trunk)
        workers.join_in(made)
        made.build(trunk.trainable_variables)  # a graph that makes variables is traced twice: a second of a fit
        trunk.compile(made, loss_of(task, options), steps_per_execution=steps, jit_compile=options.fit.jit)
    return kept


def _own_rates(trunk: Any) -> dict[str, OwnRate]:
    """Return the rate of each weight that moves at its own, by its path: what its layer says in `own_rates`."""
    found = (getattr(layer, "own_rates", {}) for layer in trunk.layers)
    return {path: OwnRate(*rate) for of_layer in found for path, rate in of_layer.items()}


def batch_rows(rows: int) -> int:
    """Choose a power of two that makes an epoch about `STEPS_AN_EPOCH` steps, and a larger one for very many rows."""
    if rows >= MANY_ROWS:
        return MANY_ROWS_BATCH_ROWS
    wanted = 2 ** round(np.log2(max(1, rows / STEPS_AN_EPOCH)))
    return int(np.clip(wanted, SMALLEST_BATCH_ROWS, LARGEST_BATCH_ROWS))


class _Losses(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Remember both losses of each epoch, and tell the progress bar."""

    remembered = ("train", "validation")  # by a checkpoint

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.train: list[float] = []
        self.validation: list[float] = []
        self._progress = progress

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert logs is not None
        self.train.append(float(logs["loss"]))
        self.validation.append(float(logs["val_loss"]))
        self._progress(epoch + 1, {"loss": self.train[-1], "validation loss": self.validation[-1]})


class _Stop(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """End the fit after the current step once asked; Keras then validates and restores the best weights.

    Several workers must take the same steps: there, it ends after the current epoch.
    """

    remembered = ("asked",)  # by a checkpoint

    def __init__(self, *, within_epochs: bool) -> None:
        super().__init__()
        self.asked, self._within_epochs = False, within_epochs

    def ask(self) -> None:
        self.asked = True

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.model.stop_training |= self.asked and self._within_epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.model.stop_training |= self.asked


@contextmanager
def on_interrupt(ask: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C ask and the second one break; only the main thread may listen to signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def first(_signal: int, _frame: Any) -> None:
        ask()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
