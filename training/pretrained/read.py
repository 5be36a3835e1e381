"""Read: the vectors of words and texts, by an encoder that is frozen.

    texts ─ tokens ─> ids, (texts,) of int32 arrays ─ reader, in groups of like length ─> (texts, width) float32

Each is read once, however often it is asked for, and by itself: what else is in a group moves it by rounding alone.
A token that the encoder has not, and a vector that is not finite, are the folder's fault.
It knows nothing about which texts, or what the vectors are for.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.pretrained.folder import Folder
from training.pretrained.graph import INPUT

KEPT_BYTES = 2**29  # of vectors that are kept for another time

Ids = NDArray[Any]  # (texts,) of int32 arrays


def vectors_of_ids(folder: Folder, ids: Ids) -> NDArray[np.float32]:
    """Return a vector for each text: (texts, width)."""
    keys = [each.tobytes() for each in ids]
    places = {key: place for place, key in enumerate(keys) if key not in folder.read}
    new = ids[list(places.values())]
    found = _vectors(folder, new)
    read = dict(zip(places, found, strict=True))
    if (len(folder.read) + len(read)) * 4 * folder.architecture.width <= KEPT_BYTES:
        folder.read.update(read)
    every = [read[key] if key in read else folder.read[key] for key in keys]
    return np.array(every, np.float32).reshape(len(ids), folder.architecture.width)


def _vectors(folder: Folder, ids: Ids) -> NDArray[np.float32]:
    largest = max((int(each.max(initial=0)) for each in ids), default=0)
    if largest >= folder.architecture.vocabulary:
        raise DataError(
            f"Invalid tokenizer of {folder.path}: expected tokens below {folder.architecture.vocabulary}, as the "
            f"encoder knows them. Received: {largest}."
        )
    if not len(ids):
        return np.empty((0, folder.architecture.width), np.float32)
    [found] = folder.reader.run({INPUT: ids})
    if not np.isfinite(found).all():
        raise DataError(f"Invalid encoder {folder.path}: expected vectors of finite numbers. Received: others.")
    vectors: NDArray[np.float32] = found
    return vectors


def word_vectors(folder: Folder, words: Sequence[str]) -> NDArray[np.float32]:
    """Return a vector for each word, read alone: (words, width); nothing for one without tokens."""
    return vectors_of_ids(folder, folder.ids(folder.tokens.word_ids(words)))
