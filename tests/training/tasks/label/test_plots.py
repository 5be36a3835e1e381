import io

import numpy as np
import pytest
from matplotlib import image

from training.calibration.temperature import calibrated
from training.tasks.label.plots import plots, reliability


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
