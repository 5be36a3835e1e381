import numpy as np
import pytest

from training.tasks import weighted_metrics as weighted
from training.tasks.base import Task
from training.tasks.classification import Classification
from training.tasks.regression import Regression

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
    found = weighted.metrics(y, outputs, weights, classes=task.labels is not None)
    for time, counts in enumerate(weights):
        rows = np.repeat(np.arange(ROWS), counts.astype(int))
        expected = task.evaluate(y[rows], {task.output: outputs[rows]})
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert found[name][time] == pytest.approx(value, rel=1e-6), name


def test_what_has_no_meaning_is_not_a_number() -> None:
    """Without rows of a class there is no ROC AUC; with one number alone no R²."""
    outputs = np.array([[0.9, 0.1], [0.2, 0.8]])
    found = weighted.metrics(np.array([0, 1]), outputs, np.array([[1.0, 0.0], [1.0, 1.0]]), classes=True)
    assert np.isnan(found["roc_auc"]).tolist() == [True, False]
    assert np.isnan(found["pr_auc"]).tolist() == [True, False]
    assert found["accuracy"].tolist() == [1.0, 1.0]
    same = weighted.metrics(np.array([3.0, 3.0]), np.array([[1.0], [2.0]]), np.ones((1, 2)), classes=False)
    assert np.isnan(same["r2"]).all()
