import io

from matplotlib import image

from training.evaluation.findings import Importance, Interval
from training.reporting.plots_importance import MOST_BARS, bars


def test_a_bar_a_feature_is_drawn_up_to_what_can_be_read() -> None:
    found = [Importance(f"feature {place}", Interval(0.1, 0.05 - place, 0.2)) for place in range(MOST_BARS + 5)]
    few, many, all_ = (image.imread(io.BytesIO(bars(found[:rows], "r2"))) for rows in (2, MOST_BARS, len(found)))
    assert few.std() > 0
    assert few.shape[0] < many.shape[0]
    assert (many == all_).all()
