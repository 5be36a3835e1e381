"""Dates: texts as in ISO 8601 -> their parts, which are what a graph takes.

    "2026-11-28T10:00:00+01:00" ─ parse, on the clock of the column ─> a moment ─ parts ─> 2026, 11, 28, 6, 10

A column has an offset, or none. With one, a moment that says its own is converted to it, and one that says none is read
as being in it; without one, a moment that says an offset is a fault, since nobody knows what the others mean.
Training calls the same functions. They know nothing of bundles, requests or tensors; see `app.features.date_type`.
"""

import re
from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

PARTS = ("year", "month", "day", "weekday", "hour")  # Monday is 1
ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)\s?(Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?", re.ASCII
)
OFFSET = re.compile(r"[+-]([01]\d|2[0-3]):[0-5]\d", re.ASCII)
NO_OFFSET = "a date without an offset, as all dates of this column are"
MISSING = (float("nan"),) * len(PARTS)


def parse(text: str, offset: str | None) -> datetime:
    """Read a moment as in ISO 8601 on the clock of the column; raises `ValueError` with the expectation."""
    found = ISO.fullmatch(text.strip())
    if found is None:
        raise ValueError("a date as in ISO 8601, YYYY-MM-DD with or without THH:MM[:SS] and an offset")
    day, time, said = found.groups(default="")
    if said and offset is None:
        raise ValueError(NO_OFFSET)
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{said}" if time else day)
    except ValueError as error:
        raise ValueError("a day, a time and an offset that there are") from error
    return _on_clock(moment, zone(offset or "")) if said else moment


def _on_clock(moment: datetime, of: tzinfo) -> datetime:
    """Return a moment on another clock; what lies beyond the years 1 to 9999 there, as the end of them."""
    try:
        return moment.astimezone(of).replace(tzinfo=None)
    except OverflowError:
        return datetime.min if moment.year == datetime.min.year else datetime.max.replace(microsecond=0)


def parts_of(moment: datetime) -> tuple[int, ...]:
    """Return the `PARTS` of a moment."""
    return moment.year, moment.month, moment.day, moment.isoweekday(), moment.hour


def parts(texts: Sequence[str | None], offset: str | None) -> NDArray[np.float32]:
    """Return the parts of a column of texts, NaN for None and ""; raises `ValueError` as `parse`."""
    rows = [parts_of(parse(text, offset)) if text else MISSING for text in texts]
    return np.array(rows, np.float32).reshape(-1, len(PARTS))  # (rows, parts) float32


def parts_of_moments(moments: NDArray[np.datetime64]) -> NDArray[np.float32]:
    """Return the parts of moments on the clock of the column, NaN for NaT."""
    days, months, years = (moments.astype(f"M8[{unit}]") for unit in "DMY")
    values = (
        years.astype(np.int64) + 1970,
        (months - years.astype("M8[M]")).astype(np.int64) + 1,
        (days - months.astype("M8[D]")).astype(np.int64) + 1,
        (days.astype(np.int64) + 3) % 7 + 1,  # the first of January 1970 was a Thursday
        (moments.astype("M8[h]") - days.astype("M8[h]")).astype(np.int64),
    )
    found = np.stack(values, axis=-1).astype(np.float32)  # (rows, parts) float32
    found[np.isnat(moments)] = np.nan
    return found


@lru_cache(maxsize=64)
def zone(offset: str) -> tzinfo:
    """Return the zone of an offset such as "+01:00"; raises `ValueError` with the expectation."""
    found = datetime.fromisoformat(f"2000-01-01T00:00{offset}").tzinfo if OFFSET.fullmatch(offset) else None
    if found is None:
        raise ValueError("an offset such as +01:00")
    return found


def days(parts: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the days since 1970-01-01 of moments, (…, parts), with the hour as a fraction; NaN for missing.

    From the parts, which are what a graph takes: drift counts tensors, whichever way they came.
    """
    year, month, day, _, hour = np.moveaxis(np.asarray(parts, np.float64), -1, 0)
    with np.errstate(invalid="ignore"):  # NaN, which is put back below
        months = (np.nan_to_num(year).astype(np.int64) - 1970) * 12 + np.nan_to_num(month).astype(np.int64) - 1
        first = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    found: NDArray[np.float64] = first + (day - 1) + hour / 24
    return found
