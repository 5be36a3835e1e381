import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.conftest import options_for
from training.budget import Budget
from training.bundle.manifest import command, judged
from training.cli.train import app, parse
from training.evaluation.findings import Findings, Interval, Slice, Slices
from training.options import Options


def test_the_command_repeats_the_run() -> None:
    options = Options.of(
        data=Path("examples/a file.csv"),
        target="y",
        drop=("a", "b c"),
        hidden=(8, 4),
        learning_rate=0.01,
        class_weights=True,
        budget=Budget(1.0, latency_ms=0.5, size_kb=200),
        compress="full",
        seed=3,
        precision="fp32",
    )
    words = shlex.split(command(options))
    assert words[:3] == ["python", "-m", "training"]
    assert parse(words[3:]) == options
    assert app is not None


@pytest.mark.parametrize("path", ["/home/someone/data.csv", "../data.csv"])
def test_the_command_says_nothing_about_the_machine(path: str) -> None:
    assert "data.csv --target" in command(Options.of(data=Path(path), target="y"))
    assert "home" not in command(Options.of(data=Path(path), target="y"))


def test_defaults_are_left_out(data_file: Path) -> None:
    plain = Options.of(data=data_file, target="y", models=Path("elsewhere"))
    assert command(plain) == "python -m training goods.csv --target y"
    assert "--epochs 3" in command(options_for(data_file, "y"))


def test_what_judging_found_is_kept_rounded_and_the_worst_slices_of_many() -> None:
    """Floats of any depth to six digits, counts as they are; the task's own keys beside those of the house."""
    one = Slice("age", "27 to 34", 80, Interval(1.23456789, 1.0, 2.0), is_worse=True)
    found = judged(
        Findings(
            scores={},
            outputs={},
            importance_metric="r2",
            errors=("mae",),
            account={"own": {"pairs": [[0.123456789, 1_234_567]], "said": "x"}},
            slices=Slices("mae", 1.0000001, (one,) * 11 + (replace(one, is_worse=False),) * 2),
        )
    )
    assert found["judged_by"] == {"metric": "r2", "errors": ("mae",)}
    assert found["own"] == {"pairs": [[0.123457, 1_234_567]], "said": "x"}
    assert {**found["slices"], "worst": []} == {"metric": "mae", "overall": 1.0, "judged": 13, "worse": 11, "worst": []}
    assert found["slices"]["worst"] == 10 * [
        {"feature": "age", "value": "27 to 34", "rows": 80, "score": 1.23457, "low": 1.0, "high": 2.0}
    ]
