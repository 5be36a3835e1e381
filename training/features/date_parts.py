"""Dates of bundle format 1, whose features are the parts of dates: a column of dates -> columns of numbers.

    when: 2024-02-29 13:05  ─>  when_year 2024 · when_month 2 · when_day 29 · when_weekday 4 · when_hour 13

Files are still judged by such bundles. An offset behind the time is not applied: the parts are those of the clock on
the wall. What is trained today has the feature `date`.
"""

from collections.abc import Iterable, Sequence

from app.features import date
from app.features.date import PARTS


def parts_in(columns: Iterable[str], name: str) -> list[str]:
    """Return the parts of a date column that stand among the columns."""
    there = set(columns)
    return [f"{name}_{part}" for part in PARTS if f"{name}_{part}" in there]


def parts(name: str, texts: Sequence[str | None]) -> dict[str, list[float]]:
    """Return the parts of texts by name, with NaN for what is missing or no date."""
    found = date.parts([_on_the_wall(text) for text in texts], None)  # (rows, parts)
    return {f"{name}_{part}": values.tolist() for part, values in zip(PARTS, found.T, strict=True)}


def _on_the_wall(text: str | None) -> str | None:
    """Return a moment without its offset, or None where it is no date."""
    matched = None if text is None else date.ISO.fullmatch(text.strip())
    if matched is None:
        return None
    day, time, _ = matched.groups()
    moment = f"{day}T{time}" if time else str(day)
    try:
        date.parse(moment, None)
    except ValueError:
        return None
    return moment
