from pathlib import Path

import keras
import pytest

from tests.training.conftest import only, options_for
from training.data.prepare import Data, prepare
from training.network import reparameterize as fold
from training.options import Options
from training.trainer.checkpoints import Checkpoints
from training.trainer.fit import History, Progress, encoded, fit, seed_everything
from training.trainer.run_context import RunContext
from training.trainer.training_rows import training_rows


class Killed(Exception):
    """What a kill does to a fit: nothing of it goes on."""


def nothing(_done: int, _losses: dict[str, float]) -> None:
    """Show no progress."""


def kill(done: int, _losses: dict[str, float]) -> None:
    if done == 4:
        raise Killed


def learn(data: Data, options: Options, progress: Progress, setting: RunContext) -> tuple[History, list[float]]:
    keras.backend.clear_session()
    seed_everything(5)
    learner = fold.fitted(data.features, data.task, options)
    validation = encoded(learner, data.task, data.validation)
    with training_rows(data, learner, options, lambda _share: None) as train:
        history = fit(learner.trunk, data.task, train, validation, options, progress, setting)
    return history, only(learner.predict(data.test.arrays)).ravel().tolist()


def test_a_streamed_fit_that_was_killed_ends_as_an_unbroken_one(data_file: Path, tmp_path: Path) -> None:
    """The rows are written to disk anew, and must be dealt out and shuffled as before."""
    options = options_for(data_file, "price", stream=True, epochs=6)
    data = prepare(options)
    unbroken = learn(data, options, nothing, RunContext())
    keep = RunContext(checkpoints=Checkpoints(tmp_path, {}))
    with pytest.raises(Killed):
        learn(data, options, kill, keep)
    assert keep.resumed is not None
    assert keep.resumed.epochs == 3
    assert learn(data, options, nothing, keep) == unbroken
