"""Remarks: what should be said of a column, with the cells that show it.

It decides nothing; see `app.sources.tally.verdict`.
"""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from app.sources import numbers
from app.sources.rules import NumberForm, Order

if TYPE_CHECKING:
    from app.sources.tally.tally import Tally

NEARLY = 0.5  # of the different cells look like numbers in some notation: worth a word
SHOWN_CHARS = 40


def of_typed(tally: "Tally") -> list[str]:
    """Say which zones moments were in, and what doubles lose of large numbers."""
    zones = ", ".join(sorted(tally.zones - {"UTC"}))
    said = [f"`{tally.name}` has moments in the zone {zones}: they are taken in UTC"] if zones else []
    return said + _of_large(tally)


def of_dates(tally: "Tally", order: Order) -> list[str]:
    """Say in which order dates are read, and which days no calendar has."""
    said = []
    if order != "ymd":
        first = "day" if order == "dmy" else "month"
        said.append(f"`{tally.name}` is read as dates with the {first} first, such as {_two_numbers(tally)}")
    impossible = tally.cells.dates.impossible(order)
    if impossible.count:
        count = f"{impossible.count:,} cell{'s' if impossible.count > 1 else ''}"
        said.append(
            f"`{tally.name}`: {count} with a day that no calendar has, such as {_cell(impossible.example)}: missing"
        )
    return said


def unsettled_order(tally: "Tally") -> str:
    """Say that nobody knows which number is the month."""
    shown, found = _two_numbers(tally), tally.cells.dates
    if found.first_is_day and found.first_is_month:
        return f"`{tally.name}` is read as words: its dates, such as {shown}, have now the day and now the month first"
    return (
        f"`{tally.name}` is read as words: of its dates, such as {shown}, no cell shows whether the day or the month "
        "comes first. `--date-order dmy` or `--date-order mdy` says it"
    )


def of_codes(tally: "Tally") -> str:
    """Say that digits are no amounts."""
    return f"`{tally.name}` is read as words: digits with zeros before them, such as {_cell(tally.cells.numbers.code)}"


def of_large_names(tally: "Tally") -> str:
    """Say that large numbers would be one number."""
    different, doubles = tally.cells.large_different
    return (
        f"`{tally.name}` is read as words: as 64-bit floats its {different:,} different numbers beyond 2^53, such as "
        f"{tally.cells.first_large}, would be {doubles:,}"
    )


def of_numbers(tally: "Tally", reading: numbers.Reading) -> list[str]:
    """Say in which notation numbers are read, where it is not the usual one or was left open."""
    said, form = [], reading.form
    if reading.other is not None and not reading.settled:
        cell, value, other = _telling(tally, form, reading.other)
        said.append(
            f"`{tally.name}`: {_cell(cell)} may be {value} or {other}; it is read as {value}. "
            f"`--number-format '{numbers.shown(reading.other)}'` reads it as {other}"
        )
    elif not form.is_plain:
        cell, value, _ = _telling(tally, form, None)
        said.append(f"`{tally.name}` is read as numbers written as {numbers.shown(form)}: {_cell(cell)} is {value}")
    return said + _of_large(tally)


def of_words(tally: "Tally") -> list[str]:
    """Say that most cells look like numbers, where they do and not as `float()` takes them."""
    words = pa.array(tally.first_words, pa.string())
    look = pc.or_(numbers.holds_number(words), numbers.plain(words))
    others = pc.and_(look, pc.invert(numbers.plain(words)))
    few = look.true_count < NEARLY * len(words) or others.true_count < NEARLY * look.true_count
    if few or len(words) < 3:
        return []
    example = words.filter(others)[0].as_py()
    odd = words.filter(pc.invert(look))
    unlike = f", and not all in one: {_cell(odd[0].as_py())}" if len(odd) else ", and not all in one"
    return [f"`{tally.name}` is read as words: most cells are numbers in a notation, such as {_cell(example)}{unlike}"]


def _two_numbers(tally: "Tally") -> str:
    """Return a date that begins with a day or a month as a number."""
    words = pa.array(tally.first_words, pa.string())
    found = words.filter(pc.match_substring_regex(words, r"^\d\d?[-/.]"))
    return _cell((found if len(found) else words)[0].as_py())


def _of_large(tally: "Tally") -> list[str]:
    different, doubles = tally.cells.large_different
    if doubles >= different:
        return []
    shown = f"such as {tally.cells.first_large}"
    return [f"`{tally.name}`: {different:,} different numbers beyond 2^53, {shown}, are {doubles:,} as 64-bit floats"]


def _telling(tally: "Tally", form: NumberForm, other: NumberForm | None) -> tuple[str, str, str]:
    """Return a cell that shows the form best, and what it is, in this form and in another."""
    words = pa.array(tally.first_words, pa.string())
    values = numbers.read(words, form).to_pylist()
    others = numbers.read(words, other or NumberForm()).to_pylist()
    place = next((place for place, value in enumerate(values) if value != others[place]), 0)
    return words[place].as_py(), _number(values[place]), _number(others[place])


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.15g}"


def _cell(text: str | None) -> str:
    return f"`{(text or '')[:SHOWN_CHARS]}`"
