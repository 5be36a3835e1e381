from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from tests.training.conftest import options_for, wired
from training.data.prepare import Data
from training.network.network import Network, build
from training.options import Options
from training.tasks.evaluate import evaluate
from training.trainer.fit import History, Part, fit, seed_everything
from training.trainer.optimizer import LAST_SHARE, OwnRate, average, callbacks, rate_at, releases
from training.trainer.optimizer import build as optimizer_of


def rates(data: Data, options: Options) -> list[float]:
    """The learning rate of each epoch of a real fit."""
    found: list[float] = []
    seed_everything(5)
    learner = build(data.features, data.task, wired(hidden=(8,), dropout=0.0, embedding=2))
    part = Part(learner.encode(data.train.arrays), data.task.scaled(data.train.y))

    def note(_done: int, _losses: dict[str, float]) -> None:
        found.append(float(learner.trunk.optimizer.learning_rate))

    fit(learner.trunk, data.task, part, part, options, note)
    return found


def test_a_cosine_falls_from_the_full_rate_to_a_hundredth(binary: Data, data_file: Path) -> None:
    found = rates(binary, options_for(data_file, "sold", schedule="cosine", epochs=6, learning_rate=0.01, patience=9))
    assert found[0] == pytest.approx(0.01)
    assert found[-1] == pytest.approx(0.01 * LAST_SHARE)
    assert np.all(np.diff(found) < 0)


@pytest.mark.parametrize("schedule", ["plateau", "cosine", "constant"])
def test_a_warm_up_rises_to_the_full_rate(binary: Data, data_file: Path, schedule: str) -> None:
    options = options_for(data_file, "sold", schedule=schedule, warm_up=3, epochs=5, learning_rate=0.004)
    assert rates(binary, options)[:4] == pytest.approx([0.001, 0.002, 0.003, 0.004])


def test_a_plateau_cuts_what_no_longer_helps_and_a_constant_rate_does_not(binary: Data, data_file: Path) -> None:
    wild: dict[str, object] = {"learning_rate": 0.3, "averaging": 0.0, "epochs": 25, "patience": 25}  # it jumps about
    plateau = rates(binary, options_for(data_file, "sold", schedule="plateau", **wild))
    constant = rates(binary, options_for(data_file, "sold", schedule="constant", **wild))
    assert plateau[-1] < 0.3 * 0.31
    assert constant == pytest.approx([0.3] * 25)


def test_a_rate_follows_from_its_epoch_alone() -> None:
    """A run that is resumed goes on as one that was never broken off."""
    whole = [rate_at("cosine", 1.0, epoch, epochs=10, warm_up=2) for epoch in range(10)]
    assert whole == sorted(whole[:3]) + sorted(whole[3:], reverse=True)
    assert callbacks("constant", 1.0, epochs=10, warm_up=0) == []
    (plateau,) = callbacks("plateau", 1.0, epochs=10, warm_up=0)
    assert isinstance(plateau, keras.callbacks.ReduceLROnPlateau)


def learn(data: Data, path: Path, **changes: object) -> tuple[Network, History]:
    seed_everything(5)
    learner = build(data.features, data.task, wired(hidden=(16,), dropout=0.0, embedding=4))
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


def test_weights_and_their_average_change_places_to_the_last_bit() -> None:
    model, optimizer = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), optimizer_of("sgd", 0.1)
    (swap,) = average(optimizer, 0.9)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, "mse")
    swap.set_model(model)
    before = model.get_weights()
    for kept in optimizer._model_variables_moving_average:
        kept.assign(np.full(kept.shape, 1e8, np.float32))  # a sum with what is learned would leave none of its digits
    swap.on_test_begin()
    assert all((weights == 1e8).all() for weights in model.get_weights())
    swap.on_test_end()
    assert [weights.tobytes() for weights in model.get_weights()] == [weights.tobytes() for weights in before]


def own_weights(penalty: float) -> tuple[keras.Variable, keras.Variable, Any]:
    """Two equal weights of an optimizer, the second with a rate of its own."""
    usual, its = (keras.Variable(np.ones(2, np.float32), name=name) for name in ("usual", "its"))
    made = optimizer_of("adamw", 0.002, {its.path: OwnRate(0.5, penalty)})
    made.build([usual, its])
    return usual, its, made


def test_weights_with_a_rate_of_their_own_move_by_momentum() -> None:
    _, its, made = own_weights(penalty=0.0)
    gradient = np.full(2, 0.1, np.float32)
    expected = keras.Variable(np.ones(2, np.float32))
    plain = keras.optimizers.SGD(0.5, momentum=0.9, nesterov=True)
    plain.build([expected])
    for _ in range(3):
        made.apply([gradient, gradient])
        plain.apply([gradient])
    np.testing.assert_allclose(its.numpy(), expected.numpy(), rtol=1e-6)


def test_the_other_weights_move_as_without() -> None:
    usual, _, made = own_weights(penalty=0.0)
    expected = keras.Variable(np.ones(2, np.float32))
    plain = optimizer_of("adamw", 0.002)
    plain.build([expected])
    made.apply([np.full(2, 0.1, np.float32)] * 2)
    plain.apply([np.full(2, 0.1, np.float32)])
    np.testing.assert_allclose(usual.numpy(), expected.numpy(), rtol=1e-6)


def test_a_penalty_pulls_towards_nothing_until_it_is_released() -> None:
    _, its, made = own_weights(penalty=0.1)
    made.apply([np.zeros(2, np.float32)] * 2)
    assert its.numpy() == pytest.approx(1 - 0.5 * 0.1 * 1.9)
    assert made.penalties() == [pytest.approx(0.1)]
    made.release()
    assert made.penalties() == [pytest.approx(0.025)]


def test_penalties_fall_when_the_validation_loss_stalls() -> None:
    _, _, made = own_weights(penalty=0.1)
    (release,) = releases(made)
    release.set_model(SimpleNamespace(optimizer=made))
    for epoch, loss in enumerate((0.5, 0.4, 0.4, 0.39999, 0.3, 0.31)):
        release.on_epoch_end(epoch, {"val_loss": loss})
    assert made.penalties() == [pytest.approx(0.025)]
    assert not releases(optimizer_of("adamw", 0.002))
