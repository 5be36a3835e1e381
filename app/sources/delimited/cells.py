"""Cells: a text as rows of cells, with the line of each and where its quotes do not pair.

    text ─ Dialect ─> Row(cells, line, end, fault)

Slow and exact: for the first rows of a file, and for second looks; pyarrow reads the rest by the same rules.
It knows neither headers nor types.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

GOES_ON = "letters behind a closing quote"
NEVER_CLOSES = "a quote that never closes"
LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Dialect(msgspec.Struct, frozen=True):
    """How a text divides cells."""

    delimiter: str
    quote: str = '"'  # "": a quote is a letter as any other
    escape: str = ""  # what stands before a quote within quotes; "": it is doubled
    spaced: bool = False  # blanks may stand between a delimiter and a quote


class Row(NamedTuple):
    """One row, which may span several lines."""

    cells: list[str]
    line: int  # where it begins, from 1
    end: int  # place behind it in the text
    fault: str = ""  # why its quotes do not pair
    quoted: bool = False  # a cell stands in quotes


def rows_of(text: str, dialect: Dialect, limit: int | None = None) -> Iterator[Row]:
    """Give the rows that are not empty, at most `limit`."""
    cell = _cell_pattern(dialect)
    place, line, given = 0, 1, 0
    while place < len(text) and given != limit:
        start, cells, fault, quoted = place, list[str](), "", False
        while True:
            found = cell.match(text, place)
            assert found is not None, "the pattern matches everywhere"
            cells.append(_content(found, dialect))
            fault = fault or _fault(found, dialect)
            quoted = quoted or found["quoted"] is not None
            place = found.end()
            if found["stop"] != dialect.delimiter:
                break
        if cells != [""] or place - start > len(found["stop"]):
            given += 1
            yield Row(cells, line, place, fault, quoted)
        line += len(LINE_BREAK.findall(text, start, place))


def _cell_pattern(dialect: Dialect) -> re.Pattern[str]:
    delimiter, quote, escape = (re.escape(each) for each in (dialect.delimiter, dialect.quote, dialect.escape))
    stop = rf"(?P<stop>{delimiter}|\r\n|\n|\r|\Z)"
    plain = rf"[^{delimiter}\r\n]*+"
    if not quote:
        return re.compile(rf"(?P<quoted>(?!))?(?P<rest>{plain}){stop}")
    pair = rf"{quote}{quote}|{escape}." if escape else f"{quote}{quote}"
    within = rf"[^{quote}{escape}]*+(?:(?:{pair})[^{quote}{escape}]*+)*+"
    lead = " *+" if dialect.spaced else ""
    return re.compile(rf"(?:{lead}{quote}(?P<quoted>{within}){quote})?(?P<rest>{plain}){stop}", re.DOTALL)


def _content(found: re.Match[str], dialect: Dialect) -> str:
    quoted = found["quoted"]
    if quoted is None:
        return found["rest"]
    if dialect.escape:
        quoted = re.sub(rf"{re.escape(dialect.escape)}(.)", r"\1", quoted, flags=re.DOTALL)
    return quoted.replace(dialect.quote * 2, dialect.quote) + found["rest"]


def _fault(found: re.Match[str], dialect: Dialect) -> str:
    if found["quoted"] is None:
        rest = found["rest"].lstrip(" ") if dialect.spaced else found["rest"]
        return NEVER_CLOSES if dialect.quote and rest.startswith(dialect.quote) else ""
    return GOES_ON if found["rest"].strip() else ""
