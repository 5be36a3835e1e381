"""Dates: a column of dates -> columns of numbers that a model can learn from.

    when: 2024-02-29 13:05  ─>  when_year 2024 · when_month 2 · when_day 29 · when_weekday 4 · when_hour 13

Callers send the parts in place of the date: the service speaks numbers, true/false and text.
A date is written as in ISO 8601, `YYYY-MM-DD`, with or without `HH:MM[:SS]` behind it, or is a date in Parquet;
01/02/2024 stays a text, since nobody can say which number is the month. An offset behind the time is not applied:
the parts are those of the clock on the wall.
It knows nothing about what is learned from them.
"""

import re
from collections.abc import Collection, Iterable

import pandas as pd
from pandas.api import types

ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?")
WRITTEN = len("2024-02-29 13:05")  # what is read of a text: seconds are noise, offsets are not applied
FIRST_LOOK = 100  # values that must be dates before all are looked at
PARTS = ("year", "month", "day", "weekday", "hour")


def expand(frame: pd.DataFrame, leave: Collection[str] = ()) -> pd.DataFrame:
    """Put the parts of each date column behind it; the column itself stays, for the account of the cleaning.

    Args:
        frame: as read.
        leave: columns to leave as they are: the target, what is dropped, what was named categorical.
    """
    made: dict[str, pd.Series] = {}
    for name in frame.columns:
        made[name] = frame[name]
        if name not in leave and is_date(frame[name]):
            made.update({part: values for part, values in split(frame[name]).items() if part not in frame.columns})
    return pd.DataFrame(made) if len(made) > len(frame.columns) else frame


def is_date(series: pd.Series) -> bool:
    """Say whether every value is a date, and there is one."""
    if types.is_datetime64_any_dtype(series):
        return bool(series.notna().any())
    if types.is_numeric_dtype(series) or types.is_bool_dtype(series):
        return False
    present = series.dropna()
    return len(present) > 0 and _all_iso(present.head(FIRST_LOOK)) and _all_iso(present.unique())


def split(series: pd.Series) -> dict[str, pd.Series]:
    """Return the parts that say something: the hour only where one is written."""
    found, hour = parts(series), f"{series.name}_hour"
    if not (found[hour].fillna(0) > 0).any():
        del found[hour]
    return found


def parts(series: pd.Series) -> dict[str, pd.Series]:
    """Return the parts as float64 with NaN for missing, by name; Monday is 1."""
    clock = moments(series).dt
    values = (clock.year, clock.month, clock.day, clock.day_of_week + 1, clock.hour)
    return {f"{series.name}_{part}": value.astype("float64") for part, value in zip(PARTS, values, strict=True)}


def parts_in(columns: Iterable[str], name: str) -> list[str]:
    """Return the parts of a date column that stand among the columns."""
    there = set(columns)
    return [f"{name}_{part}" for part in PARTS if f"{name}_{part}" in there]


def _all_iso(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) and ISO.fullmatch(value.strip()) for value in values)


def moments(series: pd.Series) -> pd.Series:
    """Return moments without a zone; a day that no calendar has is missing."""
    if types.is_datetime64_any_dtype(series):
        naive: pd.Series = series.dt.tz_localize(None)
        return naive
    written = series.str.strip().str.slice(0, WRITTEN).str.replace("T", " ")
    found: pd.Series = pd.to_datetime(written, format="mixed", errors="coerce")
    return found
