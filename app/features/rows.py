"""Rows of named values that came as JSON: cells, packed as soon as they are decoded and assembled once a run.

    rows_of(features, …)      a length, slices, `arrays()`
    Rows.join([rows, …])      the rows of several requests after one another

It knows neither bodies nor batches.
"""

from collections.abc import Hashable, Iterable, Sequence
from itertools import chain
from typing import Any, Self, TypeVar

from app.features.base import Cell
from app.features.feature_set import FeatureSet
from app.tensors import Array


class Rows(list[Cell]):
    """What `app.features.row_reader` makes of a body: one cell a row; see `app.tensors.Instances`.

    A list, because its length is asked for four times in the few microseconds that a request has.
    """

    __slots__ = ("features", "key")

    features: FeatureSet
    key: Hashable

    def __getitem__(self, part: Any) -> Any:
        found = super().__getitem__(part)
        return self.alike(found) if isinstance(part, slice) else found

    def alike(self, cells: Iterable[Cell]) -> Self:
        """Return other rows of the same features."""
        return rows_of(self.features, cells, type(self))

    def arrays(self) -> dict[str, Array]:
        return self.features.arrays(self)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Put the rows of one bundle after one another; one part is not copied."""
        return parts[0] if len(parts) == 1 else parts[0].alike(chain.from_iterable(parts))


class Explained(Rows):
    """Rows of a request that also asks which parts of their values moved the answers."""

    __slots__ = ()


SomeRows = TypeVar("SomeRows", bound=Rows)


def rows_of(features: FeatureSet, cells: Iterable[Cell], form: type[SomeRows]) -> SomeRows:
    """Return rows of a bundle."""
    rows = form(cells)
    rows.features, rows.key = features, features.key
    return rows
