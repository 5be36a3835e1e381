"""Evidence: what a column's cells say of the notation they are in, over all chunks, in whatever order they come.

    plain cells ─┐                      ┌─ which marks were seen
    other cells ─┴─> pairs of marks that every cell fits, affixes ─> Reading: a form, and whether it was left open

Each cell is looked at for itself, and what is kept is joined by "and" and "or": chunks change nothing. Once no form
fits all cells, nothing more is gathered. It knows nothing about columns, files or dates.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from app.sources.numbers import affixes
from app.sources.numbers.notation import MARKS, SPACES, fits, pattern
from app.sources.rules import NumberForm

PAIRS = tuple((decimal, mark) for decimal in ".," for mark in ("", ".", ",", " ", "'") if mark != decimal)
NO_POINT = ((",", ""), (",", " "), (",", "'"))  # pairs in which no point can stand
FIRST_LOOK = 64  # cells that must hold numbers before all are looked at
GROUPED_FROM = 1000
CODE = r"^\+?0\d+$"  # digits that a number would not keep


@dataclass(frozen=True)
class Reading:
    """The form of a column; `other` is one that its cells fit as well and that gives other numbers."""

    form: NumberForm
    other: NumberForm | None = None
    settled: bool = True  # whether cells, or what was known beside them, decide between the two


class Evidence:
    """What is known of a column's numbers."""

    def __init__(self) -> None:
        self.failed = False  # some cell is a number in no form
        self.all_plain = True
        self.code: str | None = None  # a cell of digits that begin with a zero
        self._alive = set(PAIRS)
        self._seen: set[str] = set()  # marks
        self._long = False  # four or more digits without a mark before the decimal sign
        self._affixes: set[str] = set()
        self._some_bare = self._some_percent = False

    def add_plain(self, cells: Any, numbers: Any) -> None:
        """Take in texts that are plain numbers, and these."""
        if self.failed or not len(cells):
            return
        self._some_bare = True
        self._look_for_codes(cells)
        self._look_for_points(cells)
        if not self._long and np.nanmax(np.abs(numbers.to_numpy()), initial=0) >= GROUPED_FROM:
            self._long = _any(pc.match_substring_regex(cells, r"^[+-]?\d{4}"))

    def add_others(self, cells: Any) -> None:
        """Take in texts that are no plain numbers."""
        if not len(cells):
            return
        self.all_plain = False
        self._look_at_affixes(cells[:FIRST_LOOK])
        if not self.failed and not self._matching(cells[:FIRST_LOOK]):
            self.failed = True
        if not self.failed and not (alive := self._matching(cells)):
            self._look_at_affixes(cells)  # one that stands further down
            alive = set() if self.failed else self._matching(cells)
        if not self.failed:
            self._keep(alive)
            self._look_at_digits(cells)

    def _matching(self, cells: Any) -> set[tuple[str, str]]:
        """Return the pairs of marks that all of these fit as well."""
        head = cells[:FIRST_LOOK]
        likely = [pair for pair in self._alive if _all(_matches(head, self._form(*pair)))]
        return {pair for pair in likely if _all(_matches(cells, self._form(*pair)))}

    def reading(self, decimal: str | None = None, number: NumberForm | None = None) -> Reading | None:
        """Return the form that all cells fit, if any; `decimal` or `number` decide where the cells do not."""
        if self.failed or (self._some_percent and self._some_bare) or self._lacks_unit:
            return None
        found = [form for sign in ".," if (form := self._with_decimal(sign)) is not None]
        known = number.decimal if number is not None else decimal
        if len(found) == 2 and not self._seen & {".", ","}:
            return Reading(found[known == "," and not self.all_plain])  # both say the same
        if len(found) == 2:
            first = known == "," if known else self._likely_decimal == ","
            return Reading(found[first], found[not first], known is not None)
        return Reading(found[0]) if found else None

    @property
    def certain_decimal(self) -> str | None:
        """Return the decimal sign beyond doubt, if the cells show it."""
        found = self.reading()
        if found is None or found.other is not None:
            return None
        form = found.form
        return form.decimal if form.decimal in self._seen or form.thousands in (".", ",") else None

    @property
    def _likely_decimal(self) -> str:
        """Return the decimal sign of cells that leave it open: one mark, always with three digits behind it."""
        mark, other = (".", ",") if "." in self._seen else (",", ".")
        if self._some_percent or (mark == "," and self._long):
            return mark  # 4,125 %; or 2,590 beside 2590, which would be grouped as well
        if any(affixes.is_currency(affix) for affix in self._affixes):
            return other  # few currencies have thousandths
        return "."

    @property
    def _lacks_unit(self) -> bool:
        return self._some_bare and any(not affixes.is_currency(affix) for affix in self._affixes)

    def _with_decimal(self, sign: str) -> NumberForm | None:
        marks = [mark for decimal, mark in PAIRS if decimal == sign and (decimal, mark) in self._alive]
        used = [mark for mark in marks if mark in self._seen or not mark]
        return self._form(sign, used[0]) if used else None

    def _form(self, decimal: str, mark: str) -> NumberForm:
        affix = next(iter(self._affixes), "")
        return NumberForm(decimal=decimal, thousands=mark, affix=affix, percent=self._some_percent)

    def _keep(self, alive: set[tuple[str, str]]) -> None:
        self._alive = alive
        self.failed |= not alive

    def _look_for_codes(self, digits: Any) -> None:
        if self.code is not None:
            return
        may_be = pc.and_(pc.starts_with(digits, "0"), pc.invert(pc.starts_with(digits, "0.")))
        if _any(may_be):
            zeros = digits.filter(may_be)
            codes = zeros.filter(pc.match_substring_regex(zeros, CODE))
            self.code = codes[0].as_py() if len(codes) else None

    def _look_for_points(self, cells: Any) -> None:
        grouped = (",", ".")
        if "." in self._seen and grouped not in self._alive:
            return
        has_point = pc.match_substring(cells, ".")
        if _any(has_point):
            self._seen.add(".")
            alive = self._alive.difference(NO_POINT)
            if grouped in alive and not _all(fits(cells.filter(has_point), NumberForm(decimal=",", thousands="."))):
                alive.discard(grouped)
            self._keep(alive)

    def _look_at_affixes(self, cells: Any) -> None:
        self.failed |= not _all(affixes.may_be_number(cells))
        if self.failed or (parts := affixes.split(cells)).null_count:
            self.failed = True
            return
        found = {
            word for place in ("before", "behind") for word in pc.unique(pc.struct_field(parts, place)).to_pylist()
        }
        self._some_percent |= "%" in found
        self._affixes |= found - {"", "%"}
        too_many = len(self._affixes) + self._some_percent > 1
        self.failed |= too_many or any(affix.lower() in affixes.CLOCK for affix in self._affixes)

    def _look_at_digits(self, cells: Any) -> None:
        """Look at texts that fit some form: have all the affix, and which marks do they have?"""
        affix = "%" if self._some_percent else next(iter(self._affixes), "")
        if affix:
            self._some_bare = self._some_bare or not _all(pc.match_substring(cells, affix))
            cells = pc.utf8_trim(pc.replace_substring(cells, affix, ""), SPACES)
        else:
            self._some_bare = True
        self._look_for_codes(cells)
        self._long = self._long or _any(pc.match_substring_regex(cells, r"^[^\d.,]*\d{4}"))
        for mark, expression in MARKS.items():
            if mark and mark not in self._seen and _any(pc.match_substring_regex(cells, expression)):
                self._seen.add(mark)


def _matches(cells: Any, form: NumberForm) -> Any:
    return pc.match_substring_regex(cells, pattern(form, mixed=True))


def _any(truths: Any) -> bool:
    return bool(pc.any(truths, min_count=0).as_py())


def _all(truths: Any) -> bool:
    return bool(pc.all(truths, min_count=0).as_py())
