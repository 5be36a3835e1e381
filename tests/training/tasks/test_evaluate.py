import numpy as np
import pytest

from tests.training.conftest import only, values
from training.columns.arrays import Arrays, Outputs, Rows, predict_in_batches
from training.tasks.evaluate import evaluate, validate, worst_loss_points
from training.tasks.label.classification import Classification
from training.tasks.labels.multilabel import Multilabel
from training.tasks.value.regression import Regression

ROWS = Rows({"numeric": np.arange(10.0)[:, None]}, np.arange(10.0))


def test_batches_are_joined_in_order() -> None:
    sizes = []

    def predict(arrays: Arrays) -> Outputs:
        sizes.append(len(arrays["numeric"]))
        return values(arrays["numeric"] * 2)

    answers = predict_in_batches(predict, ROWS.arrays, batch_rows=4)
    np.testing.assert_array_equal(only(answers)[:, 0], np.arange(10.0) * 2)
    assert sizes == [4, 4, 2]


def test_any_callable_can_be_judged() -> None:
    assert evaluate(Regression(), lambda arrays: values(arrays["numeric"]), ROWS)["r2"] == 1


def test_a_smaller_model_is_validated_by_thresholds_of_its_own() -> None:
    """Those of the first model fit its answers: the second ranks as well, and would seem to find nothing."""
    task = Multilabel(("odd",), thresholds=(0.5,))
    rows = Rows({"numeric": np.array([[0.4], [0.9]])}, np.array([[False], [True]]))

    def half(arrays: Arrays) -> Outputs:
        return {"probabilities": arrays["numeric"] / 2}

    assert evaluate(task, half, rows)["micro_f1"] == 0
    assert validate(task, half, rows)["micro_f1"] == 1


def test_the_worst_budget_metric_counts() -> None:
    task = Classification(("no", "yes"))
    lost = worst_loss_points(task, {"roc_auc": 0.9, "accuracy": 0.8}, {"roc_auc": 0.91, "accuracy": 0.793})
    assert lost == pytest.approx(0.7)


def test_first_takes_rows_and_their_targets() -> None:
    few = ROWS.first(3)
    assert len(few) == 3
    assert few.arrays["numeric"][:, 0].tolist() == few.y.tolist()
