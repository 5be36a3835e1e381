import io

import numpy as np
import pytest
from matplotlib import image

from training.reporting.plots_calibration import calibration_gap, reliability


def test_the_gap_is_what_probabilities_are_off_by() -> None:
    random = np.random.default_rng(0)
    probability = random.random(40_000)
    true = random.random(40_000) < probability
    assert calibration_gap(true, probability) < 0.01
    assert calibration_gap(true, probability / 2) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c")])
def test_both_curves_are_drawn(labels: tuple[str, ...]) -> None:
    random = np.random.default_rng(0)
    outputs = random.dirichlet(np.ones(len(labels)), 500)
    y = np.array([random.choice(len(labels), p=row) for row in outputs])
    one = reliability(y, {"as fitted": outputs}, labels)
    two = reliability(y, {"as fitted": outputs**2 / (outputs**2).sum(axis=1, keepdims=True), "calm": outputs}, labels)
    assert image.imread(io.BytesIO(one)).std() > 0
    assert one != two
