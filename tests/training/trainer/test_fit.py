import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import REPOSITORY, options_for, wired
from training.data.prepare import Data
from training.errors import TrainingError
from training.network.network import Network, build
from training.options.rooms import OPTIMIZERS
from training.tasks.evaluate import evaluate
from training.trainer.fit import History, Part, Progress, batch_rows, fit, seed_everything
from training.trainer.optimizer import LEARNING_RATES, scaled_rate


def nothing(_done: int, _losses: dict[str, float]) -> None:
    """Show no progress."""


def learn(data: Data, path: Path, progress: Progress = nothing, **changes: object) -> tuple[Network, History]:
    seed_everything(5)
    learner = build(data.features, data.task, wired(hidden=(16,), dropout=0.1, embedding=4))
    train, validation = (
        Part(learner.encode(rows.arrays), data.task.scaled(rows.y)) for rows in (data.train, data.validation)
    )
    options = options_for(path, "sold", **changes)
    return learner, fit(learner.trunk, data.task, train, validation, options, progress)


def test_a_seed_repeats_a_run(binary: Data, data_file: Path) -> None:
    one, other = (learn(binary, data_file) for _ in range(2))
    assert one[1] == other[1]
    assert evaluate(binary.task, one[0].predict, binary.test) == evaluate(binary.task, other[0].predict, binary.test)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(binary: Data, data_file: Path, optimizer: str) -> None:
    _, history = learn(binary, data_file, optimizer=optimizer, epochs=8)
    assert min(history.validation_loss) < history.validation_loss[0]


def test_the_best_weights_are_kept(binary: Data, data_file: Path) -> None:
    """With a wild learning rate the last epoch is seldom the best."""
    learner, history = learn(binary, data_file, learning_rate=0.3, epochs=12, patience=12)
    kept = evaluate(binary.task, learner.predict, binary.validation)["log_loss"]
    assert kept == pytest.approx(min(history.validation_loss), rel=1e-3)
    assert history.best_epoch == int(np.argmin(history.validation_loss)) + 1


def test_patience_ends_a_run(binary: Data, data_file: Path) -> None:
    _, history = learn(binary, data_file, learning_rate=0.3, epochs=200, patience=2)
    assert len(history.loss) < 200
    assert len(history.loss) - history.best_epoch == 2


def test_an_interrupt_ends_the_run_and_keeps_the_best(binary: Data, data_file: Path) -> None:
    def interrupt(done: int, _losses: dict[str, float]) -> None:
        if done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    learner, history = learn(binary, data_file, interrupt, epochs=500, patience=500)
    assert history.interrupted
    assert 2 <= len(history.loss) <= 3
    kept = evaluate(binary.task, learner.predict, binary.validation)["log_loss"]
    assert kept == pytest.approx(min(history.validation_loss), rel=1e-3)
    assert signal.getsignal(signal.SIGINT) is before


def test_class_weights_find_more_of_the_rare_class(binary: Data, data_file: Path) -> None:
    rare = type(binary)(**{**vars(binary), "train": _with_few_positives(binary)})
    plain, _ = learn(rare, data_file, epochs=15)
    weighted, _ = learn(rare, data_file, epochs=15, class_weights=True)
    recalls = [evaluate(binary.task, learner.predict, binary.test)["recall"] for learner in (plain, weighted)]
    assert recalls[1] > recalls[0]


def test_a_loss_that_is_not_a_number_says_what_to_try(binary: Data, data_file: Path) -> None:
    with pytest.raises(TrainingError, match="try --learning-rate 1e\\+29"):
        learn(binary, data_file, learning_rate=1e30, optimizer="sgd")


def _with_few_positives(data: Data) -> object:
    rows = data.train
    kept = np.concatenate([np.flatnonzero(rows.y == 0), np.flatnonzero(rows.y == 1)[:15]])
    return type(rows)({name: array[kept] for name, array in rows.arrays.items()}, rows.y[kept])


def test_very_many_rows_are_taken_in_larger_batches_at_a_higher_rate() -> None:
    assert [batch_rows(rows) for rows in (100, 30_000, 200_000, 2_000_000)] == [32, 256, 256, 1024]
    assert scaled_rate("adamw", 32) == scaled_rate("adamw", 256) == LEARNING_RATES["adamw"]
    assert scaled_rate("adamw", 1024) == 2 * LEARNING_RATES["adamw"]


def test_xla_compiles_the_fit_if_asked(data_file: Path) -> None:
    command = [sys.executable, "-m", "tests.training.trainer.jitted", str(data_file)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["compiled"] is True
    assert said["losses"][-1] < said["losses"][0]
