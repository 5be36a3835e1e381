"""Small tables with a time, a group and a published part, as files."""

from pathlib import Path

import numpy as np
import pandas as pd

from training.data.prepare import Data, prepare
from training.options import Options

ROWS = 300


def table(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Rows in order of `day`, of 40 customers, with a number and a label to predict."""
    random = np.random.default_rng(seed)
    size = random.normal(size=rows)
    return pd.DataFrame(
        {
            "day": pd.date_range("2024-01-01", periods=rows, freq="D").strftime("%Y-%m-%d"),
            "customer": random.choice([f"c{number}" for number in range(40)], rows),
            "size": size.round(3),
            "weight": random.normal(size=rows).round(3),
            "price": (size + random.normal(size=rows)).round(4),
            "sold": np.where(random.random(rows) < 0.4, "yes", "no"),
        }
    )


def prepared(frame: pd.DataFrame, folder: Path, target: str = "price", **chosen: object) -> Data:
    """Write the table and prepare it; what else may be predicted is left out."""
    path = folder / "rows.csv"
    frame.to_csv(path, index=False)
    other = {"price": "sold", "sold": "price"}.get(target, "sold")
    return prepare(Options.of(data=path, target=target, drop=(other,), **chosen))
