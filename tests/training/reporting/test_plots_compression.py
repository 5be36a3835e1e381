from tests.training.compression.made_up import FP32, candidate
from training.budget import USUAL
from training.compression.selection import choose
from training.reporting.plots_compression import pareto


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
