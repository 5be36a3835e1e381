import numpy as np
import pytest

from tests.training.conftest import shares, values
from training.columns.arrays import take
from training.tasks.base import Task
from training.tasks.label.classification import Classification
from training.tasks.value.regression import Regression
from training.tasks.weighted import one_by_one

ROWS = 300


def classes(width: int) -> tuple[Task, np.ndarray, np.ndarray]:
    """Answers with ties, a label that no row has, and one that no row is given."""
    random = np.random.default_rng(width)
    y = random.integers(0, width - (width > 3), ROWS)
    outputs = random.dirichlet(np.ones(width), ROWS).round(1) + 0.01
    outputs[:, 1] += y == 1
    return Classification(tuple("abcdef"[:width])), y, (outputs / outputs.sum(axis=1, keepdims=True)).astype(np.float32)


def numbers() -> tuple[Task, np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    y = random.normal(1e6, 2, ROWS)
    return Regression(), y, (y + random.normal(0, 1, ROWS))[:, None]


@pytest.mark.parametrize("given", [classes(2), classes(3), classes(5), numbers()], ids=["2", "3", "5", "numbers"])
def test_weights_count_as_repeated_rows_do(given: tuple[Task, np.ndarray, np.ndarray]) -> None:
    """Each weighting by counts gives what scikit-learn says of the rows so often."""
    task, y, outputs = given
    weights = np.random.default_rng(0).multinomial(ROWS, np.ones(ROWS) / ROWS, size=4).astype(float)
    weights[0] = 1
    answers = {task.outputs[0].name: outputs}
    found = task.weighted(y, answers, weights)
    again = one_by_one(task.evaluate, y, answers, weights)
    for time, counts in enumerate(weights):
        rows = np.repeat(np.arange(ROWS), counts.astype(int))
        expected = task.evaluate(y[rows], take(answers, rows))
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert found[name][time] == pytest.approx(value, rel=1e-6), name
            assert again[name][time] == pytest.approx(value, rel=1e-6), name
    for name, every in found.items():
        np.testing.assert_allclose(task.weighted(y, answers, weights, name)[name], every)


def test_what_has_no_meaning_is_not_a_number() -> None:
    """Without rows of a class there is no ROC AUC; with one number alone no R²."""
    outputs = np.array([[0.9, 0.1], [0.2, 0.8]])
    found = Classification(("a", "b")).weighted(np.array([0, 1]), shares(outputs), np.array([[1.0, 0.0], [1.0, 1.0]]))
    assert np.isnan(found["roc_auc"]).tolist() == [True, False]
    assert np.isnan(found["pr_auc"]).tolist() == [True, False]
    assert found["accuracy"].tolist() == [1.0, 1.0]
    same = Regression().weighted(np.array([3.0, 3.0]), values([[1.0], [2.0]]), np.ones((1, 2)))
    assert np.isnan(same["r2"]).all()


def test_any_metric_can_be_judged_once_a_weighting() -> None:
    y = np.array([1.0, 2.0, 6.0])
    weights = np.array([[1.0, 1.0, 1.0], [0.0, 3.0, 0.0], [1.0, 0.0, 0.5]])
    found = one_by_one(
        lambda true, said, of: {"mean": float(np.average(true - said["value"][:, 0], weights=of))},
        y,
        values([[0.0]] * 3),
        weights,
    )
    assert found["mean"].tolist() == [3.0, 2.0, pytest.approx(4 / 1.5)]
