"""Tables whose rows follow one another, or belong together, as files."""

from pathlib import Path

import numpy as np
import pandas as pd

from training.data.prepare import Data, prepare
from training.options import Options


def walk(rows: int = 900) -> pd.DataFrame:
    """A random walk: near in time is near in price."""
    random = np.random.default_rng(3)
    price = 100 + random.normal(0, 1, rows).cumsum()
    hours = np.arange(rows) * 1.5 + 0.25
    return pd.DataFrame({"hours": hours, "hour": (hours % 24).astype(int), "price": price.round(3)})


def visits(effect: float, rows: int = 1500) -> pd.DataFrame:
    """Visits of 100 customers, whose habits differ by an effect; the number of a customer says nothing."""
    random = np.random.default_rng(1)
    customer = random.integers(100, size=rows)
    age = random.normal(size=100)[customer].round(2)  # by which a customer is known again
    habit = effect * random.normal(size=100)[customer]
    size = random.normal(size=rows)
    score = habit + size + random.normal(size=rows)
    return pd.DataFrame(
        {
            "customer": customer * 7 + 1000,
            "age": age,
            "size": size.round(3),
            "price": score.round(3),
            "sold": np.where(score > 0, "yes", "no"),
        }
    )


def options_of(frame: pd.DataFrame, folder: Path, target: str, **chosen: object) -> Options:
    """Write a table; what else may be predicted is left out."""
    path = folder / "rows.csv"
    frame.to_csv(path, index=False)
    others = [name for name in ("price", "sold") if name != target and name in frame]
    return Options.of(data=path, target=target, drop=tuple(others), **chosen)


def read(frame: pd.DataFrame, folder: Path, target: str, **chosen: object) -> tuple[Data, Options]:
    options = options_of(frame, folder, target, **chosen)
    return prepare(options), options
