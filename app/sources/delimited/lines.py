"""Lines: where rows stand in a CSV file, found by a second look.

    path ─ text ─ records: (line, cells) ─┬─ of_rows       lines of rows by their number among all
                                          └─ of_good_row   line of a row by its number among the good ones
    path ─ bytes ─ at_byte ─> line of a place

Slow for cells in quotes; only for messages.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.sources.chunks import CONTENT_CHARS, Place
from app.sources.delimited.cells import LINE_BREAK, NEVER_CLOSES, rows_of
from app.sources.delimited.form import Form
from app.sources.delimited.rows import repaired
from app.sources.delimited.text import NotText, data_of
from app.sources.formats import opening

ANY_BREAK = re.compile(rb"\r\n|\n|\r")
LONGEST_CHARS = 2**22  # of one record; behind a longer one no line is known


class CsvLocator:
    """Finds rows in one look over the text."""

    def __init__(self, path: Path, encoding: str, form: Form) -> None:
        self._records, self._form = _records(path, encoding, form), form
        self._row = self._good = 0

    def find(self, good: Sequence[int], rows: Sequence[int]) -> tuple[dict[int, Place], dict[int, int]]:
        """Return where good rows stand, and the lines of rows among all; what is beyond the text is left out."""
        wanted, others = set(good), set(rows)
        places: dict[int, Place] = {}
        found: dict[int, int] = {}
        while len(places) < len(wanted) or len(found) < len(others):
            record = next(self._records, None)
            if record is None:
                break
            self._row += 1
            if self._row in others:
                found[self._row] = record.line
            if is_good(record.text, self._form):
                self._good += 1
                if self._good in wanted:
                    places[self._good] = Place(self._row, record.line, record.text[:CONTENT_CHARS].rstrip("\r\n"))
        return places, found


class _Record(NamedTuple):
    """A row as text: its first line and its letters."""

    line: int
    text: str


def of_rows(path: Path, encoding: str, form: Form, rows: Sequence[int]) -> dict[int, int]:
    """Return the lines of some rows, by their number among all."""
    wanted, found = set(rows), {}
    for number, record in enumerate(_records(path, encoding, form), 1):
        if number in wanted:
            found[number] = record.line
        if len(found) == len(wanted):
            break
    return found


def of_good_row(path: Path, encoding: str, form: Form, row: int) -> int:
    """Return the line of a row by its number among the good ones; 0 where it is not found."""
    place = CsvLocator(path, encoding, form).find([row], [])[0].get(row)
    return (place and place.line) or 0


def at_byte(path: Path, encoding: str, form: Form, place: int) -> int:
    """Return the line at a place in the data as UTF-8."""
    line = form.skip_lines + 1
    with opening.opened(path) as (stream, _):
        for block in data_of(stream, encoding, form.skip_chars):
            line += len(ANY_BREAK.findall(block, 0, max(0, place)))
            place -= len(block)
            if place <= 0:
                break
    return line


def is_good(text: str, form: Form) -> bool:
    """Say whether a row is good, or repaired; a plain one by its delimiters alone."""
    dialect = form.dialect
    plain = not any(mark and mark in text for mark in (dialect.quote, dialect.escape))
    return (plain and text.count(dialect.delimiter) == len(form.names) - 1) or _fits(text, form)


def _fits(text: str, form: Form) -> bool:
    """Say whether a row is good, or repaired."""
    found = next(rows_of(text, form.dialect, 1), None)
    if found is None or (len(found.cells) != len(form.names) and not text.strip(" \t\r\n\x1a")):
        return False
    return repaired(found.cells, form) is not None


def _records(path: Path, encoding: str, form: Form) -> Iterator[_Record]:
    """Give the rows behind the header that are not empty."""
    line, open_text = form.skip_lines + 1, ""
    start = line
    for text in _lines(path, encoding, form):
        start = start if open_text else line
        line += 1
        open_text += text
        if form.dialect.quote and form.dialect.quote in open_text and _is_open(open_text, form):
            continue
        if open_text.strip("\r\n"):
            yield _Record(start, open_text)
        open_text = ""
    if open_text.strip("\r\n"):
        yield _Record(start, open_text)


def _is_open(text: str, form: Form) -> bool:
    """Say whether a row goes on behind these lines."""
    found = next(rows_of(text, form.dialect, 1), None)
    return found is not None and found.fault == NEVER_CLOSES and len(text) < LONGEST_CHARS


def _lines(path: Path, encoding: str, form: Form) -> Iterator[str]:
    """Give lines with their ends."""
    rest, decoder = "", codecs.getincrementaldecoder("utf-8")()
    try:
        with opening.opened(path) as (stream, _):
            for block in data_of(stream, encoding, form.skip_chars):
                *lines, rest = _split(rest + decoder.decode(block))
                yield from lines
    except (NotText, *opening.UNREADABLE):
        return
    if rest:
        yield rest


def _split(text: str) -> list[str]:
    """Split into lines with their ends; the last is what stands behind the last sure end."""
    found, start = [], 0
    for each in LINE_BREAK.finditer(text):
        if each.end() == len(text) and each[0] == "\r":
            break  # a line feed may follow
        found.append(text[start : each.end()])
        start = each.end()
    return [*found, text[start:]]
