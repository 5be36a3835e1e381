import numpy as np
import pytest

from training.calibration.temperature import calibrated, fit_temperature, undone


def test_the_temperature_of_made_logits_is_found() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(20_000, 2))
    shares = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    y = (random.random(20_000) < shares).astype(np.int64)
    assert fit_temperature(3 * logits, y) == pytest.approx(3, rel=0.05)
    assert fit_temperature(logits / 2, y) == pytest.approx(0.5, rel=0.05)


def test_what_was_changed_can_be_undone() -> None:
    random = np.random.default_rng(0)
    logits = 4 * random.normal(size=(2000, 2))
    answers = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    y = (random.random(2000) < 1 / (1 + np.exp((logits[:, 0] - logits[:, 1]) / 4))).astype(np.int64)
    found = calibrated(answers, y, threshold_for="f1")
    served = np.exp(found.scale * logits + found.shift)
    raw, calm = undone(served / served.sum(axis=1, keepdims=True), found)
    np.testing.assert_allclose(raw, answers, rtol=1e-6, atol=1e-9)
    assert abs(calm - 0.5).mean() < abs(raw - 0.5).mean()
    assert found.changes
    assert [title for title, _ in found.said()] == ["Calibrate", "Threshold"]
    assert found.facts()["threshold"] == {"value": found.threshold, "for": "f1"}


def test_nothing_is_said_of_what_was_not_changed() -> None:
    found = calibrated(np.array([[0.4, 0.6], [0.7, 0.3]]), np.array([1, 0]), temperature=False)
    assert (found.changes, found.said()) == (False, [])
    assert found.facts() == {"temperature": 1.0, "threshold": None}


@pytest.mark.parametrize("rows", [8, 80])
def test_rows_that_are_all_right_make_nobody_surer_than_so_many_can_show(rows: int) -> None:
    y = np.arange(rows) % 2
    logits = np.where(np.arange(2) == y[:, None], 0.5, -0.5)
    temperature = fit_temperature(logits, y)
    sure = 1 / (1 + np.exp(-1 / temperature))
    assert sure == pytest.approx(1 - 1 / (rows + 2) / 2)
    assert fit_temperature(10 * logits, y) == 1  # nor less sure than it was
    assert fit_temperature(logits, y, np.full(rows, 2.0)) == pytest.approx(
        fit_temperature(np.repeat(logits, 2, axis=0), np.repeat(y, 2))
    )
