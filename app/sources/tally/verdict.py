"""Verdict: what a column is, by all that was seen of it.

    typed ─> the type's kind; text in which every cell is a date as in ISO 8601 is a date there as well
    text  ─> boolean, compact date, number, date: the first that every cell is; else words, with what nearly was

It knows nothing about other columns: what they prove comes as an argument.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from app.sources import numbers
from app.sources.rules import ColumnRule, DateForm, NumberForm, Order
from app.sources.tally import remarks
from app.sources.tally.kinds import DATES, LISTS, NUMBERS, OTHER, TRUTHS, WORDS
from app.sources.words import fits_boolean

if TYPE_CHECKING:
    from app.sources.tally.tally import Tally

LIST_TYPES = ("list<", "large_list<", "fixed_size_list<")
KEPT_SHARE = 0.5  # of different large numbers that doubles keep apart; where no more, they are names and no amounts


@dataclass(frozen=True)
class Verdict:
    """What a column is, how its cells are read where it is not the usual way, and what should be said."""

    kind: str  # numbers, truths, dates, words, lists, other
    rule: ColumnRule
    remarks: tuple[str, ...]
    arrow_type: str


def of(tally: "Tally", decimal: str | None, number: NumberForm | None, order: Order | None) -> Verdict:
    """Return the verdict on a column."""
    kind, rule, said = WORDS, ColumnRule(), list[str]()
    if tally.groups == {"text"} and tally.is_text and tally.present:
        kind, rule, said = _of_text(tally, decimal, number, order)
    elif tally.groups == {"text"} and tally.present and tally.cells.dates.order() == "ymd":
        kind, said = DATES, remarks.of_dates(tally, "ymd")  # JSON has no other way to write one
    elif OTHER in tally.groups:
        kind = LISTS if _are_lists(tally) else OTHER
    elif len(tally.groups) == 1 and tally.groups != {"text"}:
        (kind,) = tally.groups
        said = remarks.of_typed(tally)
    return Verdict(kind, rule, tuple(said), ", ".join(sorted(tally.arrow_types)))


def _are_lists(tally: "Tally") -> bool:
    types = tally.arrow_types - {"null"}
    return tally.groups == {OTHER} and all(one.startswith(LIST_TYPES) for one in types)


def _of_text(
    tally: "Tally", decimal: str | None, number: NumberForm | None, order: Order | None
) -> tuple[str, ColumnRule, list[str]]:
    cells = tally.cells
    if tally.words is not None and pc.all(fits_boolean(pa.array(list(tally.words), pa.string()))).as_py():
        return TRUTHS, ColumnRule(), []
    known = cells.dates.order(order)
    if known is not None:
        rule = ColumnRule(date=DateForm(order=known)) if known != "ymd" else ColumnRule()
        return DATES, rule, remarks.of_dates(tally, known)
    if not cells.dates.failed:
        return WORDS, ColumnRule(), [remarks.unsettled_order(tally)]
    reading = cells.numbers.reading(decimal, number)
    if reading is None:
        return WORDS, ColumnRule(), remarks.of_words(tally)
    return _of_numbers(tally, reading)


def _of_numbers(tally: "Tally", reading: numbers.Reading) -> tuple[str, ColumnRule, list[str]]:
    cells = tally.cells
    if cells.numbers.code is not None:
        return WORDS, ColumnRule(), [remarks.of_codes(tally)]
    different, doubles = cells.large_different
    if different and doubles <= KEPT_SHARE * different:
        return WORDS, ColumnRule(), [remarks.of_large_names(tally)]
    rule = ColumnRule() if reading.form.is_plain else ColumnRule(number=reading.form)
    return NUMBERS, rule, remarks.of_numbers(tally, reading)
