"""What a type of features offers in training: everything that the stages ask of the columns that hold its values.

    tally of a column ─ certainty ─> is it mine? ─ cells of each chunk ─ describe ─> Column, of the training rows
    cells ─ arrays ─> tensors of all features of the type ─ encoder ─> a vector a row, in the network

A cell is what preparation keeps of a value: a float with NaN for missing, or a text with "" for missing. Where a type
does not say otherwise (`some`, `dealt`), its features share its tensors: the second axis of each is divided evenly
among them, in order.
It knows nothing about other types, files, tasks or networks.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.sources.rules import ColumnRule
from app.sources.tally import Tally, Verdict
from training.columns.arrays import Arrays
from training.columns.hashes import Alike
from training.columns.summaries import Summary
from training.columns.values import is_empty_text

SPOILED_SHARE = 0.1  # of the elements of a tensor

Cell = Any
Mask = NDArray[np.bool_]  # (rows,)


@dataclass(frozen=True)
class Column:
    """What training knows of a feature, by its training rows; a type adds what it needs."""

    name: str
    missing_share: float  # of the training rows


@dataclass(frozen=True)
class Tensor:
    """An input of the graph; the batch comes before its shape."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]  # None: any


@dataclass(frozen=True)
class Content:
    """What decides whether a model can learn from a column."""

    of: Summary  # of all rows
    different: int  # values

    @property
    def is_constant(self) -> bool:
        return self.different == 1 and self.of.present == self.of.rows


@dataclass(frozen=True)
class Tabular:
    """A feature as a model of other makers sees it: numbers, names and texts; a baseline, a rule on one column."""

    numbers: NDArray[Any]  # (rows, columns) float32, or float64 where that would lose them, with NaN for missing
    names: NDArray[Any]  # (rows, columns) text with "" for missing
    texts: NDArray[Any]  # (rows, columns) text with "" for missing, to be read word by word

    @classmethod
    def of(
        cls,
        *,
        numbers: NDArray[Any] | None = None,
        names: NDArray[Any] | None = None,
        texts: NDArray[Any] | None = None,
    ) -> "Tabular":
        given = next(one for one in (numbers, names, texts) if one is not None)
        nothing = np.empty((len(given), 0), object)
        return cls(
            np.empty((len(given), 0), np.float32) if numbers is None else numbers,
            nothing if names is None else names,
            nothing if texts is None else texts,
        )

    @classmethod
    def joined(cls, tables: "Sequence[Tabular]") -> "Tabular":
        """Return several features side by side."""
        return cls(*(np.hstack([getattr(table, kind.name) for table in tables]) for kind in fields(cls)))


