"""What was found of the training file is used for further ones: judged, and in another form gives the same answers."""

import json
import os
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from app.__main__ import main as app
from training.evaluation import evaluate_bundle
from training.evaluation.served_bundle import load
from training.options import Options
from training.pipeline import train


def sales(rows: int, seed: int) -> pd.DataFrame:
    """Numbers with a decimal comma and thousands, days first in dates, and a word of its own for missing."""
    random = np.random.default_rng(seed)
    amount = random.uniform(5, 9000, rows).round(2)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 300, rows), unit="D")
    return pd.DataFrame(
        {
            "Umsatz": amount,
            "Tag": days,
            "Art": random.choice(["neu", "alt", "k.A."], rows),
            "gut": np.where(amount > 4000, "ja", "nein"),
        }
    )


def written(frame: pd.DataFrame, path: Path) -> Path:
    """Write it as a German spreadsheet does."""
    german = frame.assign(
        Umsatz=[f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in frame["Umsatz"]],
        Tag=frame["Tag"].dt.strftime("%d.%m.%Y"),
    )
    german.to_csv(path, sep=";", index=False)
    return path


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sales")
    data = written(sales(400, 0), folder / "umsatz.csv")
    quick: dict[str, object] = {"epochs": 15, "hidden": (16,), "missing": ("k.A.",), "models": folder / "models"}
    with Path(os.devnull).open("w") as nowhere:
        return train(Options.of(data=data, target="gut", **quick), Console(file=nowhere))


def test_the_manifest_keeps_the_rules(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert {"encoding": "utf-8"} | manifest["reading"] == {
        "encoding": "utf-8",
        "delimiter": ";",
        "missing": ["k.A."],
        "columns": {
            "Umsatz": {"number": {"decimal": ",", "thousands": "."}},
            "Tag": {"date": {"order": "dmy"}},
        },
    }


def test_a_further_file_is_judged_by_them_and_so_are_the_same_rows_in_parquet(bundle: Path, tmp_path: Path) -> None:
    rows = sales(200, 1)
    german = written(rows, tmp_path / "neu.csv")
    parquet = tmp_path / "neu.parquet"
    rows.assign(Art=rows["Art"].where(rows["Art"] != "k.A."), Tag=rows["Tag"].dt.date).to_parquet(parquet)
    served = load(bundle)
    one, other = (evaluate_bundle.answer(served, path) for path in (german, parquet))
    assert (one.refused, len(one.lines)) == (other.refused, len(other.lines)) == (0, 200)
    np.testing.assert_array_equal(one.outputs["probabilities"], other.outputs["probabilities"])
    assert evaluate_bundle.judge(served, one).metrics["accuracy"].value > 0.9


def test_drift_reads_by_them_too(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    german = written(sales(300, 2), tmp_path / "heute.csv")
    with pytest.raises(SystemExit) as done:
        app(["drift", str(german), "--bundle", str(bundle), "--json"])
    assert done.value.code == 0
    found = msgspec.json.decode(capsys.readouterr().out)
    assert (found["rows"], found["refused"]) == (300, 0)
