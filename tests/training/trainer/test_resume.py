"""A fit that was broken off and goes on ends where an unbroken one ends, to the last bit."""

import io
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from rich.console import Console

from app.bundle import reader as contract
from tests.support.serving import PATIENCE_S
from tests.training.conftest import REPOSITORY, options_for
from training.data.prepare import Data
from training.network import reparameterize as fold
from training.pipeline import train
from training.trainer.checkpoints import Checkpoints, run_of
from training.trainer.fit import History, Part, Progress, fit, seed_everything
from training.trainer.run_context import RunContext


class Killed(Exception):
    """Stands for a kill after an epoch and before its checkpoint."""


def learn(
    data: Data, path: Path, folder: Path | None, progress: Progress = lambda *_: None, **changes: object
) -> tuple[list[NDArray[np.float32]], History]:
    options = options_for(path, "sold", **changes)
    seed_everything(options.run.seed)
    network = fold.fitted(data.features, data.task, options)
    train_part, validation_part = (
        Part(network.encode(rows.arrays), data.task.scaled(rows.y)) for rows in (data.train, data.validation)
    )
    around = RunContext(checkpoints=None if folder is None else Checkpoints(folder, run_of(options)))
    history = fit(network.trunk, data.task, train_part, validation_part, options, progress, around)
    return network.trunk.get_weights(), history


def killed_at(epochs: Sequence[int]) -> Progress:
    left = list(epochs)

    def progress(done: int, _losses: dict[str, float]) -> None:
        if left and done == left[0]:
            left.pop(0)
            raise Killed

    return progress


WILD: dict[str, Any] = {"epochs": 14, "patience": 4, "learning_rate": 0.05, "dropout": 0.2}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schedule": "cosine", "warm_up": 3, "network": "residual", "hidden": (8, 8), "members": 2},
    ],
    ids=["default", "cosine"],
)
def test_kills_change_nothing(binary: Data, data_file: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    wild = {**WILD, **changes}
    unbroken, history = learn(binary, data_file, None, **wild)
    progress = killed_at([1, len(history.loss)])
    for _ in range(2):
        with pytest.raises(Killed):
            learn(binary, data_file, tmp_path / "run", progress, **wild)
    weights, resumed = learn(binary, data_file, tmp_path / "run", progress, **wild)
    assert resumed == history
    for one, other in zip(weights, unbroken, strict=True):
        assert one.tobytes() == other.tobytes()
    again, same = learn(
        binary, data_file, tmp_path / "run", **wild
    )  # killed during export, say: nothing is left to fit
    assert same == history
    assert all(one.tobytes() == other.tobytes() for one, other in zip(again, unbroken, strict=True))


def slipway(data: Path, models: Path, *words: object) -> Popen[str]:
    command = [sys.executable, "-m", "training", str(data), "--target", "sold", "--models", str(models)]
    command += ["--drop", "price,kind", "--hidden", "16", "--bins", "4", "--precision", "fp32", *map(str, words)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return Popen(command, cwd=REPOSITORY, stdout=PIPE, stderr=PIPE, text=True, env=environment)


def weights_of(bundle: contract.Bundle) -> list[bytes]:
    """The graph's constants; their names and order differ from process to process."""
    graph = onnx.load(bundle.model_path).graph
    return sorted(onnx.numpy_helper.to_array(tensor).tobytes() for tensor in graph.initializer)


def facts_of(bundle: contract.Bundle) -> dict[str, Any]:
    """All that is said of the training but for how long the candidates took to run."""
    return {name: fact for name, fact in bundle.manifest.training.items() if name != "compression"}


def test_a_real_kill_of_a_real_process(data_file: Path, tmp_path: Path) -> None:
    """A run that is killed and repeated writes the graph of a run that was left alone, and leaves no checkpoint."""
    words = ["--epochs", 20, "--patience", 20]
    first = slipway(data_file, tmp_path / "broken", *words, "--checkpoints", tmp_path / "run")
    assert first.stdout is not None
    next(line for line in first.stdout if line.startswith("epoch 10:"))
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    assert list((tmp_path / "run").glob("epoch-*.npz"))
    assert not list(tmp_path.glob("broken/*/1"))

    runs = [
        slipway(data_file, tmp_path / "broken", *words, "--checkpoints", tmp_path / "run"),
        slipway(data_file, tmp_path / "whole", *words),
    ]
    said = [run.communicate(timeout=PATIENCE_S) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert "Resume after epoch" in said[0][0]
    broken, whole = (contract.read(tmp_path / name / "goods" / "1") for name in ("broken", "whole"))
    assert broken.manifest.metrics == whole.manifest.metrics
    assert facts_of(broken) == facts_of(whole)
    assert (broken.folder / "golden.json").read_bytes() == (whole.folder / "golden.json").read_bytes()
    assert weights_of(broken) == weights_of(whole)
    assert not (tmp_path / "run").exists()


def test_a_run_killed_after_its_last_step_does_not_write_again(data_file: Path, tmp_path: Path) -> None:
    """As if the kill came after the bundle's rename and before the checkpoint's removal."""
    options = options_for(data_file, "sold", models=tmp_path / "models", checkpoints=tmp_path / "run", epochs=2)
    kept = tmp_path / "kept"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunContext, "finish", lambda _: shutil.copytree(tmp_path / "run", kept))
        folder = train(options, Console(file=io.StringIO()))
    said = io.StringIO()
    assert train(options, Console(file=said)) == folder
    assert "nothing is left to do" in said.getvalue()
    assert [path.name for path in folder.parent.iterdir()] == ["1"]
    assert not (tmp_path / "run").exists()
