"""Notation: a column of text and the form it is in -> numbers.

    cells ─ a regular expression made from the form ─> which fit ─ marks left out ─> what a cast takes ─> float64

Beside the form's marks a cell may have a sign before it or behind it, also U+2212, or stand in brackets as negative
amounts do in accounting. It knows nothing about how a form is found; see `app.sources.numbers.evidence`.
"""

import re
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.sources.rules import PLAIN, NumberForm

SPACES = " \u00a0\u202f\u2009\u2007"  # of any width, also those at which no line breaks
APOSTROPHES = "'\u2019\u2018\u00b4`"
MINUS = "-\u2212"
MARKS = {"": "", ",": ",", ".": r"\.", " ": f"[{SPACES}]", "'": f"[{APOSTROPHES}]"}  # between groups of digits
SPACE = f"[{SPACES}]*"
SIGN = rf"[+\{MINUS}]?"
EXPONENT = r"(?:[eE][+-]?\d+)?"
WORDS = "(?i:inf(?:inity)?|nan)"  # numbers to `float()`; whoever reads takes them for missing
FLOAT = rf"^[+-]?(?:(?:\d+\.?\d*|\.\d+){EXPONENT}|{WORDS})$"
FIRST_LOOK = 64  # cells that must be plain before all are looked at
NEGATIVE = rf"^[^\d]*[{MINUS}(]|[{MINUS}]$"


def plain(values: Any) -> Any:
    """Say which texts are numbers as `float()` takes them, without underscores; null where null."""
    return pc.match_substring_regex(values, FLOAT)


def read_if_plain(values: Any) -> Any:
    """Return the numbers if all texts are plain, else None."""
    if not pc.all(plain(values[:FIRST_LOOK]), min_count=0).as_py():
        return None  # a cast that fails is slow
    try:
        numbers = pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        numbers = None
    if numbers is not None and not pc.any(pc.is_nan(numbers), min_count=0).as_py():
        return numbers
    if not pc.all(plain(values), min_count=0).as_py():  # Arrow knows no sign before a NaN, and takes a "nan(1)"
        return None
    return _cast(values)


def read_plain(values: Any) -> Any:
    """Return float64 for texts that are numbers as `float()` takes them, null for all others."""
    numbers = read_if_plain(values)
    return _cast(pc.if_else(pc.fill_null(plain(values), False), values, None)) if numbers is None else numbers


def _cast(values: Any) -> Any:
    return pc.cast(pc.utf8_ltrim(values, "+"), pa.float64())  # Arrow knows no plus before a word


def fits(values: Any, form: NumberForm) -> Any:
    """Say which texts are numbers in this form; null where null."""
    return pc.match_substring_regex(values, pattern(form))


def read(values: Any, form: NumberForm = PLAIN) -> Any:
    """Return float64 for texts in this form, null where a text is null or does not fit; numbers as they are."""
    if not pa.types.is_string(values.type):
        return pc.cast(values, pa.float64(), safe=False)
    if form.is_plain:
        numbers = read_if_plain(values)
        if numbers is not None:
            return numbers
    known = pc.if_else(pc.fill_null(fits(values, form), False), values, None)
    numbers = pc.cast(_unmarked(known, form), pa.float64())
    negative = pc.match_substring_regex(known, NEGATIVE)
    return pc.if_else(negative, pc.negate(numbers), numbers)


@lru_cache(maxsize=256)
def pattern(form: NumberForm, *, mixed: bool = False) -> str:
    """Return the expression of a cell in this form; `mixed`: the per cent sign may be absent."""
    affix = re.escape(form.affix)
    before = f"(?:{affix}{SPACE})?" if affix else ""
    sign = f"{SIGN}{SPACE}{before}{SIGN}" if affix else f"{SIGN}{SPACE}"
    behind = f"(?:{SPACE}{affix})?" if affix else ""
    if form.percent:
        behind = f"(?:{SPACE}%){'?' if mixed else ''}"
    number = _digits(form)
    signed = f"{sign}(?:{number}|{WORDS}){behind}"
    bracketed = rf"\({before}{number}{behind}\)|{before}\({number}\){behind}"
    return rf"^(?:{signed}|{bracketed}|{before}{number}{behind}[{MINUS}])$"


def _digits(form: NumberForm) -> str:
    mark = MARKS[form.thousands]
    whole = r"\d+"
    if mark:
        whole += rf"|[1-9]\d{{0,2}}(?:{mark}\d{{3}})+"
    if form.thousands == ",":
        whole += r"|[1-9]\d?(?:,\d\d)+,\d{3}"  # lakh and crore: 12,34,567
    decimal = re.escape(form.decimal)
    behind = r"\d*" if form.decimal == "." else r"\d+"  # a point may end a number, as it may for `float()`
    return f"(?:(?:{whole})(?:{decimal}{behind})?|{decimal}\\d+){EXPONENT}"


def _unmarked(values: Any, form: NumberForm) -> Any:
    """Leave out all but digits, decimal point and exponent, of texts that fit."""
    if form.affix:
        values = pc.replace_substring(values, form.affix, "")
    values = pc.utf8_trim(values, f"+{MINUS}()%{SPACES}")
    if form.thousands:
        values = pc.replace_substring_regex(values, MARKS[form.thousands], "")
    return pc.replace_substring(values, ",", ".") if form.decimal == "," else values
