import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from app.bundle import reader as contract
from tests.training.conftest import options_for
from training.data.prepare import Data
from training.evaluation.feature_selection import NOT_NEEDED, unneeded, without
from training.evaluation.findings import Importance, Interval
from training.pipeline import train


def importance(name: str, low: float) -> Importance:
    return Importance(name, Interval(low + 0.1, low, low + 0.2))


def test_what_is_not_told_from_zero_is_not_needed() -> None:
    found = [importance("much", 0.3), importance("none", 0.0), importance("less", -0.2)]
    assert unneeded(found) == ("none", "less")
    assert unneeded(found[1:]) == ()
    assert unneeded(found[:1]) == ()


def test_data_without_features_keeps_rows_split_and_the_other_statistics(data: Data) -> None:
    less = without(data, ("weight", "city"))
    assert less.features.order == ("size", "color", "old")
    assert all(less.features.columns[name] is data.features.columns[name] for name in less.features.order)
    assert list(less.optional) == ["size", "color", "old"]
    for kept, whole in ((less.train, data.train), (less.test, data.test)):
        assert (kept.y == whole.y).all()
        np.testing.assert_array_equal(kept.arrays["numeric"], data.features.alone("size", whole.arrays)["numeric"])
        np.testing.assert_array_equal(kept.arrays["boolean"], whole.arrays["boolean"])
        assert kept.arrays["categorical"].shape == (len(kept), 1)
    fates = {column.name: column.fate for column in less.table.columns}
    assert (fates["weight"], fates["size"]) == (NOT_NEEDED, "feature")
    assert fates["planet"] == "dropped: the same value in every row"


def test_a_tensor_without_columns_goes(binary: Data) -> None:
    less = without(binary, ("color", "city"))
    assert list(less.train.arrays) == ["numeric", "boolean"]


@pytest.fixture(scope="module")
def noisy(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The goods with two columns of noise."""
    path = tmp_path_factory.mktemp("noisy") / "goods.csv"
    random = np.random.default_rng(1)
    larger = pd.concat([frame] * 3, ignore_index=True).drop(columns="id")
    larger["noise"] = random.normal(size=len(larger)).round(3)
    larger["static"] = random.choice(["x", "y"], len(larger))
    larger.to_csv(path, index=False)
    return path


def test_select_reports_what_it_tried_and_ships_the_better_model(noisy: Path, tmp_path: Path) -> None:
    said = io.StringIO()
    options = options_for(noisy, "sold", models=tmp_path, epochs=8).changed(select=True)
    manifest = contract.read(train(options, Console(file=said, width=200))).manifest
    found = manifest.training["selection"]
    names = {feature.name for feature in manifest.features}
    assert "--select" in manifest.training["command"]
    assert found["dropped"]
    assert found["kept"] == (found["after"] >= found["before"])
    assert names.isdisjoint(found["dropped"]) == found["kept"]
    assert manifest.training["importances"]["lost"].keys() == names
    assert f"Fitted again without {', '.join(f'`{name}`' for name in found['dropped'])}" in said.getvalue()