class FeatureType(ABC):
    """One type; it holds no state, so that two networks never share anything."""

    name: ClassVar[str]
    encoder: ClassVar[str]  # "module:Encoder", which imports TensorFlow; types that name the same one share it
    takes_everything: ClassVar[bool] = False  # of one type alone: that of a column that is of no other
    has_order: ClassVar[bool] = False  # its cells have places
    measures_time: ClassVar[bool] = False  # which are seconds since 1970

    # ── a column of a file ──

    @abstractmethod
    def certainty(self, tally: Tally, verdict: Verdict) -> float:
        """Say how sure it is that a column is of this type, by all of its rows, from 0 to 1; 0: it is not."""

    def suggestion(self, tally: Tally) -> str | None:
        """Say what a column looks like, if a person may want this type of it and must ask; None: it does not."""
        return None

    @abstractmethod
    def cells(self, values: pa.Array, rule: ColumnRule) -> NDArray[Any]:
        """Return the cells of some rows of a column, as its file holds it: (rows,); what does not fit is missing."""

    def is_missing(self, cells: NDArray[Any]) -> Mask:
        return is_empty_text(cells)

    def summary(self, *, trained: bool = False) -> Summary:
        """Return what is kept of cells that pass by once; `trained`: of those that the network learns from."""
        del trained
        return Summary(self.is_missing)

    def objection(self, content: Content, name: str) -> str | None:
        """Say why a model cannot learn from a column, or None."""
        del name
        if not content.of.present:
            return "every cell is missing"
        return "the same value in every row" if content.is_constant else None

    def alike(self, cells: NDArray[Any]) -> Alike | None:
        """Say which cells teach a model the same, though they differ; None: equal ones alone do."""
        del cells
        return None

    def places(self, cells: NDArray[Any], of: Summary) -> NDArray[np.float64]:
        """Return where cells lie, NaN for missing, where the type `has_order`: (rows,); `of` is of all rows."""
        raise NotImplementedError

    def place_text(self, place: float) -> str:
        """Write a place as a person would."""
        return f"{place:.15g}"

    def remarks(self, column: Any, of: Summary) -> Iterator[str]:
        """Yield what a person should know of how a column was read; `of` is of all its rows."""
        yield from ()

    # ── statistics ──

    @abstractmethod
    def describe(self, cells: pd.Series, options: Any, of: Summary, trained: Summary) -> Column:
        """Describe a column by the cells of training rows, or of a sample of them.

        `of` is of all rows, whatever their part: it says how values are written, and nothing about the training rows.
        `trained` is of all training rows, where `cells` may be a sample.
        """

    def together(self, columns: Sequence[Any]) -> tuple[Any, ...]:
        """Return all columns of the type, each with what it takes over from the others."""
        return tuple(columns)

    def recut(self, exact: Any, sampled: Any) -> Column:
        """Return a column described by all rows as other options want it, by which a sample was described again."""
        del sampled
        found: Column = exact
        return found

    def unused(self, options: Any) -> str | None:
        """Say which option a person gave in vain where no column is of the type, or None."""
        del options
        return None

    # ── tensors ──

    @abstractmethod
    def tensors(self, columns: Sequence[Any]) -> tuple[Tensor, ...]:
        """Return the inputs of the graph that hold these features."""

    @abstractmethod
    def arrays(self, columns: Sequence[Any], cells: pd.DataFrame) -> dict[str, NDArray[Any]]:
        """Lay rows of cells out as the tensors, rows first."""

    def cell(self, value: Any) -> Cell:
        """Return the cell of a value that a caller sends; None is missing."""
        return "" if value is None else value

    def value(self, cell: Cell) -> Any:
        """Return a cell as a caller sends it."""
        return cell or None

    @abstractmethod
    def spoiled(self, columns: Sequence[Any], arrays: Arrays, random: np.random.Generator) -> Arrays:
        """Return a copy of the tensors with some values missing, unseen or extreme: what a graph must survive."""

    def some(self, columns: Sequence[Any], places: Sequence[int], arrays: Arrays) -> dict[str, NDArray[Any]]:
        """Return the tensors of the features at some of the places, as if there were no others."""
        return {name: array[:, slots(array, len(columns), places)] for name, array in arrays.items()}

    def dealt(self, columns: Sequence[Any], place: int, arrays: Arrays, order: NDArray[np.int64]) -> Arrays:
        """Return the tensors that hold the feature at a place, with its values in another order among the rows."""
        changed = {name: array.copy() for name, array in arrays.items()}
        for array in changed.values():
            its = slots(array, len(columns), [place])
            array[:, its] = array[np.ix_(order, its)]
        return changed

    # ── judged and told ──

    @abstractmethod
    def tabular(self, column: Any, arrays: Arrays) -> Tabular:
        """Return a feature, alone in `arrays`, for models that know numbers, names and texts."""

    @abstractmethod
    def slices(self, column: Any, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        """Yield what some rows have in common, in words, and which rows; both arrays hold the feature alone."""

    @abstractmethod
    def bins(self, column: Any, arrays: Arrays) -> dict[str, Any]:
        """Return what `profile.json` says of a feature, alone in `arrays`."""

    def shown(self, cell: Cell) -> str | None:
        """Write a cell by which a person can tell whether an answer to its row is wrong; None: it hardly helps."""
        return None

    def section(self, column: Any) -> Iterator[str]:
        """Yield what the card and the report say of a feature beside its line in the table, in Markdown."""
        yield from ()

    @abstractmethod
    def manifest(self, column: Any, place: int) -> Mapping[str, Any]:
        """Return the type's own keys of a feature in the manifest; `place` is its place among those of the type."""

    def files(self, columns: Sequence[Any]) -> Mapping[str, bytes]:
        """Return what a service needs beside the manifest to read these features, by the names of files."""
        return {}


def slots(array: NDArray[Any], count: int, places: Sequence[int]) -> NDArray[np.int64]:
    """Return where some of `count` features stand on the second axis of a tensor that they share evenly."""
    width = array.shape[1] // count
    found: NDArray[np.int64] = (np.asarray(places, np.int64)[:, None] * width + np.arange(width)).ravel()
    return found


def scattered(array: NDArray[Any], values: Sequence[Any], random: np.random.Generator) -> NDArray[Any]:
    """Return a copy of a tensor with one of the values in some of its places."""
    copy = array.copy()
    chosen = random.random(copy.shape) < SPOILED_SHARE
    copy[chosen] = random.choice(np.array(values, copy.dtype), int(chosen.sum()))
    return copy
