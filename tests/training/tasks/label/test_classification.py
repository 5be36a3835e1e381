from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import only, shares
from training.errors import DataError
from training.options import Options
from training.tasks import registry
from training.tasks.label.classification import Classification, sort_labels
from training.tasks.label.metrics import confusion
from training.tasks.parts import Mistake


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


def about(rows: list[int], positive: str | None = None, labels: tuple[str, ...] = ("1", "2")) -> Classification:
    options = Options.of(data=Path("d.csv"), **({} if positive is None else {"positive": positive}))
    return Classification(labels).about(pd.Series([float(label) for label in labels]), rows, options)


@pytest.mark.parametrize(
    ("rows", "positive", "labels", "reason"),
    [
        ([90, 10], None, ("1", "2"), "the rarer label"),
        ([10, 90], None, ("2", "1"), "the rarer label"),
        ([50, 50], None, ("1", "2"), "as often as the other"),
        ([90, 10], "1", ("2", "1"), "as asked (--positive)"),
        ([90, 10], "2", ("1", "2"), "as asked (--positive)"),
    ],
)
def test_metrics_are_about_the_rarer_label_or_the_one_that_is_named(
    rows: list[int], positive: str | None, labels: tuple[str, str], reason: str
) -> None:
    found = about(rows, positive)
    assert (found.labels, found.reason) == (labels, reason)
    assert f"are about `{labels[1]}`, {reason}." in found.about_baselines()
    assert found.encode(pd.Series([1.0, 2.0])).tolist() == [labels.index("1"), labels.index("2")]


def test_a_positive_label_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(DataError, match=r"`--positive`: expected one of the two labels, '1' or '2'\. Received: '3'"):
        about([5, 5], "3")
    task = about([5, 5, 5], "1", ("1", "2", "3"))
    with pytest.raises(DataError, match=r"`--positive`: expected a target with two labels\. Received: 3"):
        registry.check(task, Options.of(data=Path("d.csv"), positive="1"))


def test_a_rare_label_is_judged_first_by_the_area_of_its_precision() -> None:
    rare = Classification(("ok", "fraud")).fit_to(np.repeat([0, 1], [95, 5]))
    assert rare.main_metric == "pr_auc"
    assert rare.slice_metric == "roc_auc"
    assert rare.budget_metrics == ("roc_auc", "accuracy")
    assert Classification(("ok", "fraud")).fit_to(np.repeat([0, 1], [85, 15])).main_metric == "roc_auc"
    assert Classification(("fraud", "ok")).fit_to(np.repeat([0, 1], [5, 95])).main_metric == "roc_auc"
    assert Classification(("a", "b", "c")).fit_to(np.repeat([0, 1, 2], [95, 3, 2])).main_metric == "accuracy"


def test_mistakes_are_wrong_answers_the_surest_first() -> None:
    task, y = Classification(("no", "yes")), np.array([0, 0, 1, 1])
    outputs = shares([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.75, 0.25]])
    assert list(task.mistakes(y, outputs, 5)) == [Mistake(3, "yes", "no", 0.75), Mistake(1, "no", "yes", 0.6)]
    assert [mistake.row for mistake in task.mistakes(y, outputs, 1)] == [3]
