"""Shards: a stream's training rows, encoded, on disk in shuffled pieces -> the batches of a fit.

    chunk ─ tensors ─ encode ─ deal each row out to a shard at random ─> one file a shard, fixed bytes a row
    epoch ─ shards in a new order, each in a new order ─ cut into batches ─> tf.data

A shard is a random draw from the whole file, so what is shuffled in memory at a time is as mixed as the whole, however
the file was sorted. It knows nothing about columns or networks.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.trainer.batches import EpochFeed, order

SHARD_ROWS = 65_536  # about so many, until there are `MOST_SHARDS`
MOST_SHARDS = 256  # files that are open at a time while rows are dealt out
BLOCK_BATCHES = 32  # that Python hands over to TensorFlow at a time
Y, WEIGHT = "slipway:y", "slipway:weight"  # no tensor of a feature is called so

# Arrays, scaled target and weights of some rows.
Encoded = tuple[Mapping[str, NDArray[Any]], NDArray[Any], NDArray[np.float64] | None]


@dataclass(frozen=True)
class Shards:
    """Encoded rows on disk, with what the fit asks of a part."""

    files: tuple[Path, ...]
    layout: np.dtype[Any]  # of a row
    rows: int
    mean_weight: float = 1.0

    def __len__(self) -> int:
        return self.rows

    @property
    def is_weighed(self) -> bool:
        return WEIGHT in (self.layout.names or ())

    def feed(self, batch_rows: int, seed: int, class_weights: NDArray[np.float32] | None = None) -> "ShardFeed":
        return ShardFeed(self, batch_rows, seed, class_weights)

    def class_counts(self) -> NDArray[Any]:
        """Return how much the rows of each class count together: (classes,)."""
        counts = [self._counted(_open(file, self.layout)) for file in self.files]
        width = max(map(len, counts))
        total: NDArray[Any] = np.sum([np.pad(count, (0, width - len(count))) for count in counts], axis=0)
        return total

    def _counted(self, rows: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(rows[Y], rows[WEIGHT] / self.mean_weight if self.is_weighed else None)


@contextmanager
def shards(rows: int, encoded: Iterator[Encoded], seed: int) -> Iterator[Shards]:
    """Write about so many rows, chunk by chunk, into a temporary folder that is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        files = [Path(folder) / str(number) for number in range(int(np.clip(rows // SHARD_ROWS, 1, MOST_SHARDS)))]
        written, layout, weight = _write(files, encoded, np.random.default_rng(seed))
        yield Shards(tuple(file for file in files if file.stat().st_size), layout, written, weight / max(written, 1))


def _write(
    files: list[Path], encoded: Iterator[Encoded], random: np.random.Generator
) -> tuple[int, np.dtype[Any], float]:
    written, layout, weight = 0, np.dtype([]), 0.0
    streams = [file.open("wb") for file in files]
    try:
        for arrays, y, weights in encoded:
            records = _records(arrays, {Y: y} if weights is None else {Y: y, WEIGHT: weights})
            weight += float(len(y) if weights is None else weights.sum())
            layout = records.dtype
            dealt = random.integers(len(streams), size=len(records))
            ends = np.cumsum(np.bincount(dealt, minlength=len(streams)))[:-1]
            for stream, part in zip(streams, np.split(records[np.argsort(dealt)], ends), strict=True):
                part.tofile(stream)
            written += len(records)
    finally:
        for stream in streams:
            stream.close()
    return written, layout, weight


def _records(arrays: Mapping[str, NDArray[Any]], others: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Lay rows out one behind the other: (rows,) of fields; codes in 32 bits."""
    both = {**arrays, **others}
    whole = {name: np.int32 if array.dtype == np.int64 else array.dtype for name, array in both.items()}
    records = np.empty(len(others[Y]), np.dtype([(name, whole[name], array.shape[1:]) for name, array in both.items()]))
    for name, array in both.items():
        records[name] = array
    return records


def _open(file: Path, layout: np.dtype[Any]) -> NDArray[Any]:
    return np.memmap(file, layout, mode="r")


class ShardFeed(EpochFeed):
    """The batches of shards."""

    def __init__(self, of: Shards, batch_rows: int, seed: int, class_weights: NDArray[np.float32] | None) -> None:
        super().__init__(len(of), batch_rows, seed)
        self._shards, self._class_weights = of, class_weights

    def batches(self) -> Any:
        layout = self._shards.layout
        fields = {name: layout[name] for name in layout.names or ()}
        signature = {
            name: tf.TensorSpec((None, None, *field.shape), tf.as_dtype(field.base)) for name, field in fields.items()
        }
        blocks = tf.data.Dataset.from_generator(self._blocks, output_signature=signature)
        batches = blocks.flat_map(tf.data.Dataset.from_tensor_slices)
        counted = batches.apply(tf.data.experimental.assert_cardinality(self.steps))
        return counted.map(self._told_apart, num_parallel_calls=1, deterministic=True).prefetch(tf.data.AUTOTUNE)

    def _told_apart(self, batch: dict[str, Any]) -> tuple[Any, ...]:
        """Divide a batch into inputs, target and weights."""
        y, weights = batch[Y], []
        inputs = {
            name: tf.cast(tensor, tf.int64) if tensor.dtype == tf.int32 else tensor
            for name, tensor in batch.items()
            if name not in (Y, WEIGHT)
        }
        if self._shards.is_weighed:
            weights.append(tf.cast(batch[WEIGHT] / self._shards.mean_weight, tf.float32))
        if self._class_weights is not None:
            weights.append(tf.gather(self._class_weights, y))
        return (inputs, y, tf.reduce_prod(weights, axis=0)) if weights else (inputs, y)

    def _blocks(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Give an epoch's rows as blocks of whole batches, (batches, batch, …), and at last one of what is left."""
        names = self._shards.layout.names or ()
        left = np.empty(0, self._shards.layout)
        for rows in self._shuffled():
            joined = np.concatenate([left, rows])
            whole = len(joined) // self._batch_rows
            for first in range(0, whole, BLOCK_BATCHES):
                batches = min(BLOCK_BATCHES, whole - first)
                block = joined[first * self._batch_rows :][: batches * self._batch_rows].reshape(batches, -1)
                yield {name: np.ascontiguousarray(block[name]) for name in names}
            left = joined[whole * self._batch_rows :]
        if len(left):
            yield {name: np.ascontiguousarray(left[None][name]) for name in names}

    def _shuffled(self) -> Iterator[NDArray[Any]]:
        """Give the shards in this epoch's order, and each one's rows in its order."""
        files = self._shards.files
        for place, number in enumerate(order(self._seed, self._epoch, len(files)).tolist()):
            rows = _open(files[number], self._shards.layout)
            yield rows[np.random.default_rng([self._seed, self._epoch, place]).permutation(len(rows))]
