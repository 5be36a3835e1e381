"""One table with several labels a row, in each of the forms in which files have them, and what is trained on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from tests.support.once import once
from training.options import Options
from training.pipeline import train

ROWS = 600
LABELS = ("art", "law", "tax", "war")
QUICK: dict[str, Any] = {"epochs": 12, "hidden": (24,), "bins": 4, "learning_rate": 0.01}


def _truths() -> tuple[pd.DataFrame, np.ndarray]:
    """Features, and which row has which label; a row in ten has none, and one in twenty is not known."""
    random = np.random.default_rng(0)
    a, b, c = random.normal(size=(3, ROWS)).round(3)
    city = random.choice(["x", "y", "z"], ROWS)
    noise = random.normal(0, 0.4, (4, ROWS))
    said = [a + 0.5 * b, b - (city == "x"), (city == "y") - 0.5, c * a]
    has = np.stack([one + its > at for one, its, at in zip(said, noise, (0.3, 0.7, 0, 0.6), strict=True)], axis=1)
    return pd.DataFrame({"a": a, "b": b, "c": c, "city": city}), has


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same rows: a list column, cells with separators, a column a label."""

    def make(folder: Path) -> None:
        features, has = _truths()
        missing = np.arange(ROWS) % 20 == 7
        listed = [[label for label, one in zip(LABELS, row, strict=True) if one] for row in has.tolist()]
        known = [None if gone else its for its, gone in zip(listed, missing, strict=True)]
        features.assign(topics=pd.Series(known)).to_parquet(folder / "list.parquet")
        features.assign(topics=pd.Series(known)).to_json(folder / "list.jsonl", orient="records", lines=True)
        texts = [None if its is None else "|".join(reversed(its)) or "[]" for its in known]
        features.assign(topics=pd.Series(texts)).to_csv(folder / "texts.csv", index=False)
        columns = {label: pd.Series(has[:, at].astype(int), dtype="Int64") for at, label in enumerate(LABELS)}
        columns["law"] = columns["law"].mask(pd.Series(missing))
        features.assign(**columns).to_csv(folder / "columns.csv", index=False)

    folder = once(tmp_path_factory, "labels", make)
    return {form: folder / name for form, name in FILES.items()}


FILES = {"list": "list.parquet", "lines": "list.jsonl", "texts": "texts.csv", "columns": "columns.csv"}


@pytest.fixture(scope="session")
def options_of(forms: dict[str, Path]) -> Callable[..., Options]:
    """Options of a quick run on one of the forms."""

    def options(form: str, **changes: Any) -> Options:
        target = {"target": LABELS} if form == "columns" else {"target": "topics"}
        task = {"task": "multilabel"} if form == "texts" else {}
        return Options.of(data=forms[form], **target, **task, **{**QUICK, **changes})

    return options


@pytest.fixture(scope="session")
def labels_bundle(options_of: Callable[..., Options], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the version that training wrote, the same for all workers."""

    def make(models: Path) -> None:
        train(options_of("list", models=models, name="topics", folds=2), Console(quiet=True))

    (manifest,) = once(tmp_path_factory, "labels-bundle", make).glob("*/*/manifest.json")
    return manifest.parent
