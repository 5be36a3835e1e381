"""Training rows: prepared rows -> what the trunk of a network learns from, in memory or on disk.

Rows of any length stand in memory even of a stream: the n-grams of its texts, for example, four bytes each and as many
for what they count.

It knows nothing about how either is learned from.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from training.columns.arrays import joined
from training.data.prepare import Data
from training.data.survey import Seen
from training.network.network import Network
from training.options import Options
from training.trainer.fit import Part, encoded
from training.trainer.shards import Encoded, Shards, shards


@contextmanager
def training_rows(data: Data, learner: Network, options: Options, seen: Seen) -> Iterator[Part | Shards]:
    """Give all training rows, encoded; of a stream, on disk until the block ends."""
    if data.stream is None:
        yield encoded(learner, data.task, data.train)
        return
    if learner.is_ragged:  # a shard has as many bytes for each row
        yield _in_memory(data, learner, seen)
        return
    with shards(data.rows.train, _chunks(data, learner, seen), options.run.seed) as found:
        yield found


def _in_memory(data: Data, learner: Network, seen: Seen) -> Part:
    chunks, targets, weights = zip(*_chunks(data, learner, seen), strict=True)
    counting = None if weights[0] is None else np.concatenate(weights)
    relative = None if counting is None else counting / counting.mean()
    return Part(joined(chunks), np.concatenate(targets), relative)


def _chunks(data: Data, learner: Network, seen: Seen) -> Iterator[Encoded]:
    assert data.stream is not None
    for frame, target, weights in data.stream.training_rows(seen):
        y = data.task.encode(target)
        if len(y):
            yield learner.encode(data.features.arrays(frame)), data.task.scaled(y), weights
