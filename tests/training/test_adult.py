"""The committed model: what it must be, and that it learned what everybody knows about incomes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.bundle import reader as contract
from app.bundle.reader import sha256
from tests.training.conftest import REPOSITORY, only
from training.export.ort_session import Session

FOLDER = REPOSITORY / "models" / "adult-income" / "1"


@pytest.fixture(scope="module")
def bundle() -> contract.Bundle:
    return contract.read(FOLDER)


@pytest.fixture(scope="module")
def rich(bundle: contract.Bundle) -> Callable[..., Any]:
    """Return a function: rows with changes -> (rows,) probability of an income above 50,000."""
    session = Session(bundle.model_path.read_bytes())
    features: Any = bundle.manifest.features

    def ask(**changes: Any) -> Any:
        rows = [{**row, **changes} for row in bundle.golden.instances]
        numbers = sorted((f for f in features if f.tensor == "numeric"), key=lambda f: f.column)
        strings = sorted((f for f in features if f.tensor == "categorical"), key=lambda f: f.column)
        arrays = {
            "numeric": np.array([[row[f.name] for f in numbers] for row in rows], np.float32),
            "categorical": np.array([[row[f.name] or "" for f in strings] for row in rows], object),
        }
        return only(session.predict(arrays))[:, 1]

    return ask


def test_it_is_as_good_as_promised(bundle: contract.Bundle) -> None:
    metrics = bundle.manifest.metrics
    assert metrics["shipped"]["accuracy"] >= 0.85
    assert metrics["shipped"]["roc_auc"] >= 0.905
    for name in ("accuracy", "roc_auc"):
        assert metrics["keras"][name] - metrics["shipped"][name] <= 0.005


def test_it_says_what_the_page_shows(bundle: contract.Bundle) -> None:
    """Of all test rows once, in the bundle that every page, picture and measurement is made with."""
    training, rows = bundle.manifest.training, bundle.manifest.training["rows"]["test"]
    assert training["judged_by"] == {"metric": "roc_auc", "errors": ["log_loss"]}
    claimed, came_true, claims = np.array(training["reliability"]["bins"]).T
    assert claims.sum() == rows
    assert claims @ np.abs(claimed - came_true) / rows < 0.03
    slices = training["slices"]
    assert (slices["metric"], slices["overall"]) == (
        "roc_auc",
        pytest.approx(bundle.manifest.metrics["shipped"]["roc_auc"]),
    )
    assert len(slices["worst"]) == 10
    assert slices["worse"] <= slices["judged"]
    for each in slices["worst"][: slices["worse"]]:
        assert 50 <= each["rows"] < rows
        assert each["low"] <= each["score"] <= each["high"] < slices["overall"]


def test_it_is_small_and_made_from_the_example(bundle: contract.Bundle) -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000
    training = bundle.manifest.training
    assert training["data_sha256"] == sha256(REPOSITORY / "examples" / "adult.csv.gz")
    assert training["command"] == "python -m training examples/adult.csv.gz --target income --name adult-income"
    assert not [
        path for path in FOLDER.iterdir() if path.name != "manifest.json" and path.name not in bundle.manifest.files
    ]


def test_golden_answers_repeat(bundle: contract.Bundle, rich: Callable[..., Any]) -> None:
    expected = np.array(bundle.golden.outputs["probabilities"])[:, 1]
    np.testing.assert_allclose(rich(), expected, atol=bundle.golden.atol, rtol=bundle.golden.rtol)
    assert any(None in row.values() for row in bundle.golden.instances)


@pytest.mark.parametrize(
    ("poorer", "richer"),
    [
        ({"education": "9th", "education_num": 5}, {"education": "Masters", "education_num": 14}),
        ({"capital_gain": 0}, {"capital_gain": 20000}),
        ({"age": 20}, {"age": 45}),
        ({"hours_per_week": 15}, {"hours_per_week": 50}),
        ({"occupation": "Handlers-cleaners"}, {"occupation": "Exec-managerial"}),
    ],
)
def test_it_moves_in_the_right_direction(
    rich: Callable[..., Any], poorer: dict[str, Any], richer: dict[str, Any]
) -> None:
    low, high = rich(**poorer), rich(**richer)
    assert high.mean() > low.mean() + 0.02
    assert (high >= low).mean() >= 0.8


def test_unknown_words_count_the_same_whatever_they_are(rich: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(rich(native_country="Atlantis"), rich(native_country="Mordor"))


def test_beyond_the_range_of_training_nothing_changes(rich: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(rich(age=90), rich(age=1e6))
    np.testing.assert_array_equal(rich(hours_per_week=0), rich(hours_per_week=-5))


def test_the_weight_of_a_sampled_person_hardly_matters(rich: Callable[..., Any]) -> None:
    """`fnlwgt` says how many people a row stands for, not what they earn."""
    assert np.abs(rich(fnlwgt=100_000) - rich(fnlwgt=200_000)).mean() < 0.05
