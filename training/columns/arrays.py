"""Arrays: named arrays of rows, however many, and places in them; rows of any length are `Ragged`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]  # tensor name -> (rows, …)
Outputs = Mapping[str, NDArray[Any]]  # output name -> (rows, …)


def take(arrays: Arrays, rows: Any) -> dict[str, NDArray[Any]]:
    """Return some rows of every tensor."""
    return {name: array[rows] for name, array in arrays.items()}


def spread(arrays: Arrays, rows: int) -> dict[str, NDArray[Any]]:
    """Return so many rows from all over the tensors; data files are often sorted."""
    return take(arrays, spread_places(row_count(arrays), rows))


def spread_places(there: int, wanted: int) -> NDArray[np.int64]:
    """Return evenly spaced places; each place comes again when more are wanted than there are."""
    if wanted > there:
        return np.arange(wanted) % there
    return np.linspace(0, there - 1, wanted).astype(np.int64)


def row_count(arrays: Arrays) -> int:
    """Return how many rows the tensors hold."""
    return len(next(iter(arrays.values())))


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of any length, the values of all one behind the other; it stands where an array of rows does."""

    values: NDArray[Any]  # (values of all rows,)
    splits: NDArray[np.int64]  # (rows + 1,) where each row begins, and where the last ends

    def __len__(self) -> int:
        return len(self.splits) - 1

    def __getitem__(self, rows: Any) -> "Ragged":
        """Return some of the rows: by a slice, places or truths."""
        if isinstance(rows, slice) and rows.step in (None, 1):
            first, end, _ = rows.indices(len(self))
            splits = self.splits[first : max(first, end) + 1]
            return Ragged(self.values[splits[0] : splits[-1]], splits - splits[0])
        starts, lengths = self.splits[:-1][rows], np.diff(self.splits)[rows]
        splits = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(splits[-1]) + np.repeat(starts - splits[:-1], lengths)
        return Ragged(self.values[places], splits)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @classmethod
    def joined(cls, parts: Sequence["Ragged"]) -> "Ragged":
        """Put the rows of several behind one another."""
        lengths = np.concatenate([np.diff(part.splits) for part in parts])
        return cls(np.concatenate([part.values for part in parts]), np.concatenate([[0], np.cumsum(lengths)]))


BATCH_ROWS = 4096

Predict = Callable[[Arrays], Outputs]  # raw rows -> the answers to them


@dataclass(frozen=True)
class Rows:
    """Raw rows with their encoded target: one part of the split."""

    arrays: Arrays
    y: NDArray[Any]  # (rows, …)
    weights: NDArray[np.float64] | None = None  # (rows,) how much each counts; None: all alike
    units: NDArray[np.int64] | None = None  # (rows,) which unit each was drawn with; None: each by itself

    def __len__(self) -> int:
        return len(self.y)

    @property
    def relative_weights(self) -> NDArray[np.float64] | None:
        """How much each counts in a fit: one in the mean, so that rates and penalties keep their meaning."""
        return None if self.weights is None else self.weights / self.weights.mean()

    def take(self, places: Any) -> "Rows":
        """Return some of the rows."""
        weights, units = (None if each is None else each[places] for each in (self.weights, self.units))
        return Rows(take(self.arrays, places), self.y[places], weights, units)

    def first(self, rows: int) -> "Rows":
        return self.take(slice(rows))


def predict_in_batches(predict: Predict, arrays: Arrays, batch_rows: int = BATCH_ROWS) -> Outputs:
    """Answer any number of rows in bounded memory."""
    starts = range(0, row_count(arrays), batch_rows)
    return joined([predict(take(arrays, slice(start, start + batch_rows))) for start in starts])


def merged(parts: Iterable[Arrays]) -> dict[str, NDArray[Any]]:
    """Put the tensors of several parts beside one another."""
    return {name: array for part in parts for name, array in part.items()}


def joined(parts: Sequence[Arrays]) -> dict[str, NDArray[Any]]:
    """Put the rows of several parts behind one another."""
    return {name: _joined([part[name] for part in parts]) for name in parts[0]}


def _joined(arrays: Sequence[Any]) -> Any:
    return Ragged.joined(arrays) if isinstance(arrays[0], Ragged) else np.concatenate(arrays)


def distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the largest difference between floats; of what is none, 0 where all is equal and else 1, a whole unit."""
    if not np.issubdtype(one.dtype, np.floating):
        return 0.0 if np.array_equal(one, other) else 1.0
    return float(np.abs(one.astype(np.float64) - other.astype(np.float64)).max())
