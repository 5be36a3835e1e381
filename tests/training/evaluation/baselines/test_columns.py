import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import only
from tests.training.features.described import described
from training.columns.arrays import Rows
from training.data.prepare import Data
from training.evaluation.baselines import TRIVIAL, fitted
from training.evaluation.feature_selection import without
from training.tasks.label.classification import Classification
from training.tasks.parts import BOOSTING, LINEAR
from training.tasks.value.regression import Regression


def test_each_baseline_beats_the_trivial_model(data: Data) -> None:
    task, main = data.task, data.task.main_metric
    baselines = fitted(task, data.features, data.train, seed=0)
    scores = {name: task.evaluate(data.test.y, answer(data.test))[main] for name, answer in baselines.items()}
    assert list(scores) == [TRIVIAL, LINEAR, BOOSTING]
    assert min(scores[LINEAR], scores[BOOSTING]) > scores[TRIVIAL] + 0.2


def test_a_straight_line_is_found_by_the_linear_model() -> None:
    """Standardised and one-hot features: sizes that differ a millionfold, and a value's own weight."""
    random = np.random.default_rng(0)
    measured = np.column_stack([random.normal(5e6, 1e6, 400), random.normal(0, 1e-3, 400)])
    words = random.choice(["a", "b", "c"], (400, 1)).astype(object)
    y = measured[:, 0] / 1e6 + 1e3 * measured[:, 1] + 3 * (words[:, 0] == "b")
    cells = pd.DataFrame({"mass": measured[:, 0], "width": measured[:, 1], "word": words[:, 0]})
    features = described(cells, {"mass": "number", "width": "number", "word": "category"})
    rows = Rows(features.arrays(cells), y)
    answers = fitted(Regression().fit_to(y), features, rows, seed=0)[LINEAR](rows)
    assert Regression().evaluate(y, answers)["r2"] > 0.999


def test_labels_that_the_training_rows_lack_get_zeros(binary: Data) -> None:
    baselines = fitted(Classification(("no", "yes", "never")), binary.features, binary.train, seed=0)
    for name in (LINEAR, BOOSTING):
        answers = only(baselines[name](binary.test))
        assert answers.shape == (len(binary.test), 3)
        assert not answers[:, 2].any()
        np.testing.assert_allclose(answers.sum(axis=1), 1)


@pytest.mark.parametrize("gap", [np.nan, 1e38])
def test_tables_of_numbers_alone_with_gaps_and_extremes(binary: Data, gap: float) -> None:
    less = without(binary, ("color", "city"))
    test = Rows({name: array.copy() for name, array in less.test.arrays.items()}, less.test.y)
    test.arrays["numeric"][:3] = gap
    baselines = fitted(less.task, less.features, less.train, seed=0)
    for name in (LINEAR, BOOSTING):
        answers = baselines[name](test)
        assert np.isfinite(only(answers)).all()
        assert binary.task.evaluate(test.y, answers)["roc_auc"] > 0.5
