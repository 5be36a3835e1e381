import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.conftest import shares, values
from training.columns.arrays import Rows
from training.evaluation.findings import Slices
from training.evaluation.slices import MIN_ROWS, slices
from training.features.category.category import CategoryColumn
from training.features.features import Features, Group
from training.features.number import NumberColumn
from training.features.numeric import statistics
from training.features.registry import feature_type
from training.tasks.label.classification import Classification
from training.tasks.value.regression import Regression

ROWS = 1000


FLOATS = statistics.describe(np.linspace(0, 1, 50), 4)
FEATURES = Features(
    order=("age", "city", "old"),
    groups=(
        Group(feature_type("number"), (NumberColumn("age", 0.1, FLOATS),)),
        Group(feature_type("boolean"), (NumberColumn("old", 0.0, FLOATS),)),
        Group(feature_type("category"), (CategoryColumn("city", 0.0, ("a", "b")),)),
    ),
)


def rows() -> Rows:
    """Ages from 0 to 1 with gaps, a boolean, and a city that is missing, frequent or rare."""
    random = np.random.default_rng(0)
    age = np.where(random.random(ROWS) < 0.1, np.nan, random.random(ROWS))
    old = random.integers(0, 2, ROWS)
    city = random.choice(np.array(["", "a", "b", "rare"], object), ROWS, p=[0.2, 0.48, 0.3, 0.02])
    arrays = {
        "numeric": age[:, None].astype(np.float32),
        "boolean": old[:, None].astype(np.float32),
        "categorical": city[:, None],
    }
    return Rows(arrays, random.normal(0, 1, ROWS))


def judged(test: Rows, wrong: NDArray[np.bool_]) -> Slices:
    """Answers that are off by 0.1, and by 1 where they are wrong."""
    outputs = values((test.y + np.where(wrong, 1.0, 0.1))[:, None])
    return slices(Regression(), FEATURES, test, test, outputs, seed=0)


def test_the_slice_that_is_wrong_comes_first() -> None:
    test = rows()
    found = judged(test, test.arrays["categorical"][:, 0] == "b")
    first = found.slices[0]
    assert (found.metric, first.feature, first.values) == ("mae", "city", "b")
    assert first.metric.value == pytest.approx(1.0)
    assert first.is_worse
    assert [one.feature for one in found.slices if one.is_worse] == ["city"]
    assert found.whole == pytest.approx(0.1 + 0.9 * (test.arrays["categorical"] == "b").mean())


def test_ranges_of_numbers_values_and_gaps_are_looked_at_if_there_are_rows_enough() -> None:
    test = rows()
    found = judged(test, np.zeros(ROWS, bool))
    named = {(one.feature, one.values) for one in found.slices}
    assert {("city", "missing"), ("city", "a"), ("old", "true"), ("old", "false"), ("age", "missing")} <= named
    assert not any(one.values == "rare" for one in found.slices)
    ages = [one.rows for one in found.slices if one.feature == "age" and one.values != "missing"]
    assert len(ages) == 5
    assert sum(ages) == np.isfinite(test.arrays["numeric"][:, 0]).sum()
    assert min(one.rows for one in found.slices) >= MIN_ROWS


def test_for_classes_less_is_worse_and_one_label_alone_has_no_auc() -> None:
    test = rows()
    old = test.arrays["boolean"][:, 0] == 1
    y = np.where(test.arrays["categorical"][:, 0] == "", 0, test.y > 0).astype(np.int64)
    random = np.random.default_rng(1)
    yes = np.where(old, random.random(ROWS), np.clip(y + random.normal(0, 0.3, ROWS), 0, 1))
    outputs = shares(np.stack([1 - yes, yes], axis=1))
    found = slices(Classification(("no", "yes")), FEATURES, test, Rows(test.arrays, y), outputs, seed=0)
    assert (found.metric, found.slices[0].feature, found.slices[0].values) == ("roc_auc", "old", "true")
    assert found.slices[0].metric.value == pytest.approx(0.5, abs=0.1)
    assert found.slices[0].metric.high < found.whole
    assert ("city", "missing") not in {(one.feature, one.values) for one in found.slices}


def test_noise_alone_seldom_looks_worse() -> None:
    """Errors that have nothing to do with the features: about one slice in forty, so hardly three of a dozen."""
    test = rows()
    found = judged(test, np.random.default_rng(5).random(ROWS) < 0.3)
    assert sum(one.is_worse for one in found.slices) <= 2
