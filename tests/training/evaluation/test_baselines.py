import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import only
from tests.training.features.described import described
from training.columns.arrays import Rows
from training.data.prepare import Data
from training.evaluation.baselines import boosting, linear, trivial
from training.evaluation.feature_selection import without
from training.tasks.regression import Regression


def test_each_baseline_beats_the_trivial_model(data: Data) -> None:
    task, main = data.task, data.task.budget_metrics[0]
    low = task.evaluate(data.test.y, trivial(task)(data.test))
    boosted = task.evaluate(data.test.y, boosting(task, data.features, data.train, seed=0)(data.test))
    straight = task.evaluate(data.test.y, linear(task, data.features, data.train)(data.test))
    assert boosted[main] > low[main] + 0.2
    assert straight[main] > low[main] + 0.2


def test_a_straight_line_is_found_by_the_linear_model() -> None:
    """Standardised and one-hot features: sizes that differ a millionfold, and a value's own weight."""
    random = np.random.default_rng(0)
    measured = np.column_stack([random.normal(5e6, 1e6, 400), random.normal(0, 1e-3, 400)])
    words = random.choice(["a", "b", "c"], (400, 1)).astype(object)
    y = measured[:, 0] / 1e6 + 1e3 * measured[:, 1] + 3 * (words[:, 0] == "b")
    cells = pd.DataFrame({"mass": measured[:, 0], "width": measured[:, 1], "word": words[:, 0]})
    features = described(cells, {"mass": "number", "width": "number", "word": "category"})
    rows = Rows(features.arrays(cells), y)
    answers = linear(Regression().fit_to(y), features, rows)(rows)
    assert Regression().evaluate(y, answers)["r2"] > 0.999


def test_labels_that_the_training_rows_lack_get_zeros(binary: Data) -> None:
    task = type(binary.task)(("no", "yes", "never"))  # type: ignore[call-arg]  # a Classification
    features, train = binary.features, binary.train
    for baseline in (boosting(task, features, train, seed=0), linear(task, features, train)):
        answers = only(baseline(binary.test))
        assert answers.shape == (len(binary.test), 3)
        assert not answers[:, 2].any()
        np.testing.assert_allclose(answers.sum(axis=1), 1)


@pytest.mark.parametrize("gap", [np.nan, 1e38])
def test_tables_of_numbers_alone_with_gaps_and_extremes(binary: Data, gap: float) -> None:
    less = without(binary, ("color", "city"))
    test = Rows({name: array.copy() for name, array in less.test.arrays.items()}, less.test.y)
    test.arrays["numeric"][:3] = gap
    for baseline in (
        boosting(less.task, less.features, less.train, seed=0),
        linear(less.task, less.features, less.train),
    ):
        answers = baseline(test)
        assert np.isfinite(only(answers)).all()
        assert binary.task.evaluate(test.y, answers)["roc_auc"] > 0.5
