"""Truths: the target of a file, where it holds one -> what each row should have been answered.

    columns of the target ─ each different text read once, as the service reads true values ─> Truths

It knows no type of answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.bundle.reader import Bundle
from app.scoring.columns import plain
from app.sources import cells, words
from app.tensors import Array


@dataclass(frozen=True)
class Truths:
    """The truths of a batch."""

    values: list[Any]  # as the answer's type has them
    of_row: NDArray[np.int64]  # (rows,) which of them each row has, -1: nobody knows


class TruthReader:
    """Reads the target of one version."""

    def __init__(self, bundle: Bundle) -> None:
        self._answer, self._target = bundle.answer, bundle.manifest.target
        self._features = frozenset(bundle.features.names)
        reading = bundle.manifest.reading
        self._rules = {} if reading is None else reading.columns

    def columns(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return which of a file's columns hold the target; none: it has no target."""
        return tuple(self._readers(names))

    def read(self, batch: pa.RecordBatch) -> Truths | None:
        """Read the truths of a batch; None where it has no target."""
        readers = self._readers(batch.schema.names)
        if not readers:
            return None
        read = [self._read(batch, name, reader) for name, reader in readers.items()]
        different, of_row = _together([of_row for _, of_row in read], len(read[0][0]))
        values: list[Any] = []
        places = []
        for row in different.tolist():
            cells_of_row = {name: its[at] for name, (its, _), at in zip(readers, read, row, strict=True)}
            value = None if ... in cells_of_row.values() else self._truth(cells_of_row)
            places.append(-1 if value is None else len(values))
            values += [] if value is None else [value]
        return Truths(values, np.array(places, np.int64)[of_row])

    def _readers(self, names: Sequence[str]) -> Any:
        return self._answer.truth_readers(self._target, [name for name in names if name not in self._features])

    def _read(self, batch: pa.RecordBatch, name: str, reader: Any) -> tuple[list[Any], Array]:
        """Return the different values of a column, None where missing and `...` where it is none, and those of rows."""
        texts, of_row = words.distinct(plain(batch, name))
        written = cells.texts(pa.array(texts, pa.string()), self._rules.get(name, cells.USUAL))
        return [None if text is None else _value(reader, text) for text in written], of_row

    def _truth(self, values: dict[str, Any]) -> Any:
        try:
            value = self._answer.truth_of_row(values)
            return None if value is None else self._answer.truth(value)
        except ValueError:
            return None


def _together(columns: list[Array], first: int) -> tuple[Array, Array]:
    """Return the different rows of codes, (different, columns), and which of them each row is; `first` has so many."""
    if len(columns) == 1:  # as most targets are: nothing to sort
        return np.arange(first)[:, None], columns[0]
    different, of_row = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return different, of_row.reshape(-1)


def _value(reader: Any, text: str) -> Any:
    try:
        return reader(text)
    except ValueError:
        return ...
