from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import options_for
from training.data.prepare import Data
from training.network.network import Network, build
from training.tasks.evaluate import evaluate
from training.trainer.fit import History, Part, fit, seed_everything


def learn(data: Data, path: Path, **changes: object) -> tuple[Network, History]:
    seed_everything(5)
    learner = build(data.features, data.task, hidden=(16,), dropout=0.0, embedding=4)
    train, validation = (
        Part(learner.encode(rows.arrays), data.task.scaled(rows.y)) for rows in (data.train, data.validation)
    )
    options = options_for(path, "sold", **changes)
    return learner, fit(learner.trunk, data.task, train, validation, options, lambda *_: None)


@pytest.mark.parametrize("epochs", [4, 40])
def test_what_is_kept_is_the_average_that_was_judged(binary: Data, data_file: Path, epochs: int) -> None:
    """Both when every epoch is run and when patience ends the run."""
    learner, history = learn(binary, data_file, averaging=0.9, epochs=epochs, patience=3, learning_rate=0.05)
    assert (len(history.loss) < epochs) == (epochs == 40)
    kept = evaluate(binary.task, learner.predict, binary.validation)["log_loss"]
    assert kept == pytest.approx(min(history.validation_loss), rel=1e-3)


def test_an_average_is_steadier_than_what_it_averages(binary: Data, data_file: Path) -> None:
    wild: dict[str, object] = {"epochs": 12, "patience": 12, "learning_rate": 0.1, "schedule": "constant"}
    (_, plain), (_, averaged) = (learn(binary, data_file, averaging=momentum, **wild) for momentum in (0.0, 0.9))
    assert np.abs(np.diff(averaged.validation_loss[4:])).mean() < np.abs(np.diff(plain.validation_loss[4:])).mean()
