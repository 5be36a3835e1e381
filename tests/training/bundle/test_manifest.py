import shlex
from pathlib import Path

import pytest

from tests.training.conftest import options_for
from training.budget import Budget
from training.bundle.manifest import command
from training.cli.train import app, parse
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
