"""Word vectors: each word read by an encoder alone, so that no encoder is needed where they are used.

    words ─ tokens ─ words of equally many tokens together, so none is padded ─ model ─> (words, width) float32

It knows nothing about which words, or what the vectors are for.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.pretrained.folder import Folder

BATCH_TOKENS = 2048


def word_vectors(folder: Folder, words: Sequence[str]) -> NDArray[np.float32]:
    """Return a vector for each word: (words, width)."""
    new = [word for word in dict.fromkeys(words) if word not in folder.read_words]
    ids = folder.tokens.word_ids(new)
    for places in alike(ids):
        read = folder.model.predict_on_batch(np.array([ids[place] for place in places], np.int32))
        folder.read_words.update(zip((new[place] for place in places), read, strict=True))
    nothing = np.zeros(folder.architecture.width, np.float32)  # a word without tokens
    found: NDArray[np.float32] = np.array([folder.read_words.get(word, nothing) for word in words], np.float32)
    return found.reshape(len(words), folder.architecture.width)


def alike(ids: Sequence[Sequence[Any]]) -> Iterator[NDArray[np.int64]]:
    """Yield places of words that have equally many tokens, as many as a batch holds."""
    lengths = np.array([len(each) for each in ids], np.int64)
    for length in np.unique(lengths[lengths > 0]):
        places = np.flatnonzero(lengths == length)
        step = max(1, BATCH_TOKENS // int(length))
        yield from (places[start : start + step] for start in range(0, len(places), step))
