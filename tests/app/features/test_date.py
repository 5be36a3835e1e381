"""Dates: what is read as one, on which clock, and which parts it has."""

from datetime import datetime

import numpy as np
import pytest

from app.features import date
from app.features.date import PARTS

TEXTS = [
    ("2026-11-28", None, (2026, 11, 28, 6, 0)),
    ("2024-02-29 13:05", None, (2024, 2, 29, 4, 13)),
    ("2024-02-29T13:05:59.123456789", None, (2024, 2, 29, 4, 13)),
    ("2024-02-29T13:05:59,5", None, (2024, 2, 29, 4, 13)),
    (" 2026-11-30T00:59 ", "+01:00", (2026, 11, 30, 1, 0)),
    ("2026-11-28T10:00:00+01:00", "+01:00", (2026, 11, 28, 6, 10)),
    ("2026-11-28T23:30:00Z", "+01:00", (2026, 11, 29, 7, 0)),
    ("2026-11-28 23:30 Z", "+01:00", (2026, 11, 29, 7, 0)),
    ("2026-11-28T23:30 -0530", "+00:00", (2026, 11, 29, 7, 5)),
    ("2026-11-28 10:00:00+02", "+00:00", (2026, 11, 28, 6, 8)),
    ("2026-11-28T10:00:00.25 -02", "+00:00", (2026, 11, 28, 6, 12)),
    ("2026-11-28T10:00+0530", "+00:00", (2026, 11, 28, 6, 4)),
    ("2025-01-01T03:00+05:45", "-08:00", (2024, 12, 31, 2, 13)),
    ("0001-01-01T00:00+14:00", "+01:00", (1, 1, 1, 1, 0)),  # beyond the calendar: its end
    ("9999-12-31T22:00-05:00", "+00:00", (9999, 12, 31, 5, 23)),
]
BAD = [
    "",
    "29/02/2024",
    "20240229",
    "2024-W09-4",
    "2024-02-29T",
    "2024-02-29Z",
    "2024-02-29T13",
    "2024-02-29T13:00+2",
    "2024-02-29T13:00+24",
    "2024-02-29T13:00+02:",
    "\uff12024-02-29",
    "x",
]
IMPOSSIBLE = ["2023-02-29", "2024-13-01", "2024-02-29T24:30"]


@pytest.mark.parametrize(("text", "offset", "parts"), TEXTS)
def test_a_moment_is_read_on_the_clock_of_its_column(text: str, offset: str | None, parts: tuple[int, ...]) -> None:
    moment = date.parse(text, offset)
    assert moment.tzinfo is None
    assert date.parts_of(moment) == parts


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_date_as_in_iso_8601_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        date.parse(text, "+01:00")


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_a_moment_that_no_calendar_has_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="that there are"):
        date.parse(text, "+01:00")


def test_a_column_without_an_offset_takes_no_moment_with_one() -> None:
    assert date.parse("2026-11-28T10:00", None) == datetime(2026, 11, 28, 10)
    with pytest.raises(ValueError, match="without an offset"):
        date.parse("2026-11-28T10:00Z", None)


def test_a_column_of_texts_becomes_rows_of_parts_and_missing_ones_nan() -> None:
    found = date.parts(["2026-11-28", None, "", "2024-02-29T13:05Z"], "+00:00")
    assert found.dtype == np.float32
    nan = [float("nan")] * len(PARTS)
    np.testing.assert_array_equal(found, [[2026, 11, 28, 6, 0], nan, nan, [2024, 2, 29, 4, 13]])
    assert date.parts([], None).shape == (0, len(PARTS))


@pytest.mark.parametrize("unit", ["D", "h", "s", "ms", "us", "ns"])
def test_moments_have_the_parts_of_their_texts(unit: str) -> None:
    texts = ["1969-12-31T23:59:59", "1970-01-01", "2000-02-29T12:00", "2024-12-31T23:00", "1900-03-01T07:08:09"]
    moments = np.array([*texts, "NaT"], "M8[s]").astype(f"M8[{unit}]")
    written = [None if np.isnat(moment) else str(moment.astype("M8[s]")) for moment in moments]
    np.testing.assert_array_equal(date.parts_of_moments(moments), date.parts(written, None))


@pytest.mark.parametrize("offset", ["", "Z", "1", "+1:00", "+0100", "+25:00", "+01:00 ", "+01:60"])
def test_an_offset_is_two_numbers_that_there_are(offset: str) -> None:
    with pytest.raises(ValueError, match="an offset such as"):
        date.zone(offset)
