"""Dates as people write them, and as Arrow holds them, in one form."""

import datetime
from typing import Any

import pyarrow as pa
import pytest

from app.sources import dates
from app.sources.rules import DateForm

USUAL, DAY_FIRST, MONTH_FIRST = DateForm(), DateForm(order="dmy"), DateForm(order="mdy")


def read(word: str, form: DateForm = USUAL) -> Any:
    (fits,) = dates.fits(pa.array([word]), form).to_pylist()
    (found,) = dates.read(pa.array([word]), form).to_pylist()
    assert fits or found is None
    return found if fits else "unfit"


@pytest.mark.parametrize(
    ("word", "canonical"),
    [
        ("2023-07-27", "2023-07-27"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
        ("2023-7-5", "2023-07-05"),
        ("2023/07/27", "2023-07-27"),
        ("2023.07.27", "2023-07-27"),
        ("20220716", "2022-07-16"),
        ("20220716T101500Z", "2022-07-16T10:15:00+00:00"),
        ("20220716101530", "2022-07-16T10:15:30"),
        ("07-Nov-2022", "2022-11-07"),
        ("07NOV2022", "2022-11-07"),
        ("07-NOV-22", "2022-11-07"),
        ("07-Nov-71", "1971-11-07"),
        ("7 Nov 2022", "2022-11-07"),
        ("7th of Nov", "unfit"),
        ("7th November 2022", "2022-11-07"),
        ("Nov 7, 2022", "2022-11-07"),
        ("Sept. 7, 2022", "2022-09-07"),
        ("November 7 2022", "2022-11-07"),
        ("November 7, 2022 at 3:05 PM", "2022-11-07T15:05:00"),
        ("2022-Nov-07", "2022-11-07"),
        ("Mon, 07 Nov 2022 10:00:00 GMT", "2022-11-07T10:00:00+00:00"),
        ("Mon Nov  7 10:00:00 2022", "2022-11-07T10:00:00"),
        ("Mon Nov 07 10:00:00 +0100 2022", "2022-11-07T10:00:00+01:00"),
        ("07/Nov/2022:10:00:00 -0500", "2022-11-07T10:00:00-05:00"),
        ("2022-11-07 9:05", "2022-11-07T09:05:00"),
        ("2022-11-07T10:15", "2022-11-07T10:15:00"),
        ("2022-11-07T10:15:30.5", "2022-11-07T10:15:30.500000"),
        ("2022-11-07 10:15:30,123456789", "2022-11-07T10:15:30.123456"),
        ("2022-11-07 10:15:30.000", "2022-11-07T10:15:30"),
        ("2022-11-07 12:00 AM", "2022-11-07T00:00:00"),
        ("2022-11-07 12:30 p.m.", "2022-11-07T12:30:00"),
        ("2022-11-07T10:15Z", "2022-11-07T10:15:00+00:00"),
        ("2022-11-07 10:15:00 UTC", "2022-11-07T10:15:00+00:00"),
        ("2022-11-07 10:15:00+02", "2022-11-07T10:15:00+02:00"),
        ("2022-11-07 10:15:00+0530", "2022-11-07T10:15:00+05:30"),
        ("2022-11-07 10:15:00 -03:30", "2022-11-07T10:15:00-03:30"),
        ("2022-11-07 10:15:00 GMT+2", "unfit"),
        ("2022-11-07 10:15:00 UTC+02:00", "2022-11-07T10:15:00+02:00"),
    ],
)
def test_a_form_that_says_which_number_is_what(word: str, canonical: str) -> None:
    assert read(word) == canonical


@pytest.mark.parametrize(
    ("word", "day_first", "month_first"),
    [
        ("31.12.2023", "2023-12-31", "unfit"),
        ("12/31/2023", "unfit", "2023-12-31"),
        ("1/2/2023", "2023-02-01", "2023-01-02"),
        ("01/07/16 0:00", "2016-07-01T00:00:00", "2016-01-07T00:00:00"),
        ("1/7/99", "1999-07-01", "1999-01-07"),
        ("31-12-2023", "2023-12-31", "unfit"),
        ("12/31/2023 1:05:09 PM", "unfit", "2023-12-31T13:05:09"),
        ("31/02/2023", None, "unfit"),
        ("00/00/0000", None, None),
        ("1.2.3", "unfit", "unfit"),
        ("1.2.10", "unfit", "unfit"),  # a version
        ("1/2-2023", "unfit", "unfit"),
        ("1/2/2023 25:00", "unfit", "unfit"),
        ("1/2/2023 13:00 PM", "unfit", "unfit"),
    ],
)
def test_days_and_months_go_by_the_order(word: str, day_first: str | None, month_first: str | None) -> None:
    assert (read(word, DAY_FIRST), read(word, MONTH_FIRST)) == (day_first, month_first)
    assert read(word) == "unfit"


@pytest.mark.parametrize("word", ["0000-00-00", "2023-02-30", "2023-02-29", "1900-02-29", "2023-04-31", "2023-00-10"])
def test_a_day_that_no_calendar_has_is_missing(word: str) -> None:
    assert read(word) is None


def test_a_leap_day_is_there() -> None:
    assert [read("2024-02-29"), read("2000-02-29")] == ["2024-02-29", "2000-02-29"]


@pytest.mark.parametrize(
    "word",
    ["", "x", "2023", "2023-07", "10:30", "2023-13-01", "2023-07-32", "99999999", "20221301", "17001231", "2023-07/27"],
)
def test_what_is_no_date_does_not_fit(word: str) -> None:
    assert read(word) == "unfit"


def test_null_stays_null() -> None:
    values = pa.array([None, "2023-01-01"])
    assert dates.read(values).to_pylist() == [None, "2023-01-01"]
    assert dates.fits(pa.array([None, "2023-1-1"])).to_pylist() == [None, True]
    assert dates.read(pa.array([None], pa.string())).to_pylist() == [None]


def test_arrows_dates_are_written_out_whatever_their_unit() -> None:
    days = [datetime.date(1, 1, 1), datetime.date(1066, 10, 14), datetime.date(9999, 12, 31), None]
    said = ["0001-01-01", "1066-10-14", "9999-12-31", None]
    for kind in (pa.date32(), pa.date64()):
        assert dates.read(pa.array(days, kind)).to_pylist() == said
        assert dates.fits(pa.array(days, kind)).to_pylist() == [True, True, True, None]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_arrows_moments_are_written_out_whatever_their_unit(unit: str) -> None:
    moment = datetime.datetime(1969, 12, 31, 23, 59, 58)
    assert dates.read(pa.array([moment, None], pa.timestamp(unit))).to_pylist() == ["1969-12-31T23:59:58", None]
    zoned = pa.array([moment], pa.timestamp(unit, "Europe/Berlin"))
    assert dates.read(zoned).to_pylist() == ["1969-12-31T23:59:58+00:00"]


def test_parts_of_seconds_are_kept_to_microseconds() -> None:
    assert dates.read(pa.array([-1], pa.timestamp("ns"))).to_pylist() == ["1969-12-31T23:59:59.999999"]
    assert dates.read(pa.array([1], pa.timestamp("ms"))).to_pylist() == ["1970-01-01T00:00:00.001000"]


def test_moments_beyond_the_year_9999_are_missing() -> None:
    assert dates.read(pa.array([2**60, -(2**60)], pa.timestamp("s"))).to_pylist() == [None, None]
