"""Further files: which of their rows were drawn together, by the column that divided the rows of the training.

It knows nothing about bundles; `split` are the facts of a division, as the manifest keeps them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.sources.rules import ColumnRule
from training.data.accounts import Account
from training.data.ways.registry import WAYS
from training.features.registry import feature_type
from training.options.rooms import DataOptions


def unit_column(split: Mapping[str, Any]) -> str | None:
    """Return the column by which rows of a bundle are drawn together, as the facts of its split say; None: by none."""
    way = WAYS.get(str(split.get("way")))
    return str(split["column"]) if way is not None and way.draws_units else None


def units_of(split: Mapping[str, Any], texts: Sequence[str | None]) -> NDArray[np.int64] | None:
    """Return which rows of a further file are drawn together, by what stands in that column: (rows,)."""
    account = Account(str(split["column"]), feature_type(split["type"]))
    cells = account.type.cells(pa.array(texts, pa.string()), ColumnRule())
    account.add(cells)
    way = WAYS[split["way"]](DataOptions(path=Path()), account)
    return way.units(way.values(pd.DataFrame({account.name: cells})))
