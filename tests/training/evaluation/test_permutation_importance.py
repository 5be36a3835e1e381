import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.conftest import shares, values
from training.columns.arrays import Arrays, Outputs, Rows
from training.evaluation.permutation_importance import importances
from training.features.category.category import CategoryColumn
from training.features.features import Features, Group
from training.features.number import NumberColumn
from training.features.numeric import statistics
from training.features.registry import feature_type
from training.tasks.base import Task
from training.tasks.label.classification import Classification
from training.tasks.value.regression import Regression

ROWS = 2000


FLOATS = statistics.describe(np.linspace(-4, 4, 50), 2)
FEATURES = Features(
    order=("color", "strong", "useless", "weak"),
    groups=(
        Group(feature_type("number"), tuple(NumberColumn(name, 0.0, FLOATS) for name in ("strong", "weak", "useless"))),
        Group(feature_type("category"), (CategoryColumn("color", 0.0, ("red", "blue")),)),
    ),
)


def known(arrays: Arrays) -> NDArray[np.float64]:
    """What the answer really is: it does not use the third number."""
    numbers = arrays["numeric"]
    return np.asarray(3 * numbers[:, 0] + 0.5 * numbers[:, 1] + (arrays["categorical"][:, 0] == "red"))


def sample() -> Arrays:
    random = np.random.default_rng(0)
    words = random.choice(np.array(["red", "blue"], object), (ROWS, 1))
    return {"numeric": random.normal(size=(ROWS, 3)).astype(np.float32), "categorical": words}


def numbers() -> tuple[Task, NDArray[np.float64]]:
    return Regression(), known(sample())


def classes() -> tuple[Task, NDArray[np.int64]]:
    return Classification(("no", "yes")), (known(sample()) > 0.5).astype(np.int64)


def predict_for(task: Task, arrays: Arrays) -> Outputs:
    if isinstance(task, Regression):
        return values(known(arrays)[:, None])
    yes = 1 / (1 + np.exp(0.5 - known(arrays)))
    return shares(np.stack([1 - yes, yes], axis=1))


@pytest.mark.parametrize("make", [numbers, classes])
def test_what_the_answers_depend_on_is_found_and_in_order(make: object) -> None:
    task, y = make()  # type: ignore[operator]
    told: list[int] = []
    found = importances(
        task, FEATURES, lambda arrays: predict_for(task, arrays), Rows(sample(), y), seed=0, done=told.append
    )
    assert found[0].feature == "strong"
    assert {importance.feature for importance in found[1:3]} == {"color", "weak"}
    assert found[3].feature == "useless"
    assert [importance.is_needed for importance in found] == [True, True, True, False]
    assert found[-1].loss.value == 0
    assert found[0].loss.low < found[0].loss.value < found[0].loss.high
    assert told == [1, 2, 3, 4]


def test_the_loss_of_r2_is_twice_the_share_of_the_variance() -> None:
    """For a sum of independent parts, permuting one costs twice its variance: that of the old and of the new value."""
    task, y = numbers()
    found = importances(
        task, FEATURES, lambda arrays: predict_for(task, arrays), Rows(sample(), y), seed=0, done=lambda _: None
    )
    assert found[0].loss.value == pytest.approx(2 * 9 / (9 + 0.25 + 0.25), abs=0.1)


def test_a_seed_repeats_it_and_the_rows_are_left_alone() -> None:
    task, y = classes()
    arrays = sample()
    before = {name: array.copy() for name, array in arrays.items()}

    def once() -> object:
        return importances(
            task, FEATURES, lambda asked: predict_for(task, asked), Rows(arrays, y), seed=3, done=lambda _: None
        )

    assert once() == once()
    for name, array in before.items():
        assert (arrays[name] == array).all()
