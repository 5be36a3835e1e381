from pathlib import Path

import pandas as pd
import pytest

from tests.training.conftest import options_for
from training.errors import DataError
from training.tasks.label.classification import Classification
from training.tasks.labels.multilabel import Multilabel
from training.tasks.registry import TASKS, check, infer_task, task_class
from training.tasks.value.regression import Regression

MANY = Classification(("a", "b", "c"))


def test_every_task_is_found_and_names_itself_or_another_of_the_registry() -> None:
    assert {task_class(name) for name in TASKS} == {Classification, Multilabel, Regression}
    assert Classification(("no", "yes")).name in TASKS


@pytest.mark.parametrize(
    ("changes", "task", "message"),
    [
        ({"threshold_for": "f1"}, Regression(), "`--threshold-for`: expected a task that has it: binary, multiclass"),
        ({"threshold_for": "f1"}, MANY, "`--threshold-for`: expected a target with two labels"),
        ({"label_smoothing": 0.1}, Regression(), "--label-smoothing"),
        ({"class_weights": True}, Regression(), "--class-weights"),
    ],
)
def test_what_the_task_cannot_have_is_refused(
    changes: dict[str, object], task: Classification | Regression, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        check(task, options_for(Path("goods.csv"), "y", **changes))


def test_what_the_task_has_passes() -> None:
    check(MANY, options_for(Path("goods.csv"), "y", label_smoothing=0.1, class_weights=True, calibrate=False))
    check(Regression(), options_for(Path("goods.csv"), "y", calibrate=False))


@pytest.mark.parametrize(
    ("values", "task", "labels"),
    [
        (["no", "yes"], "binary", ("no", "yes")),
        (["0", "1"], "binary", ("0", "1")),
        ([0, 1], "binary", ("0", "1")),
        ([0.0, 1.0], "binary", ("0", "1")),
        ([True, False], "binary", ("false", "true")),
        (["10", "9", "8"], "multiclass", ("8", "9", "10")),
        (["b", "a", "c"], "multiclass", ("a", "b", "c")),
        (range(11), "regression", None),
        ([0.5, 1.5], "regression", None),
    ],
)
def test_the_task_follows_from_the_values(values: list[object], task: str, labels: tuple[str, ...] | None) -> None:
    found = infer_task(pd.Series(values, name="y"))
    assert (found.name, found.answer().get("labels")) == (task, labels)


def test_the_task_can_be_set() -> None:
    assert infer_task(pd.Series([0, 1, 2]), "regression").name == "regression"
    assert infer_task(pd.Series(range(20)), "multiclass").width == 20


@pytest.mark.parametrize(
    ("values", "wanted", "message"),
    [
        (["a", "b", "c"], "binary", "expected 2 labels"),
        (["1", "b", "3"], "regression", "Received: 'b'"),
        ([1e39, 1.0], "regression", "32-bit"),
        ([f"name {i}" for i in range(1001)], None, "at most 1000 classes"),
    ],
)
def test_a_target_that_does_not_fit_the_task_is_refused(values: list[object], wanted: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        infer_task(pd.Series(values, name="y"), wanted)
