from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from app.features.date import PARTS
from app.sources.rules import ColumnRule
from tests.training.features.described import described
from training.data.prepare import prepare
from training.features.date import Date, DateColumn, DateSummary
from training.features.options import NumberOptions
from training.features.registry import feature_type
from training.options import Options

DATE = feature_type("date")
TYPES = {"when": "date"}


def cells_of(*values: object) -> pd.DataFrame:
    return pd.DataFrame({"when": DATE.cells(pa.array(values, pa.string()), ColumnRule())})


def parts_of(*values: object) -> np.ndarray:
    cells = cells_of(*values)
    return described(cells, TYPES).arrays(cells)["date"]


def test_the_parts_stand_side_by_side_and_a_day_that_no_calendar_has_is_missing() -> None:
    found = parts_of("2024-02-29 23:05:01", "2024-03-01", "2023-02-30", None)
    assert found.dtype == np.float32
    assert found[:2].tolist() == [[2024, 2, 29, 4, 23], [2024, 3, 1, 5, 0]]
    assert np.isnan(found[2:]).all()


def test_one_offset_is_the_columns_and_what_says_none_is_read_in_it() -> None:
    cells = cells_of("2024-02-29T23:30+02:00", "2024-02-29T10:00")
    features = described(cells, TYPES)
    assert features.manifest("when")["offset"] == "+02:00"
    assert features.arrays(cells)["date"][:, -1].tolist() == [23, 10]


@pytest.mark.parametrize("offset", ["+02:00", "+0200", "+02", " +02"])
def test_an_offset_is_the_same_however_it_is_written(offset: str) -> None:
    assert described(cells_of(f"2024-03-01T10:00{offset}"), TYPES).manifest("when")["offset"] == "+02:00"


def test_several_offsets_are_taken_in_utc() -> None:
    assert parts_of("2024-02-29T23:30-02:00", "2024-02-29T23:30Z", "2024-02-29T10:00+0200")[:, -1].tolist() == [
        1,
        23,
        8,
    ]


def test_what_lies_beyond_the_calendar_on_the_clock_of_the_column_is_its_end() -> None:
    found = parts_of("0001-01-01T00:00+05:00", "9999-12-31T23:00-05:00", "2024-02-29T10:00Z")
    assert found[:2].tolist() == [[1, 1, 1, 1, 0], [9999, 12, 31, 5, 23]]


def test_no_offset_is_none() -> None:
    assert described(cells_of("2024-02-29T23:30", "2024-02-29"), TYPES).manifest("when")["offset"] is None


def test_offsets_of_other_rows_than_the_training_rows_count() -> None:
    """Else a row of the test split could not be read."""
    cells = cells_of("2024-02-29T23:30", "2024-02-29T23:30+05:00")
    of = DATE.summary()
    of.add(cells["when"].to_numpy())
    trained = DATE.summary(trained=True)
    trained.add(cells["when"].head(1).to_numpy())
    column = DATE.describe(cells["when"].head(1), NumberOptions(), of, trained)
    assert DATE.arrays([column], cells)["date"][:, -1].tolist() == [23, 23]


def test_what_was_decided_about_offsets_is_said() -> None:
    of = DATE.summary()
    of.add(np.array(["2024-02-29T23:30+01:00", "2024-07-01T00:00+02:00", "2024-07-01", ""], object))
    column = DateColumn("when", 0.0, "+00:00", (), None, None)
    several, without = DATE.remarks(column, of)
    assert several == "`when` has dates of several offsets (+01:00, +02:00): all are taken in UTC"
    assert without == "`when` has dates without an offset: they are read at +00:00"
    quiet = DATE.summary()
    quiet.add(np.array(["2024-02-29T23:30+01:00"], object))
    assert not list(DATE.remarks(column, quiet))


def test_dates_of_parquet_are_read_as_texts_are() -> None:
    moments = pa.array([datetime(2024, 2, 29, 13, 5), None])
    cells = DATE.cells(moments, ColumnRule())
    np.testing.assert_array_equal(parts_of(*cells), parts_of("2024-02-29 13:05", None))
    zoned = DATE.cells(moments.cast(pa.timestamp("us", "Europe/Zurich")), ColumnRule())
    assert zoned.tolist() == ["2024-02-29T13:05:00+00:00", ""]


