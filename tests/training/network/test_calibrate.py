from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import only, options_for
from training.calibration.adjustment import Adjustment
from training.calibration.temperature import Calibrated
from training.data.prepare import Data, prepare
from training.export.onnx import export
from training.export.ort_session import Session
from training.network import reparameterize as fold
from training.network.architectures import rescale
from training.network.network import Network
from training.network.reparameterize import calibrate
from training.options import Options
from training.tasks.evaluate import evaluate
from training.trainer.fit import Part, fit, seed_everything


@pytest.fixture(scope="module", params=["sold", "kind"])
def classes(request: pytest.FixtureRequest, data_file: Path) -> Data:
    return prepare(options_for(data_file, request.param))


@pytest.fixture(scope="module")
def options(data_file: Path) -> Options:
    return options_for(data_file, "sold", epochs=15)


@pytest.fixture(scope="module")
def learner(classes: Data, options: Options) -> Network:
    """What was fitted, once a task; each test folds a network of its own from it."""
    seed_everything(5)
    made = fold.fitted(classes.features, classes.task, options)
    part = Part(made.encode(classes.train.arrays), classes.task.scaled(classes.train.y))
    fit(made.trunk, classes.task, part, part, options, lambda *_: None)
    return made


def too_sure(learner: Network, data: Data, options: Options, times: float = 4.0) -> Network:
    """A fitted network that says everything so many times as surely as it learned to."""
    served = fold.fold(learner, data.features, data.task, options)
    rescale(served.trunk, times, 0.0)
    return served


def temperature_of(network: Network, data: Data, options: Options) -> Calibrated:
    found = calibrate(network, data.task, data.validation, options)
    assert isinstance(found, Calibrated)
    return found


def test_the_temperature_cools_what_is_too_sure(learner: Network, classes: Data, options: Options) -> None:
    network = too_sure(learner, classes, options)
    before = evaluate(classes.task, network.predict, classes.validation)
    said = only(network.predict(classes.validation.arrays))  # (rows, labels)
    found = temperature_of(network, classes, options)
    after = evaluate(classes.task, network.predict, classes.validation)
    surer = temperature_of(too_sure(learner, classes, options, 16.0), classes, options)
    assert surer.temperature == pytest.approx(4 * found.temperature, rel=0.02)
    assert found.log_loss_before == pytest.approx(before["log_loss"], rel=1e-3)
    assert found.log_loss_after == pytest.approx(after["log_loss"], rel=1e-3)
    assert after["log_loss"] < before["log_loss"]
    assert after["accuracy"] == before["accuracy"]
    order = np.argsort(said, axis=1)  # of the labels in each row, which no temperature changes
    calm = only(network.predict(classes.validation.arrays))
    assert (np.diff(np.take_along_axis(calm, order, axis=1), axis=1) >= 0).all()
    if classes.task.width == 2:  # with more labels a temperature moves one row's probability past another's
        assert after["roc_auc"] == pytest.approx(before["roc_auc"], abs=1e-3)


def test_without_calibration_nothing_is_changed(learner: Network, classes: Data, options: Options) -> None:
    network = too_sure(learner, classes, options)
    before = network.predict(classes.test.arrays)
    assert temperature_of(network, classes, options.changed(calibrate=False)).temperature == 1
    np.testing.assert_array_equal(only(network.predict(classes.test.arrays)), only(before))


@pytest.mark.parametrize("classes", ["sold"], indirect=True)
def test_the_threshold_is_one_half_of_what_is_served(learner: Network, classes: Data, options: Options) -> None:
    plain, moved = (too_sure(learner, classes, options) for _ in range(2))
    calibrate(plain, classes.task, classes.validation, options)
    asked = options.changed(threshold_for="f1")
    found = temperature_of(moved, classes, asked)
    assert found.threshold is not None
    assert found.metric_after >= found.metric_before  # type: ignore[operator]  # numbers, where a threshold is
    before, after = (only(network.predict(classes.validation.arrays))[:, 1] for network in (plain, moved))
    np.testing.assert_array_equal(after > 0.5, before > found.threshold)
    scored = evaluate(classes.task, Session(export(moved)).predict, classes.validation)
    assert scored["f1"] == pytest.approx(found.metric_after, abs=0.02)
    undone = 1 / (1 + (1 - found.threshold) / found.threshold * (1 - after) / after)
    np.testing.assert_allclose(undone, before, rtol=1e-3, atol=1e-5)


def test_numbers_are_left_alone(data_file: Path) -> None:
    data = prepare(options_for(data_file, "price"))
    options = options_for(data_file, "price")
    network = fold.fitted(data.features, data.task, options)
    assert calibrate(network, data.task, data.validation, options) == Adjustment()
