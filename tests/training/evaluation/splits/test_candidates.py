"""Which columns rows may have to be split by: those in the order of the file, and ids that say something."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.evaluation.splits.walks import read, visits, walk
from training.evaluation.splits.candidates import candidates
from training.evaluation.splits.check import warned


def found(frame: pd.DataFrame, folder: Path, target: str = "price", **chosen: object) -> list[tuple[str, str]]:
    data, _ = read(frame, folder, target, **chosen)
    return [(one.way, one.column) for one in candidates(data)]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("order", ["rising", "falling", "dates"])
def test_a_column_that_runs_with_the_rows(tmp_path: Path, stream: bool, order: str) -> None:
    rows = walk()
    if order == "falling":
        rows = rows.iloc[::-1]
    if order == "dates":
        rows["hours"] = pd.date_range("2024-01-01", periods=len(rows), freq="90min").strftime("%Y-%m-%d %H:%M")
    assert found(rows, tmp_path, stream=stream) == [("time", "hours")]


def test_no_order_many_ties_and_row_numbers_are_none(tmp_path: Path) -> None:
    rows = walk()
    assert found(rows.sample(frac=1, random_state=0), tmp_path) == []
    assert found(rows.assign(hours=np.arange(len(rows)) // 3 + 0.5), tmp_path) == []
    assert found(rows.assign(hours=np.arange(len(rows))), tmp_path) == []  # dropped: it numbers the rows


@pytest.mark.parametrize("target", ["price", "sold"])
@pytest.mark.parametrize("kind", ["numbers", "names"])
def test_an_id_that_repeats_and_predicts(tmp_path: Path, target: str, kind: str) -> None:
    rows = visits(2.0)
    if kind == "names":
        rows["customer"] = "c" + rows["customer"].astype(str)
    assert found(rows, tmp_path, target) == [("group", "customer")]
    assert found(visits(0.0), tmp_path, target) == []  # an id that says nothing


def test_the_only_feature_is_no_id(tmp_path: Path) -> None:
    """Without it there would be nothing to learn from."""
    rows = visits(2.0)[["customer", "price"]]
    assert found(rows, tmp_path) == []
    data, options = read(rows, tmp_path, "price")
    assert warned(data, options).warnings == data.warnings


def test_quantities_and_kinds_are_no_ids(tmp_path: Path) -> None:
    """A whole number whose neighbours say the same is a quantity; few values are kinds."""
    random = np.random.default_rng(0)
    rooms = random.integers(1, 400, 3000)
    rows = pd.DataFrame({"rooms": rooms, "kind": random.choice(list("abcdefgh"), 3000), "b": random.random(3000)})
    rows["price"] = rows["rooms"] / 100 + rows["kind"].map(dict(zip("abcdefgh", range(8), strict=True))) + rows["b"]
    assert found(rows, tmp_path) == []
