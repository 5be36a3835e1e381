"""Word vectors: what a local encoder knows of words, those of training and its own, as rows beside n-grams.

    words of training texts ─┐
    words of the encoder ────┴─ word_vectors ─ centred, as few columns as matter ─> a vector for each hash of a word

A word that training never saw has a vector all the same, and so says what words like it say. The fit learns a
direction for each answer; a word's vector times that is a row of the table, so a bundle holds no vectors.
It knows nothing about networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.features.text.characters import Characters
from training.features.text.hashing import KEPT_BITS, OF_SINGLE_WORDS, hashes, moved, named
from training.pretrained.folder import Folder, open_folder
from training.pretrained.read import word_vectors

MOST_COLUMNS = 256  # 384 say no more of uci's sentences
MOST_OWN_WORDS = 50_000  # the first tokens are the most frequent
opened = cache(open_folder)  # columns, folds and seeds read the same one


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Vectors of words by their hashes."""

    keys: NDArray[np.int64]  # (words,) sorted; of texts at place 0
    vectors: NDArray[np.float32]  # (words, columns) with 0 as their mean and 1 as their mean squared length in training
    trained: int  # words that training texts hold
    source: str  # SHA-256 of the encoder's weights

    def keys_at(self, place: int) -> NDArray[np.int64]:
        """Return the hashes of the words of a text at another place among those of a row: (words,), not sorted."""
        found: NDArray[np.int64] = (self.keys + moved(place)) & KEPT_BITS
        return found


def vectors_of(texts: Sequence[str], characters: Characters, keys: NDArray[np.int64], path: Path) -> WordVectors:
    """Return the vectors of words of training texts, as far as they are among the keys, and of the encoder's own."""
    folder = opened(path)
    single, _ = hashes(texts, characters, kinds=OF_SINGLE_WORDS)
    trained = named(texts, characters, np.intersect1d(single, keys))
    words = {**own_words(folder, characters), **trained}
    known = folder.tokens.knows(list(words.values()))
    kept = sorted((key, word) for (key, word), is_known in zip(words.items(), known, strict=True) if is_known)
    found = np.array([key for key, _ in kept], np.int64)
    is_trained = np.isin(found, list(trained))
    read = word_vectors(folder, [word for _, word in kept])
    return WordVectors(found, centred(read, is_trained), int(is_trained.sum()), folder.digest)


def own_words(folder: Folder, characters: Characters) -> dict[int, str]:
    """Return the words of an encoder by their hashes, as far as training texts hold all of their characters."""
    words = folder.tokens.whole_words[:MOST_OWN_WORDS]
    values, splits = hashes(words, characters, kinds=OF_SINGLE_WORDS)
    codes, starts = characters.codes(words)
    strange = np.add.reduceat(codes == characters.unknown, starts[:-1]) if words else np.zeros(0, np.int64)
    single = (np.diff(splits) == 1) & (strange == 0)  # what is several words by our rule has no hash of its own
    return {int(values[splits[place]]): words[place] for place in np.flatnonzero(single)}


def centred(vectors: NDArray[np.float32], is_trained: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return vectors around the mean of training's words, along the directions in which those differ most."""
    if not is_trained.any():
        return np.zeros((len(vectors), 1), np.float32)
    vectors = vectors - vectors[is_trained].mean(axis=0)
    if vectors.shape[1] > MOST_COLUMNS:
        _, directions = np.linalg.eigh(vectors[is_trained].T @ vectors[is_trained])  # ascending
        vectors = vectors @ directions[:, -MOST_COLUMNS:]
    length = np.sqrt(np.square(vectors[is_trained], dtype=np.float64).sum(axis=1).mean())
    found: NDArray[np.float32] = (vectors / max(length, 1e-12)).astype(np.float32)
    return found
