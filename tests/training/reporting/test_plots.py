import io

import numpy as np
import pytest
from matplotlib import image

from tests.training.compression.made_up import FP32, candidate
from training.budget import USUAL
from training.compression.selection import choose
from training.evaluation.findings import Importance, Interval
from training.reporting.plots import MOST_BARS, bars, calibration_gap, pareto, reliability


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


def test_the_picture_is_a_png_that_depends_on_the_choice() -> None:
    candidates = (
        FP32,
        candidate("a", size=300, many=90, loss_points=0.1),
        candidate("b", size=500, loss_points=-0.1),
        candidate("c", size=90, batch_effect=0.1),
    )
    picture = pareto(choose(candidates, USUAL))
    assert picture.startswith(b"\x89PNG")
    assert picture != pareto(choose(candidates, USUAL, "fp32"))


def test_a_bar_a_feature_is_drawn_up_to_what_can_be_read() -> None:
    found = [Importance(f"feature {place}", Interval(0.1, 0.05 - place, 0.2)) for place in range(MOST_BARS + 5)]
    few, many, all_ = (image.imread(io.BytesIO(bars(found[:rows], "r2"))) for rows in (2, MOST_BARS, len(found)))
    assert few.std() > 0
    assert few.shape[0] < many.shape[0]
    assert (many == all_).all()
