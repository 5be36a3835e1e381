"""N-grams: texts, and the columns beside them, as sparse vectors for a linear model.

    text columns ─ TF-IDF of words, TF-IDF of characters ─┐
    other columns ─ standardised, one-hot ────────────────┴─ joined ─> (rows, n-grams + columns) sparse float32

Words are single ones and pairs; characters are one to five within a word, so that a text without spaces is read as
well. It knows nothing about models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer

from training.evaluation.baselines.columns import frame_of, scaler_of
from training.features.base import Tabular

WORDS, CHARACTERS, COLUMNS = "words", "characters", "columns"
KINDS: Mapping[str, Mapping[str, Any]] = {
    WORDS: {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    CHARACTERS: {"ngram_range": (1, 5), "analyzer": "char_wb"},
}
MANY_TEXTS = 1000  # from so many on, characters of one text alone are left out: they would be most of the columns

Sparse = Any  # scipy.sparse matrix, (rows, columns) float32


class Vectoriser(Protocol):
    """What was fitted on some rows and reads others."""

    def vectors(self, table: Tabular) -> Sparse:
        """Return a row of numbers for each row of the table."""


@dataclass(frozen=True)
class NGrams:
    """One kind of n-gram, of every text column by itself."""

    of: Mapping[int, TfidfVectorizer]  # place of a text column -> fitted; one without any n-gram is left out

    def vectors(self, table: Tabular) -> Sparse:
        return _beside(table, [its.transform(_texts(table, place)) for place, its in self.of.items()])


@dataclass(frozen=True)
class OtherColumns:
    """Numbers and names beside the texts."""

    scaler: ColumnTransformer | None  # None: there are only texts

    def vectors(self, table: Tabular) -> Sparse:
        if self.scaler is None:
            return sparse.csr_matrix((len(table.texts), 1), dtype=np.float32)  # texts may hold no n-gram at all
        return _beside(table, [self.scaler.transform(frame_of(table, None))])


Fitted = tuple[dict[str, Vectoriser], dict[str, Sparse]]


def fitted(table: Tabular, kinds: Sequence[str]) -> Fitted:
    """Fit a vectoriser of each kind and one of the other columns, and return what they read, both by kind."""
    vectorisers: dict[str, Vectoriser] = {}
    found = {}
    for kind in kinds:
        vectorisers[kind], found[kind] = _fitted(kind, table)
    frame = frame_of(table, None)
    columns = OtherColumns(scaler_of(frame).fit(frame) if frame.shape[1] else None)
    return {**vectorisers, COLUMNS: columns}, {**found, COLUMNS: columns.vectors(table)}


def read(vectorisers: Mapping[str, Vectoriser], table: Tabular) -> dict[str, Sparse]:
    """Return what vectorisers read out of rows, by kind."""
    return {kind: vectoriser.vectors(table) for kind, vectoriser in vectorisers.items()}


def joined(vectors: Mapping[str, Sparse], kinds: Sequence[str]) -> Sparse:
    """Put some kinds of n-grams and the other columns side by side."""
    return sparse.hstack([vectors[kind] for kind in (*kinds, COLUMNS)]).tocsr()


def _fitted(kind: str, table: Tabular) -> tuple[NGrams, Sparse]:
    least = 2 if kind == CHARACTERS and len(table.texts) >= MANY_TEXTS else 1
    of, found = {}, []
    for place in range(table.texts.shape[1]):
        vectoriser = TfidfVectorizer(**KINDS[kind], sublinear_tf=True, dtype=np.float32, min_df=least)
        try:
            found.append(vectoriser.fit_transform(_texts(table, place)))
        except ValueError:  # no n-gram at all
            continue
        of[place] = vectoriser
    return NGrams(of), _beside(table, found)


def _texts(table: Tabular, place: int) -> list[str]:
    texts: list[str] = table.texts[:, place].tolist()
    return texts


def _beside(table: Tabular, parts: Sequence[Any]) -> Sparse:
    """Put matrices side by side, however many there are."""
    return sparse.hstack([sparse.csr_matrix((len(table.texts), 0), dtype=np.float32), *parts], dtype=np.float32)
