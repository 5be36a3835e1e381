"""What training knows of a column of texts: the n-grams that are worth knowing, by their hashes.

texts ─ hashes ─ different ones of each text ─ in how many texts ─> the most frequent, sorted
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.features.base import Column
from training.features.text.characters import Characters
from training.features.text.hashing import KEPT_BITS, OF_CHARACTERS, OF_WORDS, hashes, moved
from training.features.text.options import TextOptions
from training.features.text.readings import Reading
from training.features.text.vectors import WordVectors, vectors_of

WORD_WEIGHT = 2.0  # of an n-gram of words beside one of characters, of which there are several to a word
CHUNK_TEXTS = 4096
HASH_BITS = 31


@dataclass(frozen=True, eq=False)
class TextColumn(Column):
    """N-grams of the training rows."""

    place: int  # among the columns of texts; it is part of every hash
    characters: Characters
    keys: NDArray[np.int64]  # (kept,) hashes that are worth knowing, sorted
    rows_with: NDArray[np.int64]  # (kept,) texts that hold each
    of_words: NDArray[np.bool_]  # (kept,) whether it is of words, or else of characters
    texts: int  # that are not empty
    longest: int  # characters of the longest text that is answered
    cut: bool  # longer ones are cut, or else refused
    vectors: WordVectors | None = None  # of words; those that no training text holds are among the keys, too
    reading: Reading | None = None  # by an encoder

    @property
    def weights(self) -> NDArray[np.float32]:
        """Return how much each n-gram counts, by how rare it is, as scikit-learn has it, smoothed: (kept,)."""
        idf = np.log((1 + self.texts) / (1 + self.rows_with)) + 1
        return np.where(self.of_words, WORD_WEIGHT * idf, idf).astype(np.float32)


def described(name: str, texts: Sequence[str], place: int, missing_share: float, options: TextOptions) -> TextColumn:
    """Describe a column by the texts of training rows, "" for missing."""
    there = [text for text in texts if text]
    characters = Characters.of(there)
    kinds = [_counted(there, characters, place, kind) for kind in (OF_CHARACTERS, OF_WORDS)]
    keys, rows_with, of_words = _frequent(kinds, options.max_grams)
    column = TextColumn(
        name=name,
        missing_share=missing_share,
        place=place,
        characters=characters,
        keys=keys,
        rows_with=rows_with,
        of_words=of_words,
        texts=len(there),
        longest=options.longest_text,
        cut=options.cut_texts,
    )
    if options.encoder is not None:
        column = replace(column, reading=Reading.of(there, options))
    if options.vectors is None:
        return column
    return with_vectors(column, vectors_of(there, characters, (keys - moved(place)) & KEPT_BITS, options.vectors))


def with_vectors(column: TextColumn, vectors: WordVectors) -> TextColumn:
    """Return a column that knows the words that have vectors, too."""
    more = np.setdiff1d(vectors.keys_at(column.place), column.keys)
    keys = np.concatenate([column.keys, more])
    order = np.argsort(keys)
    return replace(
        column,
        keys=keys[order],
        rows_with=np.concatenate([column.rows_with, np.zeros_like(more)])[order],
        of_words=np.concatenate([column.of_words, np.ones(len(more), bool)])[order],
        vectors=vectors,
    )


Counted = tuple[NDArray[np.int64], NDArray[np.int64]]  # hashes, sorted, and how many texts hold each


def _counted(texts: Sequence[str], characters: Characters, place: int, kinds: slice) -> Counted:
    """Count the texts that hold each n-gram of some kinds."""
    parts = [
        _once_a_text(*hashes(texts[start : start + CHUNK_TEXTS], characters, place, kinds))
        for start in range(0, len(texts), CHUNK_TEXTS)
    ]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *parts]), return_counts=True)


def _frequent(kinds: Sequence[Counted], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the hashes that most texts hold, sorted, how many hold each, and whether it is of words: (kept,) each."""
    keys, first = np.unique(np.concatenate([found for found, _ in kinds]), return_index=True)
    counts = np.concatenate([count for _, count in kinds])[first]
    of_words = first >= len(kinds[0][0])
    kept = np.sort(np.argsort(-counts, kind="stable")[:most])
    return keys[kept], counts[kept], of_words[kept]


def _once_a_text(values: NDArray[np.int64], splits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the hashes of texts, each once a text."""
    text = np.repeat(np.arange(len(splits) - 1, dtype=np.int64), np.diff(splits))
    both: NDArray[Any] = np.unique((text << HASH_BITS) | values)
    once: NDArray[np.int64] = both & ((1 << HASH_BITS) - 1)
    return once
