"""Hashes: cells -> 64 bits each, the same in every process; equal cells have equal ones.

It knows nothing about what cells mean.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.sources.tally import hash_numbers, hash_texts

Hashes = NDArray[np.uint64]  # (rows,)


@dataclass(frozen=True)
class Alike:
    """Which cells of a column say the same, though they differ."""

    hashes: Hashes  # (rows,) one for all that do
    telling: NDArray[np.bool_]  # (rows,) rows that have it in common are copies, whatever else they hold


def hashes(cells: NDArray[Any]) -> Hashes:
    """Hash cells, each text once: (rows,)."""
    if cells.dtype != object:
        return hash_numbers(np.where(np.isnan(cells), np.nan, cells + 0.0))  # one NaN; minus zero is zero
    encoded = pc.dictionary_encode(pa.array(cells, pa.string()))
    found: Hashes = hash_texts(encoded.dictionary)[encoded.indices.to_numpy()]
    return found
