"""Rows of named values that came as JSON, as cells by type: packed, and assembled once a run.

    Rows(features, cells)     a length, slices, `arrays()`
    Rows.join([rows, …])      the rows of several requests after one another

It knows neither bodies nor batches.
"""

from collections.abc import Sequence
from itertools import chain

import msgspec

from app.features.base import Cell
from app.features.feature_set import FeatureSet
from app.tensors import Array


class Rows(msgspec.Struct, gc=False):
    """What `app.features.row_reader` makes of a body; a Struct, because one is made for each request."""

    features: FeatureSet
    cells: Sequence[Sequence[Cell]]  # by type, as many of each as there are rows

    def __len__(self) -> int:
        return len(self.cells[0])

    def __getitem__(self, part: slice) -> "Rows":
        return type(self)(self.features, [cells[part] for cells in self.cells])

    def arrays(self) -> dict[str, Array]:
        """Return the graph's tensors, with the rows first."""
        return self.features.arrays(self.cells)

    @classmethod
    def join(cls, parts: Sequence["Rows"]) -> "Rows":
        """Put the rows of one bundle after one another; one part is not copied."""
        first = parts[0]
        if len(parts) == 1:
            return first
        types = range(len(first.cells))
        cells = [list(chain.from_iterable([part.cells[place] for part in parts])) for place in types]
        return type(first)(first.features, cells)
