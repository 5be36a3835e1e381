import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import only, shares
from training.tasks.label.classification import Classification, sort_labels
from training.tasks.label.metrics import confusion


def test_labels_are_sorted_as_people_count() -> None:
    assert sort_labels(["10", "9", "-1"]) == ("-1", "9", "10")
    assert sort_labels(["no", "10", "maybe"]) == ("10", "maybe", "no")


def test_metrics_by_hand() -> None:
    task = Classification(("no", "yes"))
    y = np.array([0, 0, 1, 1])
    outputs = shares([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.6, 0.4]])
    found = task.evaluate(y, outputs)
    assert found["accuracy"] == found["balanced_accuracy"] == found["precision"] == found["recall"] == 0.5
    assert found["roc_auc"] == 0.75
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.8, 0.4]).mean())
    assert confusion(y, only(outputs)).tolist() == [[1, 1], [1, 1]]


def test_the_trivial_model_answers_the_shares() -> None:
    task = Classification(("a", "b", "c")).fit_to(np.array([0, 0, 1, 2]))
    outputs = only(task.trivial(2))
    np.testing.assert_allclose(outputs, [[0.5, 0.25, 0.25]] * 2)
    found = task.evaluate(np.array([0, 1, 2]), shares(np.repeat(outputs[:1], 3, axis=0)))
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["roc_auc"] == 0.5


def test_a_label_that_is_absent_from_the_rows_does_not_break_the_metrics() -> None:
    found = Classification(("a", "b", "c")).evaluate(np.array([0, 1]), shares([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1]]))
    assert all(np.isfinite(value) for value in found.values())
    assert found["accuracy"] == found["balanced_accuracy"] == 1


def test_a_certain_error_has_a_finite_log_loss() -> None:
    found = Classification(("a", "b")).evaluate(np.array([0, 1]), shares([[0.0, 1.0], [0.0, 1.0]]))
    assert np.isfinite(found["log_loss"])


def test_targets_are_encoded_by_label() -> None:
    task = Classification(("0", "1"))
    assert task.encode(pd.Series([1.0, 0.0, 1.0])).tolist() == [1, 0, 1]
    assert task.name == "binary"
    assert Classification(("a", "b", "c")).name == "multiclass"
