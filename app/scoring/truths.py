"""Truths: the target of a file, where it holds one -> what each row should have been answered.

    columns of the target ─ each different text read once, as the service reads true values ─┬─> Distinct, as they stand
                                                                                              └─> Truths, as answers are

It knows no type of answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.bundle.reader import Bundle
from app.sources.cells import USUAL, CellFault, Distinct, Wanted, plain, read_once
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
        written = self.written(batch)
        if written is None:
            return None
        values: list[Any] = []
        places = []
        for value in map(self._truth, written.values):
            places.append(-1 if value is None else len(values))
            values += [] if value is None else [value]
        return Truths(values, np.array(places, np.int64)[written.of_row])

    def written(self, batch: pa.RecordBatch) -> Distinct | None:
        """Read the true values of a batch as they stand there: labels, numbers, lists; None where it has no target."""
        readers = self._readers(batch.schema.names)
        if not readers:
            return None
        read = [self._read(batch, name, reader) for name, reader in readers.items()]
        different, of_row = _together([each.of_row for each in read], len(read[0].values))
        rows = (zip(readers, read, row, strict=True) for row in different.tolist())
        return Distinct([self._of_row({name: its.values[at] for name, its, at in row}) for row in rows], of_row)

    def _readers(self, names: Sequence[str]) -> Any:
        return self._answer.truth_readers(self._target, [name for name in names if name not in self._features])

    def _read(self, batch: pa.RecordBatch, name: str, reader: Any) -> Distinct:
        return read_once(plain(batch, name), Wanted(name, True, reader), self._rules.get(name, USUAL))

    def _of_row(self, values: dict[str, Any]) -> Any:
        """Make a true value of the cells of a row, None where it is missing, or the fault of one."""
        faults = [value for value in values.values() if isinstance(value, CellFault)]
        return faults[0] if faults else self._answer.truth_of_row(values)

    def _truth(self, value: Any) -> Any:
        try:
            return None if value is None or isinstance(value, CellFault) else self._answer.truth(value)
        except ValueError:
            return None


def _together(columns: list[Array], first: int) -> tuple[Array, Array]:
    """Return the different rows of codes, (different, columns), and which of them each row is; `first` has so many."""
    if len(columns) == 1:  # as most targets are: nothing to sort
        return np.arange(first)[:, None], columns[0]
    different, of_row = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return different, of_row.reshape(-1)
