"""Running scores are those that scikit-learn gives for the rows in the window."""

import random

import pytest
from sklearn import metrics

from app.answers.running_scores import Labels, LabelSets, Numbers, Scores


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


@pytest.mark.parametrize("rows", [1, 49, 50, 51, 200])
def test_f1_and_right_rows_of_several_labels(rows: int) -> None:
    """Over all labels, of each, and how many rows are right in every label."""
    dice = random.Random(rows)
    names = ("art", "law", "war")
    pairs = [tuple(tuple(p for p in range(3) if dice.random() < 0.4) for _ in range(2)) for _ in range(rows)]
    scores = LabelSets(names, window=50)
    for truth, predicted in pairs:
        scores.add(truth, predicted)
    truths, predictions = (
        [[int(place in each[side]) for place in range(3)] for each in pairs[-50:]] for side in range(2)
    )
    found = scores.now()
    assert scores.rows == min(rows, 50)
    assert found.pop("micro_f1") == pytest.approx(
        metrics.f1_score(truths, predictions, average="micro", zero_division=0.0)
    )
    assert found.pop("exact") == pytest.approx(metrics.accuracy_score(truths, predictions))
    by_label = metrics.f1_score(truths, predictions, average=None, zero_division=0.0)
    wanted = dict(zip(names, by_label, strict=True))
    assert found == {score: pytest.approx(wanted[score.removeprefix("f1: ")]) for score in found}


def test_many_labels_have_no_series_of_their_own() -> None:
    scores = LabelSets([str(number) for number in range(31)])
    scores.add((0, 30), (30,))
    assert scores.now() == {"micro_f1": pytest.approx(2 / 3), "exact": 0.0}


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
