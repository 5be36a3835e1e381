import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.training import option_ablation
from benchmarks.training.page import ROOT
from benchmarks.training.quality import CASES
from training.features.options import NumberOptions

ROWS = [
    {"table": "adult", "seed": seed, "variant": variant, "ratio": ratio, "weights": 10, "seconds": 1.0, "boosting": 0.5}
    for variant, ratios in (("", (0.9, 1.0, 1.1)), ("--members 8", (0.7, 0.8, 2.0)))
    for seed, ratio in enumerate(ratios)
]


def test_a_variant_is_options_beside_those_of_the_table() -> None:
    options = option_ablation.options_of("adult", 11, "--members 8 --bins 16", Path())
    assert (options.data.target, options.run.seed, options.network.members) == ("income", 11, 8)
    assert options.own(NumberOptions).bins == 16
    assert options.data.path == ROOT / "examples" / "adult.csv.gz"


def test_a_run_that_is_there_is_not_repeated() -> None:
    assert list(option_ablation.runs(["adult"], [0, 1, 2], ["", "--members 8"], Path(), ROWS)) == []


def test_the_summary_has_medians() -> None:
    said = io.StringIO()
    Console(file=said, width=120).print(option_ablation.summary(ROWS, ["adult"], ["", "--members 8"]))
    lines = said.getvalue().splitlines()
    assert next(line for line in lines if "(defaults)" in line).count("1.0000") == 2  # the table's and the mean
    assert next(line for line in lines if "--members 8" in line).count("0.8000") == 2


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # as in tests/training/conftest.py
def test_a_fit_is_judged_on_the_validation_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One real fit on Iris, of which only the validation rows are given."""
    monkeypatch.setitem(CASES, "iris", replace(CASES["iris"], main="accuracy"))
    (row,) = option_ablation.runs(["iris"], [3], ["--epochs 30 --learning-rate 0.02"], tmp_path, [])
    assert row["ratio"] == pytest.approx(row["score"] / row["boosting"])
    assert 0.7 < row["score"] <= 1
    assert row["weights"] > 1000
