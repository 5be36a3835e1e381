from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.data.prepare import prepare
from training.features.dates import expand, is_date, split
from training.options import Options


@pytest.mark.parametrize(
    "values",
    [
        ["2024-02-29", "1999-12-31", None],
        ["2024-02-29 13:05", "2024-03-01T00:00:00Z"],
        ["2024-02-29T13:05:01.25+02:00"],
    ],
)
def test_dates_as_iso_8601_writes_them_are_dates(values: list[object]) -> None:
    assert is_date(pd.Series(values, name="when", dtype="str"))


@pytest.mark.parametrize("values", [["29/02/2024"], ["2024-02-29", "soon"], ["20240229"], ["2024"], [None], ["red"]])
def test_other_texts_are_not(values: list[object]) -> None:
    assert not is_date(pd.Series(values, name="when", dtype="str"))
    assert not is_date(pd.Series([20240229, 1], name="when"))


def test_the_parts_are_those_of_the_clock_on_the_wall() -> None:
    written = pd.Series(["2024-02-29T23:05:01+02:00", "2023-02-30", None], name="when", dtype="str")
    parts = pd.DataFrame(split(written))
    assert list(parts) == ["when_year", "when_month", "when_day", "when_weekday", "when_hour"]
    assert parts.iloc[0].tolist() == [2024, 2, 29, 4, 23]
    assert parts.iloc[1:].isna().all().all()  # a day that no calendar has is missing


def test_dates_of_parquet_are_split_as_texts_are() -> None:
    moments = pd.Series(pd.to_datetime(["2024-02-29 13:05", "NaT"]), name="when")
    zoned = moments.dt.tz_localize("Europe/Zurich")
    written = pd.Series(["2024-02-29 13:05", None], name="when", dtype="str")
    for series in (moments, zoned):
        pd.testing.assert_frame_equal(pd.DataFrame(split(series)), pd.DataFrame(split(written)))


def test_no_hour_where_none_is_written() -> None:
    assert "when_hour" not in split(pd.Series(["2024-02-29"], name="when", dtype="str"))


def test_a_column_that_is_there_is_not_written_over() -> None:
    frame = pd.DataFrame({"when": ["2024-02-29"], "when_year": [7]})
    assert expand(frame)["when_year"].tolist() == [7]
    assert expand(frame, leave=["when"]) is frame


def test_a_model_learns_from_the_parts_and_the_account_says_so(tmp_path: Path) -> None:
    days = pd.Series(pd.date_range("2023-01-01", periods=400, freq="D"))
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "when": days.dt.strftime("%Y-%m-%d"),
            "x": random.normal(size=400),
            "y": (days.dt.day_of_week >= 5).astype(int),
        }
    )
    path = tmp_path / "days.csv"
    frame.to_csv(path, index=False)
    data = prepare(Options.of(data=path, target="y"))
    assert data.features.order == ("when_year", "when_month", "when_day", "when_weekday", "x")
    fates = {column.name: column.fate for column in data.table.columns}
    assert fates["when"] == "dropped: in its place stand when_year, when_month, when_day, when_weekday"
    kept = prepare(Options.of(data=path, target="y", categorical=("when",)))
    assert not any(name.startswith("when_") for name in kept.features.order)
    assert "when_year" not in prepare(Options.of(data=path, target="y", drop=("when_year",))).features.order
