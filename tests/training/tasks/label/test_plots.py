import io

import numpy as np
import pytest
from matplotlib import image

from training.calibration.temperature import calibrated
from training.tasks.label.plots import in_bins, plots, reliability


def test_the_gap_is_what_probabilities_are_off_by() -> None:
    random = np.random.default_rng(0)
    probability = random.random(40_000)
    true = random.random(40_000) < probability
    assert gap(true, probability) < 0.01
    assert gap(true, probability / 2) == pytest.approx(0.25, abs=0.02)


def gap(true: np.ndarray, probability: np.ndarray) -> float:
    claimed, found, share = in_bins(true, probability)
    assert len(share) == 10
    assert share.sum() == pytest.approx(1)
    return float(share @ np.abs(claimed - found))


def test_rows_in_bins_count_by_their_weights() -> None:
    random = np.random.default_rng(0)
    probability = random.random(500)
    true, times = random.random(500) < probability, random.integers(1, 4, 500)
    rows = np.repeat(np.arange(500), times)
    for one, other in zip(
        in_bins(true, probability, times.astype(float)), in_bins(true[rows], probability[rows]), strict=True
    ):
        np.testing.assert_allclose(one, other)


@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c")])
def test_both_curves_are_drawn(labels: tuple[str, ...]) -> None:
    random = np.random.default_rng(0)
    outputs = random.dirichlet(np.ones(len(labels)), 500)
    y = np.array([random.choice(len(labels), p=row) for row in outputs])
    one = reliability(y, {"as fitted": outputs}, labels)
    two = reliability(y, {"as fitted": outputs**2 / (outputs**2).sum(axis=1, keepdims=True), "calm": outputs}, labels)
    assert image.imread(io.BytesIO(one.png)).std() > 0
    assert one.png != two.png


def test_a_picture_is_drawn_of_each_kind() -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(2), 300)
    y = (random.random(300) < probabilities[:, 1]).astype(int)
    found = plots(y, probabilities, calibrated(probabilities, y), ("no", "yes"))
    assert list(found) == ["confusion.png", "roc_pr.png", "reliability.png"]
    assert all(picture.png.startswith(b"\x89PNG") for picture in found.values())
