from pathlib import Path

import pytest

from tests.training.conftest import options_for
from training.errors import DataError
from training.tasks.label.classification import Classification
from training.tasks.registry import TASKS, check, task_class
from training.tasks.value.regression import Regression

MANY = Classification(("a", "b", "c"))


def test_every_task_is_found_and_names_itself_or_another_of_the_registry() -> None:
    assert {task_class(name) for name in TASKS} == {Classification, Regression}
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
