"""Shapes: the ways in which people write a date, and the pieces of each.

    2022-11-07 · 2022/11/7 · 20221107 · 7 Nov 2022 · Mon, 07-Nov-22 · November 7th, 2022 · Mon Nov 7 10:00:00 2022
    31.12.2023 · 31/12/23 · 12-31-2023: which of the two is the month, only the column can say

Each but the compact ones with or without a time and an offset behind it. It knows nothing about calendars.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (
    r"(?P<name>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))\.?"
)
_WEEKDAY = r"(?:(?i:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?i:day)?\.?,?\s+)"
_YEAR = r"(?P<year>\d{4})"
_DAY = r"(?P<day>\d{1,2})"
_NTH = r"(?i:st|nd|rd|th)?"
_OFFSET = r"(?P<offset>[Zz]|(?i:utc|gmt)|(?i:utc|gmt)?[+\-\x{2212}](?:[01]\d|2[0-3])(?::?[0-5]\d)?)"
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_TIME = rf"(?:(?:[Tt]|,?\s+(?:at\s+)?|:){_CLOCK}(?:\s*{_OFFSET}(?:\s*\([A-Za-z ]+\)|\[[A-Za-z_/]+\])?)?)?"
ISO = rf"^{_YEAR}(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P<mark2>[-/.]){_DAY}{_TIME}$"
COMPACT = (
    r"^(?P<year>\d{4})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
    rf"(?:[Tt ]?(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<second>[0-5]\d)?{_OFFSET}?)?$"
)
NUMERIC = rf"^(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<last>\d{{1,2}})(?P<mark2>[-/.])(?P<year>\d{{4}}|\d\d){_TIME}$"
NAMED = (
    rf"^{_WEEKDAY}?{_DAY}{_NTH}\.?[-/ ,]*{_NAME}[-/ ,]*(?P<year>\d{{4}}|\d\d){_TIME}$",
    rf"^{_WEEKDAY}?{_NAME}[-/ ]*{_DAY}{_NTH}(?:,\s*|[-/ ]+){_YEAR}{_TIME}$",
    rf"^{_YEAR}[-/ ]?{_NAME}[-/ ]?{_DAY}{_TIME}$",
    rf"^{_WEEKDAY}{_NAME}\s+{_DAY}\s+{_CLOCK}\s+(?:{_OFFSET}\s+)?{_YEAR}$",
)
_BEGINS = (
    r"^(?i:\d{1,4}[-/.]\d{1,2}[-/.]\d|\d{8}|(?:\d{1,2}\D{0,6}|\d{4}[-/ ]?)?"
    r"(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
)
SHAPES = (ISO, NUMERIC, *NAMED, COMPACT)
PLACES = ("year", "month", "day", "first", "last", "hour", "minute", "second", "half", "fraction", "offset", "mark")


@dataclass(frozen=True)
class Pieces:
    """The pieces of each cell as text, "" where it has none; null where a cell has no shape of a date."""

    of: dict[str, Any]  # place ─> (rows,) text

    @property
    def fit(self) -> Any:
        return pc.is_valid(self.of["year"])

    @property
    def is_short(self) -> NDArray[np.bool_]:
        """Say which years have two digits: (rows,)."""
        length = pc.fill_null(pc.binary_length(self.of["year"]), 0)
        found: NDArray[np.bool_] = pc.equal(length, 2).to_numpy(zero_copy_only=False)
        return found

    def number(self, place: str) -> NDArray[np.int64]:
        """Return the whole numbers in a place, -1 where a cell has none: (rows,)."""
        texts = self.of[place]
        if pc.max(pc.binary_length(texts)).as_py() in (None, 0):
            return np.full(len(texts), -1, np.int64)
        known = pc.if_else(pc.equal(texts, ""), "-1", texts)
        found: NDArray[np.int64] = pc.fill_null(pc.cast(known, pa.int64()), -1).to_numpy(zero_copy_only=False)
        return found


def may_be_date(cells: Any) -> Any:
    """Say which texts begin as dates do; a quick look before `split`."""
    return pc.match_substring_regex(cells, _BEGINS)


def split(cells: Any) -> Pieces:
    """Return the pieces of texts; each is tried in all shapes, most in one."""
    found: dict[str, Any] = {}
    left = cells
    for shape in SHAPES:
        pieces = _extract(left, shape)
        found = {place: pc.coalesce(found[place], pieces[place]) for place in PLACES} if found else pieces
        known = pc.is_valid(found["year"])
        left = pc.if_else(known, None, left)
        if left.null_count == len(left):
            break
    return Pieces(found)


def is_compact(cells: Any) -> Any:
    """Say which texts are days, or seconds of days, in digits alone; of years in which people count days."""
    return pc.match_substring_regex(cells, r"^(?:1[89]|2[01])\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6})?$")


def _extract(cells: Any, shape: str) -> dict[str, Any]:
    struct = pc.extract_regex(cells, shape)
    pieces = {field.name: pc.struct_field(struct, field.name) for field in struct.type}
    valid = pc.is_valid(struct)
    if "mark2" in pieces:  # 2023-07/27 is none
        valid = pc.and_(valid, pc.fill_null(pc.equal(pieces["mark"], pieces["mark2"]), False))
    if "first" in pieces:
        valid = pc.and_(valid, _is_no_version(pieces))
    if "name" in pieces:
        pieces["month"] = _month(pieces.pop("name"))
    empty = pc.if_else(valid, "", pa.scalar(None, pa.string()))
    return {place: pc.if_else(valid, pieces[place], None) if place in pieces else empty for place in PLACES}


def _is_no_version(pieces: dict[str, Any]) -> Any:
    """Tell dates from 1.2.10: between dots or hyphens, years of two digits have days and months of two."""
    digits = pc.binary_length(pc.binary_join_element_wise(pieces["first"], pieces["last"], pieces["year"], ""))
    is_long = pc.or_(pc.equal(pc.binary_length(pieces["year"]), 4), pc.equal(digits, 6))
    return pc.fill_null(pc.or_(is_long, pc.equal(pieces["mark"], "/")), False)


def _month(names: Any) -> Any:
    short = pc.utf8_slice_codeunits(pc.utf8_lower(names), 0, 3)
    return pc.cast(pc.add(pc.index_in(short, pa.array(MONTHS)), 1), pa.string())
