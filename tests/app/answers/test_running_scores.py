"""Running scores are those that scikit-learn gives for the rows in the window."""

import random

import pytest
from sklearn import metrics

from app.answers.running_scores import Labels, Numbers, Scores


@pytest.mark.parametrize("labels", [2, 3, 7])
@pytest.mark.parametrize("rows", [1, 5, 50, 51, 200])
def test_accuracy_and_f1_of_the_window(labels: int, rows: int) -> None:
    dice = random.Random(rows)
    pairs = [(dice.randrange(labels), dice.randrange(labels)) for _ in range(rows)]
    scores = Labels(labels, window=50)
    for truth, predicted in pairs:
        scores.add(truth, predicted)
    truths, predictions = zip(*pairs[-50:], strict=True)
    average = "binary" if labels == 2 else "macro"
    assert scores.rows == min(rows, 50)
    assert scores.now() == {
        "accuracy": pytest.approx(metrics.accuracy_score(truths, predictions)),
        "f1": pytest.approx(metrics.f1_score(truths, predictions, average=average, zero_division=0.0)),
    }


def test_labels_that_did_not_occur_do_not_lower_the_mean() -> None:
    scores = Labels(3)
    scores.add(0, 0)
    scores.add(1, 1)
    assert scores.now() == {"accuracy": 1.0, "f1": 1.0}


def test_the_error_of_the_window() -> None:
    scores = Numbers(window=2)
    for truth, predicted in ((100.0, 0.0), (1.0, 2.0), (5.0, 2.0)):
        scores.add(truth, predicted)
    assert scores.now() == {"mae": 2.0}
    assert scores.rows == 2


@pytest.mark.parametrize("scores", [Numbers(), Labels(2), Labels(3)])
def test_without_rows_there_is_no_score(scores: Scores) -> None:
    assert scores.now() == {}
    assert scores.rows == 0
