"""Thresholds are the best on the validation rows, and a temperature makes probabilities come true."""

import numpy as np
import pytest
from sklearn import metrics

from training.tasks.labels.decisions import HALF, decided, fit_temperature, loss, thresholds


def drawn(rows: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, (rows, labels), and labels that are true as often as they say."""
    random = np.random.default_rng(0)
    logits = random.normal([-2, 0, 1], 1.5, (rows, 3))
    return logits, random.random((rows, 3)) < 1 / (1 + np.exp(-logits))


def shares(logits: np.ndarray) -> np.ndarray:
    found: np.ndarray = (1 / (1 + np.exp(-logits))).astype(np.float32)
    return found


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_network_that_is_too_sure_is_cooled_and_one_that_is_not_sure_is_warmed(temperature: float) -> None:
    logits, y = drawn()
    found = decided(shares(logits * temperature), y, None, calibrate=True)
    assert found.temperature == pytest.approx(temperature, rel=0.1)
    assert found.scale == 1 / found.temperature
    assert found.loss_after <= found.loss_before
    assert found.facts() == {"temperature": found.temperature}
    assert decided(shares(logits * temperature), y, None, calibrate=False).temperature == 1


def test_each_threshold_has_the_best_f1_of_its_label() -> None:
    logits, y = drawn(100)
    said = shares(logits)
    for label, at in enumerate(thresholds(said, y, None)):
        tried = np.unique(said[:, label])
        best = max(metrics.f1_score(y[:, label], said[:, label] >= one) for one in tried)
        assert metrics.f1_score(y[:, label], said[:, label] >= np.float32(at)) == pytest.approx(best)
        assert at == float(np.float32(at))  # as the service compares it


def test_a_label_that_all_rows_agree_in_has_one_half() -> None:
    logits, y = drawn(50)
    y[:, 0], y[:, 1] = True, False
    assert thresholds(shares(logits), y, None)[:2] == (HALF, HALF)


def test_weights_are_rows_that_come_so_often() -> None:
    logits, y = drawn(200)
    weights = np.random.default_rng(1).integers(1, 4, 200).astype(np.float64)
    rows = np.repeat(np.arange(200), weights.astype(int))
    one = decided(shares(logits), y, weights, calibrate=True)
    other = decided(shares(logits)[rows], y[rows], None, calibrate=True)
    assert one.temperature == pytest.approx(other.temperature)
    assert one.loss_after == pytest.approx(other.loss_after)
    assert one.thresholds == pytest.approx(other.thresholds)


def test_the_loss_is_that_of_scikit_learn() -> None:
    logits, y = drawn(100)
    wanted = np.mean([metrics.log_loss(y[:, at], 1 / (1 + np.exp(-logits[:, at]))) for at in range(3)])
    assert loss(logits, y, None) == pytest.approx(wanted)


def test_rows_that_are_all_right_make_nobody_surer_than_so_many_can_show() -> None:
    y = np.tile([[True, False], [False, True]], (20, 1))
    logits = np.where(y, 0.5, -0.5)
    sure = 1 / (1 + np.exp(-0.5 / fit_temperature(logits, y, None)))
    assert sure == pytest.approx(1 - 1 / 42 / 2)
