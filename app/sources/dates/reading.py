"""Reading: dates in any of the shapes, or as Arrow holds them -> canonical text as in ISO 8601.

    "31.12.2023 9:05" ─ shapes.split ─> pieces ─ by the order of day and month ─> "2023-12-31T09:05:00"

`YYYY-MM-DD`, or `YYYY-MM-DDTHH:MM:SS[.ffffff]` with the offset behind it that the cell says. Years are 1 to 9999; a day
that no calendar has is missing. It knows nothing about how an order is found; see `app.sources.dates.evidence`.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.sources.dates.shapes import Pieces, is_compact, split
from app.sources.rules import DateForm

PIVOT = 69  # two digits from here on are of the century before, as in POSIX
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
FIRST_DAY, LAST_DAY = -719_162, 2_932_896  # days since 1970 of 0001-01-01 and 9999-12-31
SECONDS = 86_400
MICROSECONDS = 10**6
ISO_DAY = DateForm()
LENGTHS = {  # of texts that Arrow reads quickly
    len("YYYY-MM-DD"): pa.date32(),
    len("YYYY-MM-DDTHH:MM"): pa.timestamp("s"),
    len("YYYY-MM-DDTHH:MM:SS"): pa.timestamp("s"),
    len("YYYY-MM-DDTHH:MM:SSZ"): pa.timestamp("s", "UTC"),
    len("YYYY-MM-DDTHH:MM:SS+00:00"): pa.timestamp("s", "UTC"),
}
MOMENT = r"^.{10}[T ]\d\d:\d\d(?::\d\d(?:Z|[+-]\d\d:\d\d)?)?$"

Ints = NDArray[np.int64]


def read(values: Any, form: DateForm = ISO_DAY) -> Any:
    """Return canonical text; null where a value is missing, does not fit, or is no day of the calendar."""
    if pa.types.is_date(values.type) or pa.types.is_timestamp(values.type):
        return _moments(values)
    text = whole(values)
    return _by_word(values, lambda words: _read_texts(words, form)) if text is None else text


def fits(values: Any, form: DateForm = ISO_DAY) -> Any:
    """Say which are dates in this form, if only of a day that no calendar has; null where null."""
    if pa.types.is_date(values.type) or pa.types.is_timestamp(values.type):
        return pc.if_else(pc.is_valid(values), True, None)
    if whole(values) is not None:
        return pc.if_else(pc.is_valid(values), True, None)
    return _by_word(values, lambda words: _fit_texts(words, form))


def read_compact(cells: Any) -> Any:
    """Return canonical text of days in digits alone; null for what is none of 1800 to 2199."""
    return _read_texts(pc.if_else(is_compact(cells), cells, None), ISO_DAY)


def whole(values: Any) -> Any | None:
    """Return canonical text of values that all are of one length and usual in ISO 8601, else None; the short way."""
    length = pc.min_max(pc.binary_length(values)).as_py()
    kind = LENGTHS.get(length["min"] or 0) if length["min"] == length["max"] else None
    if kind is None:
        return values if length["min"] is None else None
    try:
        pc.cast(values, kind)
    except pa.ArrowInvalid:
        return None
    return values if pa.types.is_date(kind) else _whole_moments(values, length["min"])


def _whole_moments(values: Any, length: int) -> Any | None:
    if not pc.all(pc.match_substring_regex(values, MOMENT), min_count=0).as_py():
        return None  # Arrow reads some that people do not write
    text = pc.replace_substring(values, " ", "T")
    if length == len("YYYY-MM-DDTHH:MM"):
        return pc.binary_join_element_wise(text, ":00", "")
    return pc.replace_substring_regex(text, "(?:Z|-00:00)$", "+00:00") if length > len("YYYY-MM-DDTHH:MM:SS") else text


def _by_word(values: Any, work: Any) -> Any:
    """Do the work once for each different text."""
    encoded = values.dictionary_encode()
    return work(encoded.dictionary).take(encoded.indices) if len(encoded.dictionary) else work(values)


def _read_texts(cells: Any, form: DateForm) -> Any:
    pieces = split(cells)
    year, month, day = days(pieces, form)
    known = fitting(cells, pieces, form) & exists(year, month, day)
    text = _day_text(year, month, day)
    has_time = _not_empty(pieces.of["hour"])
    text = pc.if_else(has_time, pc.binary_join_element_wise(text, _time_text(pieces), "T"), text)
    return pc.if_else(pa.array(known), text, None)


def _fit_texts(cells: Any, form: DateForm) -> Any:
    return pc.if_else(pc.is_valid(cells), pa.array(fitting(cells, split(cells), form)), None)


def fitting(cells: Any, pieces: Pieces, form: DateForm) -> NDArray[np.bool_]:
    """Say which texts have the shape of a date whose month and hour may be: (rows,)."""
    _, month, day = days(pieces, form)
    hour, is_half = pieces.number("hour"), _truth(_not_empty(pieces.of["half"]))
    found = (
        _truth(pieces.fit)
        & (month <= 12)
        & (day <= 31)
        & (hour <= np.where(is_half, 12, 23))
        & ~(is_half & (hour == 0))
    )
    if form.order == "ymd":
        found &= ~_truth(_not_empty(pieces.of["first"]))
    digits = _truth(pc.fill_null(pc.match_substring_regex(cells, r"^\d+$"), False))
    if digits.any():
        found &= ~digits | _truth(is_compact(cells)) & exists(*days(pieces, form))
    fit: NDArray[np.bool_] = found
    return fit


def days(pieces: Pieces, form: DateForm) -> tuple[Ints, Ints, Ints]:
    """Return year, month and day of each cell, -1 where it has none: (rows,) each."""
    first, last = pieces.number("first"), pieces.number("last")
    month, day = (first, last) if form.order == "mdy" else (last, first)
    is_numeric = first >= 0
    year = pieces.number("year")
    year = np.where(pieces.is_short, year + np.where(year >= PIVOT, 1900, 2000), year)
    named_month, named_day = pieces.number("month"), pieces.number("day")
    return year, np.where(is_numeric, month, named_month), np.where(is_numeric, day, named_day)


def exists(year: Ints, month: Ints, day: Ints) -> NDArray[np.bool_]:
    """Say which days a calendar has, of the years 1 to 9999: (rows,)."""
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = np.where(month == 2, 28 + is_leap, 31 - np.isin(month, (4, 6, 9, 11)))
    known: NDArray[np.bool_] = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= longest)
    return known


def _day_text(year: Ints, month: Ints, day: Ints) -> Any:
    return pc.binary_join_element_wise(_padded(year, 4), _padded(month, 2), _padded(day, 2), "-")


def _time_text(pieces: Pieces) -> Any:
    hour, half = pieces.number("hour"), pc.utf8_lower(pieces.of["half"])
    hour = np.where(_truth(_not_empty(half)), hour % 12, hour) + 12 * _truth(pc.fill_null(pc.equal(half, "p"), False))
    clock = pc.binary_join_element_wise(
        _padded(hour, 2), *(_padded(pieces.number(each).clip(0), 2) for each in ("minute", "second")), ":"
    )
    return pc.binary_join_element_wise(clock, _fraction(pieces.of["fraction"]), _offset(pieces.of["offset"]), "")


def _fraction(digits: Any) -> Any:
    """Write microseconds as Python does, six digits or none."""
    micros = pc.utf8_slice_codeunits(pc.utf8_rpad(digits, 6, "0"), 0, 6)
    is_none = pc.or_(pc.equal(digits, ""), pc.equal(micros, "000000"))
    return pc.if_else(is_none, "", pc.binary_join_element_wise("", micros, "."))


def _offset(words: Any) -> Any:
    """Write offsets as `+02:00`."""
    signed = pc.replace_substring_regex(pc.utf8_upper(words), "^(?:UTC|GMT)(.+)$", r"\1")
    signed = pc.replace_substring(signed, "\u2212", "-")
    signed = pc.replace_substring_regex(signed, "^(?:UTC|GMT|Z)$", "+00:00")
    signed = pc.replace_substring_regex(signed, r"^([+-]\d\d)$", r"\1:00")
    signed = pc.replace_substring_regex(signed, r"^([+-]\d\d)(\d\d)$", r"\1:\2")
    return pc.replace_substring(signed, "-00:00", "+00:00")


def _moments(values: Any) -> Any:
    """Write out Arrow's dates and timestamps, whatever their unit; null beyond the years 1 to 9999."""
    unit = "s" if pa.types.is_date(values.type) else values.type.unit
    ticks = pc.cast(values, pa.int32()) if pa.types.is_date32(values.type) else values
    numbers = pc.fill_null(pc.cast(ticks, pa.int64()), 0).to_numpy(zero_copy_only=False)
    if pa.types.is_date(values.type):
        days_, rest = (numbers, 0 * numbers) if pa.types.is_date32(values.type) else np.divmod(numbers, SECONDS * 1000)
    else:
        days_, rest = np.divmod(numbers, SECONDS * UNITS[unit])
    known = pc.and_(pc.is_valid(values), pa.array((days_ >= FIRST_DAY) & (days_ <= LAST_DAY)))
    text = pa.array(np.clip(days_, FIRST_DAY, LAST_DAY).astype("M8[D]").astype("U10"))
    if pa.types.is_timestamp(values.type):
        micros = rest * MICROSECONDS // UNITS[unit] if UNITS[unit] <= MICROSECONDS else rest // 1000
        text = pc.binary_join_element_wise(text, _clock_text(micros, bool(values.type.tz)), "T")
    return pc.if_else(known, text, None)


def _clock_text(micros: Ints, is_utc: bool) -> Any:
    seconds, fraction = np.divmod(micros, MICROSECONDS)
    clock = pc.binary_join_element_wise(
        _padded(seconds // 3600, 2), _padded(seconds // 60 % 60, 2), _padded(seconds % 60, 2), ":"
    )
    return pc.binary_join_element_wise(clock, _fraction(_padded(fraction, 6)), "+00:00" if is_utc else "", "")


def _padded(numbers: Ints, digits: int) -> Any:
    return pc.utf8_lpad(pc.cast(pa.array(np.asarray(numbers, np.int64)), pa.string()), digits, "0")


def _not_empty(texts: Any) -> Any:
    return pc.fill_null(pc.not_equal(texts, ""), False)


def _truth(values: Any) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return found
