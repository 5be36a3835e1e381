"""Two processes on one machine fit one network: real workers, connected over 127.0.0.1."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.bundle import reader as contract
from tests.support.serving import PATIENCE_S
from tests.training.conftest import REPOSITORY
from training.errors import DataError
from training.trainer.distributed import ALONE, join

OPTIONS = (
    "--target",
    "y",
    "--dropout",
    "0",
    "--bins",
    "4",
    "--hidden",
    "16",
    "--batch-size",
    "32",
    "--precision",
    "fp32",
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers alone, so that nothing is drawn in training, and as many as two workers can divide."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(400, 3)), columns=list("abc"))
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    table.assign(y=table.sum(axis=1) + table.a * table.b).to_csv(path, index=False)
    return path


def cluster(count: int) -> list[str]:
    """TF_CONFIG of each worker, on ports that were free a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        names = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    return [
        json.dumps({"cluster": {"worker": names}, "task": {"type": "worker", "index": index}}) for index in range(count)
    ]


def slipway(data: Path, config: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "training", *map(str, (data, *OPTIONS, *words))],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "TF_CONFIG": config},
    )


def losses(said: str) -> list[float]:
    return [float(number) for number in re.findall(r"loss (\d+\.\d+)", said)]


def test_two_workers_learn_what_one_learns(rows: Path, tmp_path: Path) -> None:
    """The same losses and the same answers with the same rows a step, and the chief alone writes."""
    words = ("--epochs", 10, "--models", tmp_path / "two")
    two = [slipway(rows, config, *words) for config in cluster(2)]
    one = slipway(rows, "", "--epochs", 10, "--models", tmp_path / "one")
    [chief, other, alone] = [process.communicate(timeout=PATIENCE_S) for process in (*two, one)]
    assert [process.returncode for process in (*two, one)] == [0, 0, 0], (chief, other, alone)
    assert len(losses(alone[0])) == 4
    assert losses(chief[0]) == losses(other[0]) == pytest.approx(losses(alone[0]), abs=2e-4)
    assert "the chief, worker 0, writes the bundle" in other[0]
    assert "Wrote" not in other[0]
    folders = [tmp_path / name / "rows" for name in ("one", "two")]
    assert [[path.name for path in folder.iterdir()] for folder in folders] == [["1"], ["1"]]
    scores = [contract.read(folder / "1").manifest.metrics["keras"] for folder in folders]
    assert scores[1] == pytest.approx(scores[0], rel=1e-3)


def test_a_worker_that_dies_ends_the_others_and_all_go_on_from_the_checkpoint(rows: Path, tmp_path: Path) -> None:
    words = ("--epochs", 36, "--patience", 36, "--models", tmp_path, "--checkpoints", tmp_path / "run")
    chief, other = (slipway(rows, config, *words) for config in cluster(2))
    assert other.stdout is not None
    next(line for line in other.stdout if line.startswith("epoch 10:"))
    other.send_signal(signal.SIGKILL)
    _, error = chief.communicate(timeout=PATIENCE_S)
    other.communicate()
    assert chief.returncode == 1
    assert error.startswith("Error: Another worker ended or cannot be reached, so this one ends too."), error

    again = [slipway(rows, config, *words) for config in cluster(2)]
    said = [process.communicate(timeout=PATIENCE_S) for process in again]
    assert [process.returncode for process in again] == [0, 0], said
    assert all("Resume after epoch" in out for out, _ in said)
    assert contract.read(tmp_path / "rows" / "1").manifest.training["epochs"] == 36
    assert not (tmp_path / "run").exists()


def test_workers_that_differ_are_refused(rows: Path, tmp_path: Path) -> None:
    two = [
        slipway(rows, config, "--models", tmp_path, "--seed", seed) for seed, config in enumerate(cluster(2), start=3)
    ]
    said = [process.communicate(timeout=PATIENCE_S) for process in two]
    assert [process.returncode for process in two] == [2, 2], said
    assert all("expected the same options, data, versions and checkpoints" in error for _, error in said)


def test_without_the_variable_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert join() is ALONE
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}')
    assert join() is ALONE


@pytest.mark.parametrize(
    "config",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1", "b:1"]}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_what_is_not_such_a_variable_is_refused(monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(DataError, match="`TF_CONFIG`: expected workers"):
        join()


def learned(data_file: Path) -> list[dict[str, Any]]:
    """Logical devices are set before TensorFlow does anything, so they have a process of their own."""
    command = [sys.executable, "-m", "tests.training.trainer.mirrored", str(data_file)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_two_devices_learn_what_one_learns(data_file: Path) -> None:
    one, two = learned(data_file)
    assert (one["copies"], two["copies"]) == (1, 2)
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-4)
    assert two["answers"] == pytest.approx(one["answers"], rel=1e-4)
