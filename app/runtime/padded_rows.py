"""Rows that differ in size: what a version is timed with, at load.

    usual(rows)                   golden rows without the larger half of them
    largest_run(features, rows)   as many rows as large as may be, as one run may have

It knows no type.
"""

from statistics import median_low

import numpy as np

from app.batching.area import RUN_ELEMENTS
from app.features.feature_set import FeatureSet
from app.features.rows import Rows
from app.tensors import Array


def usual(rows: Rows) -> Rows:
    """Return the rows that are no larger than the middle one."""
    elements = rows.features.elements(rows)
    most = median_low(elements)
    return rows.alike([row for row, its in zip(rows, elements, strict=True) if its <= most])


def largest_run(features: FeatureSet, rows: Rows) -> dict[str, Array]:
    """Return the graph's tensors of the largest run."""
    row = features.largest(rows[:1].arrays())
    count = max(1, RUN_ELEMENTS // features.elements(row)[0])
    return {name: np.repeat(array, count, axis=0) for name, array in row.items()}
