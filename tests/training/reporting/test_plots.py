import io

from matplotlib import image

from tests.training.compression.made_up import FP32, candidate
from training.budget import USUAL
from training.compression.selection import choose
from training.evaluation.findings import Importance, Interval
from training.reporting.plots import MOST_BARS, bars, pareto


def test_the_picture_is_a_png_that_depends_on_the_choice() -> None:
    candidates = (
        FP32,
        candidate("a", size=300, many=90, loss_points=0.1),
        candidate("b", size=500, loss_points=-0.1),
        candidate("c", size=90, batch_effect=0.1),
    )
    picture = pareto(choose(candidates, USUAL)).png
    assert picture.startswith(b"\x89PNG")
    assert picture != pareto(choose(candidates, USUAL, "fp32")).png


def test_a_bar_a_feature_is_drawn_up_to_what_can_be_read() -> None:
    found = [Importance(f"feature {place}", Interval(0.1, 0.05 - place, 0.2)) for place in range(MOST_BARS + 5)]
    few, many, all_ = (image.imread(io.BytesIO(bars(found[:rows], "r2").png)) for rows in (2, MOST_BARS, len(found)))
    assert few.std() > 0
    assert few.shape[0] < many.shape[0]
    assert (many == all_).all()
