import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from app.bundle import reader as contract
from tests.support.serving import PATIENCE_S
from tests.training.conftest import REPOSITORY
from training.cli.bundles import COMMANDS
from training.cli.sign import signing
from training.cli.train import app


def slipway(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "training", *map(str, words)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def test_help_names_every_option_without_loading_tensorflow() -> None:
    code = "import sys; sys.argv = ['training', '--help']\nimport runpy\n"
    code += "try: runpy.run_module('training', run_name='__main__')\n"
    code += "except SystemExit: assert not {'tensorflow', 'keras', 'pandas'} & sys.modules.keys(), 'loaded'\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--target" in done.stdout
    assert done.stdout.startswith("Usage: python -m training [OPTIONS] DATA\n")


def test_a_mistake_in_the_data_is_answered_without_loading_tensorflow(data_file: Path) -> None:
    code = f"import sys; sys.argv = ['training', {str(data_file)!r}, '--target', 'planet']\nimport runpy\n"
    code += "try: runpy.run_module('training', run_name='__main__')\n"
    code += "except SystemExit as end: assert end.code == 2 and not {'tensorflow', 'keras'} & sys.modules.keys()\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "two different values" in done.stderr


def test_a_mistake_is_one_message_and_exit_code_2(data_file: Path, tmp_path: Path) -> None:
    process = slipway(data_file, "--target", "prize", "--models", tmp_path)
    _, error = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert error.strip().splitlines() == [error.strip()]
    assert error.startswith("Error: `--target`: expected one of the columns: id, size")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{data}"], "Received: nothing"),
        (["nowhere.csv", "--target", "y"], "nowhere.csv, which is not a file"),
        (["{data}", "--target", "planet"], "two different values"),
        (["{data}", "--target", "Sold"], "Received: 'Sold'. Is it 'sold'?"),
        (["{data}", "--target", "sold", "--drop", "sold"], "Received: 'sold', which is the target"),
        (["{data}", "--target", "sold", "--encoding", "utf-17"], "`--encoding`"),
        (["{data}", "--target", "sold", "--name", "a/b"], "`--name`"),
        (["{data}", "--target", "sold", "--drop", "nope"], "Received: 'nope'"),
        (["{data}", "--target", "sold", "--optimizer", "magic"], "'--optimizer'"),
        (["{data}", "--target", "sold", "--hidden", "0"], "expected positive numbers"),
        (["{data}", "--target", "sold", "--hidden", "x"], "expected positive numbers"),
        (["{data}", "--target", "sold", "--test-share", "0.9"], "'--test-share'"),
        (["{data}", "--target", "sold", "--budget", "speed=1"], "expected points, as 0.5, or limits of quality"),
        (["{data}", "--target", "sold", "--nope"], "--nope"),
    ],
)
def test_every_mistake_is_named(data_file: Path, tmp_path: Path, words: list[str], message: str) -> None:
    done = CliRunner().invoke(app, [*(word.format(data=data_file) for word in words), "--models", str(tmp_path)])
    assert done.exit_code == 2
    assert message in done.stderr
    assert not list(tmp_path.glob("*/*"))


def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path) -> None:
    """A real SIGINT to a real process in the middle of training: a whole bundle, and exit code 0."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(4000, 5)), columns=list("abcde"))
    data = tmp_path / "rows.csv"
    rows.assign(y=(rows.sum(axis=1) > 0).astype(int)).to_csv(data, index=False)
    process = slipway(data, "--target", "y", "--models", tmp_path / "models", "--epochs", 100000, "--patience", 100000)
    try:
        assert process.stdout is not None
        seen = next(line for line in process.stdout if line.startswith("epoch 1:"))
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 0, error
    assert "validation loss" in seen
    assert "interrupted" in out
    read = contract.read(tmp_path / "models" / "rows" / "1")
    assert read.manifest.training["interrupted"] is True
    assert read.manifest.metrics["shipped"]["accuracy"] > 0.8


@pytest.mark.parametrize(
    ("command", "usage"),
    [(app, "DATA"), (signing, "FOLDER"), (COMMANDS["evaluate"], "BUNDLE DATA"), (COMMANDS["compare"], "A B")],
)
def test_arguments_are_named_as_in_messages(command: typer.Typer, usage: str) -> None:
    first = CliRunner().invoke(command, ["--help"]).stdout.strip().splitlines()[0]
    assert first.endswith(f" [OPTIONS] {usage}")