def test_callers_send_the_text_as_iso_8601_writes_it() -> None:
    cells = cells_of("2024-02-29T13:05:00+01:00", None)
    features = described(cells, TYPES)
    instances = features.to_instances(cells)
    assert instances == [{"when": "2024-02-29T13:05:00+01:00"}, {"when": None}]
    np.testing.assert_array_equal(features.from_instances(instances)["date"], features.arrays(cells)["date"])


def test_the_manifest_has_the_ends_on_the_clock_of_the_column() -> None:
    features = described(cells_of("2024-02-29T23:30+01:00", "2023-12-31T23:30Z"), TYPES)
    assert features.manifest("when") == {
        "tensor": "date",
        "column": 0,
        "offset": "+00:00",
        "parts": PARTS,
        "minimum": "2023-12-31T23:30:00",
        "maximum": "2024-02-29T22:30:00",
    }


def test_slices_are_days_of_the_week_and_spans_of_time() -> None:
    cells = cells_of(*(f"2024-01-{day:02d}" for day in range(1, 29)), None)
    features = described(cells, TYPES)
    arrays = features.arrays(cells)
    found = {words: int(mask.sum()) for words, mask in features.slices("when", arrays, arrays)}
    assert found.pop("missing") == 1
    assert [found.pop(day) for day in ("Monday", "Sunday")] == [4, 4]
    assert found["to 2024-01-06"] == 6


def test_a_model_learns_from_the_date_as_one_feature(tmp_path: Path) -> None:
    days = pd.Series(pd.date_range("2023-01-01", periods=400, freq="D"))
    frame = pd.DataFrame(
        {
            "when": days.dt.strftime("%Y-%m-%d"),
            "x": np.random.default_rng(0).normal(size=400),
            "y": (days.dt.day_of_week >= 5).astype(int),
        }
    )
    path = tmp_path / "days.csv"
    frame.to_csv(path, index=False)
    data = prepare(Options.of(data=path, target="y"))
    assert data.features.order == ("when", "x")
    assert {column.name: column.type for column in data.table.columns}["when"] == "date"
    np.testing.assert_array_equal(data.features.tabular("when", data.test.arrays).numbers, data.test.arrays["date"])
    assert prepare(Options.of(data=path, target="y", drop=("when",))).features.order == ("x",)
    named = prepare(Options.of(data=path, target="y", categorical=("when",)))
    assert {column.name: column.fate for column in named.table.columns}["when"].startswith("dropped: nearly every")


def test_a_stream_decides_about_offsets_as_the_whole_does(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    offsets = random.choice(["+01:00", "+02:00"], 300)
    frame = pd.DataFrame(
        {
            "when": [f"2024-03-{1 + row % 30:02d}T{row % 24:02d}:00{offset}" for row, offset in enumerate(offsets)],
            "y": random.normal(size=300),
        }
    )
    path = tmp_path / "days.csv"
    frame.to_csv(path, index=False)
    whole, streamed = (prepare(Options.of(data=path, target="y", stream=stream)) for stream in (False, True))
    for data in (whole, streamed):
        assert data.features.manifest("when")["offset"] == "+00:00"
        assert any("several offsets" in warning for warning in data.warnings)


def test_places_are_instants() -> None:
    """On whichever clock; a date without an offset is read at that of the column; nothing has no place."""
    cells = np.array(["2024-01-01", "", "2024-01-01T00:00:00+02:00", "2024-01-01T01:00:00.250000"], object)
    summary = DateSummary()
    summary.add(cells)
    places = Date().places(cells, summary)
    new_year = 1_704_067_200
    np.testing.assert_array_equal(places, [new_year - 7200, np.nan, new_year - 7200, new_year - 3600 + 0.25])
    assert [Date().place_text(place) for place in (new_year, new_year + 60.0)] == ["2024-01-01", "2024-01-01 00:01:00"]
    assert np.isnan(Date().places(np.array(["", ""], object), DateSummary())).all()
