"""Rows divided by time: the last are tested, ties stay together, gaps are left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.data.ways.tables import ROWS, prepared, table
from training.data.prepare import Data
from training.data.redivision import folds, untested
from training.data.ways.by_time import blocks, cut, parts_of
from training.errors import DataError

STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def spans(data: Data) -> list[tuple[float, float]]:
    """The first and the last place of each part."""
    found = [data.table.values[part] for part in vars(data.parts).values()]
    return [(float(part.min()), float(part.max())) for part in found]


@STREAM
def test_the_last_rows_are_tested_by_the_column_that_never_falls(tmp_path: Path, stream: bool) -> None:
    data = prepared(table(), tmp_path, split="time", stream=stream)
    assert (data.rows.train, data.rows.validation, data.rows.test) == (195, 45, 60)
    assert data.table.split["column"] == "day"
    assert data.table.split["test"] == ["2024-08-28", "2024-10-26"]
    assert (
        "training up to 2024-07-13, validation from 2024-07-14 to 2024-08-27, test from 2024-08-28" in data.table.said
    )
    train, validation, test = spans(data)
    assert train[1] < validation[0] <= validation[1] < test[0]
    assert "day" in data.table.features  # it stays a feature


@STREAM
@pytest.mark.parametrize("order", ["descending", "shuffled"])
def test_the_order_of_the_file_is_not_that_of_time(tmp_path: Path, stream: bool, order: str) -> None:
    """A column that never rises is found as well; in a file in no order it must be named."""
    rows = table()
    rows = rows.iloc[::-1] if order == "descending" else rows.sample(frac=1, random_state=0)
    named = {} if order == "descending" else {"time_column": "day"}
    data = prepared(rows, tmp_path, split="time", stream=stream, **named)
    assert data.table.split["test"] == ["2024-08-28", "2024-10-26"]


def test_a_column_of_time_alone_asks_for_the_split(tmp_path: Path) -> None:
    assert prepared(table(), tmp_path, time_column="day").table.split["way"] == "time"


@STREAM
def test_rows_in_a_gap_are_left_out_and_counted(tmp_path: Path, stream: bool) -> None:
    data = prepared(table(), tmp_path, split="time", gap="7d", stream=stream)
    train, validation, test = spans(data)
    day = 86_400
    assert validation[0] - train[1] == test[0] - validation[1] == 8 * day
    assert data.table.split["left_out"] == {"without_time": 0, "in_gaps": 14}
    assert (data.rows.train, data.rows.validation, data.rows.test) == (188, 38, 60)
    assert "14 rows in the gaps of 7d were left out" in data.table.said


@STREAM
def test_numbers_are_a_time_as_well_with_plain_gaps(tmp_path: Path, stream: bool) -> None:
    rows = table().assign(day=np.arange(ROWS) * 0.5)
    data = prepared(rows, tmp_path, split="time", gap="10", stream=stream)
    assert data.table.split["left_out"]["in_gaps"] == 40
    for gap, expected in (("7d", "a number such as 30"), ("soon", "a time such as 7d")):
        with pytest.raises(DataError, match=rf"`--gap`: expected {expected}.*Received: '{gap}'"):
            prepared(rows, tmp_path, split="time", gap=gap)
    with pytest.raises(DataError, match=r"`--gap`: expected a time such as 7d.*'day' holds dates. Received: '7'"):
        prepared(table(), tmp_path, split="time", gap="7")
    with pytest.raises(DataError, match=r"`--gap`: expected a gap that leaves rows .* which leaves 0 and 0"):
        prepared(rows, tmp_path, split="time", gap="1000")


def test_equal_times_are_never_cut_apart(tmp_path: Path) -> None:
    rows = table().assign(day=np.repeat(np.arange(30), 10) + 0.5)
    data = prepared(rows, tmp_path, time_column="day")
    train, validation, test = spans(data)
    assert train[1] < validation[0]
    assert validation[1] < test[0]
    assert len(data.test) == 60


@STREAM
def test_rows_without_a_time_are_left_out_and_said(tmp_path: Path, stream: bool) -> None:
    rows = table()
    rows.loc[[3, 50, 200], "day"] = None
    data = prepared(rows, tmp_path, split="time", stream=stream)
    assert sum(vars(data.rows).values()) == ROWS - 3
    assert data.table.split["left_out"]["without_time"] == 3
    assert "3 rows without a value of `day` were left out" in data.warnings


def test_moments_count_by_their_instant(tmp_path: Path) -> None:
    """A later hour on a clock further east is earlier."""
    hours = pd.date_range("2024-01-01", periods=ROWS, freq="h")
    texts = [f"{hour:%Y-%m-%dT%H:%M:%S}+00:00" for hour in hours]
    texts[240] = f"{hours[240] + pd.Timedelta(hours=9):%Y-%m-%dT%H:%M:%S}+09:00"
    data = prepared(table().assign(day=texts), tmp_path, split="time")
    assert data.table.split["test"][0] == "2024-01-11"
    assert 240 in data.parts.test
    np.testing.assert_array_equal(np.sort(data.parts.test), np.arange(240, 300))


def test_no_column_or_several_are_refused_by_their_names(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"`--split`: expected one column that never falls .* Received: none of day"):
        prepared(table().sample(frac=1, random_state=0), tmp_path, split="time")
    two = table().assign(seconds=np.arange(ROWS) * 1.5, minutes=np.arange(ROWS) / 60).drop(columns="day")
    with pytest.raises(DataError, match=r"Received: seconds, minutes\. Name the column of time: --time-column"):
        prepared(two, tmp_path, split="time")
    assert prepared(two.assign(day=table()["day"]), tmp_path, split="time").table.split["column"] == "day"


def test_what_has_no_order_or_two_times_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a column of dates or numbers. Received: 'customer', of category"):
        prepared(table(), tmp_path, time_column="customer")
    with pytest.raises(DataError, match=r"at least 3 different times. Received: 2"):
        prepared(table().assign(day=np.arange(ROWS) % 2 + 0.5), tmp_path, time_column="day")


def test_a_label_that_comes_late_is_refused_with_the_part(tmp_path: Path) -> None:
    rows = table()
    rows["sold"] = np.where(np.arange(ROWS) < 250, "no", rows["sold"])
    with pytest.raises(DataError, match=r"expected rows of each class in each part. Received: none of 'yes' among"):
        prepared(rows, tmp_path, "sold", split="time")


def test_folds_are_windows_that_grow(tmp_path: Path) -> None:
    data = prepared(table(), tmp_path, split="time", gap="2d")
    rows, found = untested(data), folds(data, 4, 0)
    assert len(found) == 4
    ends = []
    for parts in found:
        train, validation, test = (data.table.values[part] for part in vars(parts).values())
        assert train.max() < validation.min() - 2 * 86_400
        assert validation.max() < test.min() - 2 * 86_400
        assert set(np.concatenate(list(vars(parts).values()))) <= set(rows)
        ends.append(test.max())
    assert ends == sorted(ends)
    assert ends[-1] == data.table.values[rows].max()
    tested = np.concatenate([parts.test for parts in found])
    assert len(tested) == len(set(tested)) > 0.75 * len(rows)
    with pytest.raises(DataError, match=r"`--folds`: expected .*window"):
        folds(prepared(table(), tmp_path, split="time", gap="40d"), 4, 0)


def test_neighbours_in_time_are_drawn_together() -> None:
    random = np.random.default_rng(0)
    places = random.permutation(1000).astype(float)
    found = blocks(places)
    np.testing.assert_array_equal(found, (places // 10).astype(int))


def test_parts_lie_about_their_shares_apart() -> None:
    places = np.repeat([0.0, 1.0, 2.0, 3.0], [50, 2, 3, 45])
    where = cut(places, 0.15, 0.2)
    assert (where.validation, where.test) == (2.0, 3.0)
    assert np.bincount(parts_of(places, where, 0.0)).tolist() == [52, 3, 45]
