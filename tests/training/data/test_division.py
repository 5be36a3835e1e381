"""Rows that stand on both sides of a split are counted, where copies are no counts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.data.ways.tables import prepared, table
from training.data.prepare import Data

STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def said(data: Data) -> list[str]:
    return [warning for warning in data.warnings if "have the features of a training row" in warning]


def copied() -> pd.DataFrame:
    """The last 15 rows, each of a customer of its own, have the features of the first."""
    rows = table()
    rows.loc[285:, ["size", "weight"]] = rows.loc[:14, ["size", "weight"]].to_numpy()
    return rows.assign(part=np.where(np.arange(300) < 200, "train", np.where(np.arange(300) < 240, "val", "test")))


@STREAM
def test_test_rows_that_training_knows_are_counted_and_warned_of(tmp_path: Path, stream: bool) -> None:
    rows = copied().drop(columns=["customer", "day"])
    data = prepared(rows, tmp_path, split_column="part", stream=stream)
    assert said(data) == [
        "15 of 60 test rows (25.0%) have the features of a training row, which may have given their answers away"
    ]
    assert data.table.split["shared_test_rows"] == 15


def test_at_random_there_are_none(tmp_path: Path) -> None:
    data = prepared(copied().drop(columns=["customer", "day", "part"]), tmp_path)
    assert not said(data)
    assert "shared_test_rows" not in data.table.split


def test_copies_that_are_counts_are_no_leak(tmp_path: Path) -> None:
    rows = table(2000).assign(size=np.arange(2000) % 5, weight=np.arange(2000) % 4).drop(columns="day")
    data = prepared(rows, tmp_path, group_column="customer")
    assert data.table.features.drop_duplicates().shape[0] == 20
    assert not said(data)


def test_rows_that_are_left_out_as_copies_stay_out(tmp_path: Path) -> None:
    rows = pd.concat([table(), table().head(10)])
    data = prepared(rows, tmp_path, group_column="customer", drop_duplicates=True)
    assert sum(vars(data.rows).values()) == 300
