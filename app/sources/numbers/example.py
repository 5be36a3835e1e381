"""Examples: a number as a person writes it -> its form, and back.

"1.234,56 €" ─ form_of_example ─> NumberForm(",", ".", "€") ─ shown ─> "1.234,56 €"
"""

import re
from unicodedata import category

from app.sources.numbers.notation import APOSTROPHES, MINUS, SPACES
from app.sources.rules import NumberForm

EXPECTED = "a number that shows how all are written, such as 1.234,56 or $1,234.56 or 12,5%"
SAME = {ord(mark): "'" for mark in APOSTROPHES} | {ord(space): " " for space in SPACES}
PARTS = re.compile(rf"[+\{MINUS}]?(?P<before>[^\d+\{MINUS}]*?)(?P<core>\d(?:.*\d)?)(?P<behind>[^\d]*)", re.DOTALL)
CORE = re.compile(r"(?P<whole>[1-9]\d{0,2}(?P<mark>[., '])\d{3}(?:(?P=mark)\d{3})*|\d+)(?:(?P<decimal>[.,])\d+)?")
INDIAN = re.compile(r"\d{1,2}(?:,\d\d)+,\d{3}(?:\.\d+)?")


def form_of_example(text: str) -> NumberForm:
    """Return the form of a number; raises `ValueError` with the expectation."""
    parts = PARTS.fullmatch(text.strip())
    if parts is None:
        raise ValueError(EXPECTED)
    affixes = [part.strip(SPACES) for part in (parts["before"], parts["behind"]) if part.strip(SPACES)]
    if len(affixes) > 1:
        raise ValueError(EXPECTED)
    return with_affix(_form_of_digits(parts["core"]), affixes[0] if affixes else "")


def with_affix(form: NumberForm, affix: str) -> NumberForm:
    """Return the form with another affix, which may be a per cent sign."""
    percent = affix == "%"
    return NumberForm(decimal=form.decimal, thousands=form.thousands, affix="" if percent else affix, percent=percent)


def shown(form: NumberForm) -> str:
    """Return a number in this form."""
    number = f"1{form.thousands}234{form.decimal}56"
    if form.percent:
        return f"{number}%"
    is_sign = any(category(letter) == "Sc" for letter in form.affix)
    if is_sign and form.decimal == ".":
        return f"{form.affix}{number}"
    return f"{number} {form.affix}".rstrip()


def _form_of_digits(core: str) -> NumberForm:
    same = core.translate(SAME)
    if INDIAN.fullmatch(same):
        return NumberForm(thousands=",")
    found = CORE.fullmatch(same)
    if found is None:
        raise ValueError(EXPECTED)
    mark, decimal = found["mark"] or "", found["decimal"] or ""
    if mark and mark == decimal:
        raise ValueError(EXPECTED)
    if mark in (".", ",") and not decimal and same.count(mark) == 1:
        raise ValueError(f"{EXPECTED}; {core} may be two numbers")
    return NumberForm(decimal=decimal or ("," if mark == "." else "."), thousands=mark)
