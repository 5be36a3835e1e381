"""Form: how a CSV file divides cells, and where its table begins, decided on its first rows.

    sample ─┬─ `sep=;` line
            ├─ quoting: usual, backslash, single quotes, none ─┐
            └─ delimiter: , ; tab |                            ┴─> the dialect whose rows are alike ─ header ─> Form

What is assumed becomes a remark. Rows behind the sample are checked where they are read.
It knows nothing about encodings or types.
"""

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from app.sources.chunks import SHOWN_CHARS, Wishes
from app.sources.delimited import header
from app.sources.delimited.cells import Dialect, Row, rows_of
from app.sources.delimited.quotes import QuoteCheck
from app.sources.errors import SourceError
from app.sources.rules import Rules

DELIMITERS = ",;\t|"
SAMPLE_ROWS = 1000
NEARLY_ALL = 0.9  # of the rows
LEAST_ROWS, SAMPLE_CELLS = 20, 50_000  # a wide table is looked at in fewer rows
SEP_LINE = re.compile(r'\s*"?sep=([!#-&(-/:-@\[-`{-~\t ])"?[,;\t| ]*(\r\n|\n|\r)', re.IGNORECASE)
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Sample(msgspec.Struct, frozen=True):
    """The first letters of a file, without the mark before them."""

    text: str
    whole: bool  # they are all of it


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How to read a CSV file."""

    dialect: Dialect
    names: list[str]
    unnamed: list[str]
    skip_chars: int  # before the first row of data
    skip_lines: int
    remarks: list[str]


class _Reading(msgspec.Struct, frozen=True):
    """The sample's rows under one dialect."""

    dialect: Dialect
    rows: list[Row]
    width: int  # the commonest number of cells
    alike: float  # share of the rows that have it

    @property
    def fault(self) -> Row | None:
        """Return the first row whose quotes do not pair."""
        return next((row for row in self.rows if row.fault), None)

    @property
    def divides_rows(self) -> bool:
        """Say whether it divides the rows below the first as well, and nearly all of them alike."""
        return self.width > 1 and self.alike >= NEARLY_ALL

    @property
    def first_fits(self) -> bool:
        """Say whether the first row may be the header: the others have its width, or more cells that are all empty."""
        head = self.rows[0].cells
        body = [row.cells for row in self.rows[1:] if len(row.cells) == self.width] or [head]
        if header.trimmed(head) <= self.width <= len(head):
            return len(head) > 1
        return len(head) > 1 and not any(cell.strip() for cells in body for cell in cells[len(head) :])


def find(name: str, sample: Sample, wishes: Wishes, rules: Rules | None) -> Form:
    """Return the form of a file; raise a SourceError that says why it is no table."""
    offset, remarks, delimiters = 0, [], DELIMITERS
    if found := SEP_LINE.match(sample.text):
        offset, delimiters = found.end(), found[1]
        remarks.append(f"line 1 names the delimiter ({found[0].strip()!r}) and is left out")
    text = sample.text[offset:]
    if not text.strip("\r\n\t \x1a"):
        raise SourceError(f"{name}: expected a CSV file. Received: an empty file.")
    reading = _by_rules(text, sample, rules) or _best(text, sample, wishes, delimiters)
    before = header.lines_in(sample.text[:offset])
    _check_faults(name, reading, before)
    head = header.find(name, reading.rows, reading.width, before)
    if reading.width == 1 and rules is None and not found:
        first = reading.rows[0].cells[0][:80]
        raise SourceError(f"{name}: expected columns divided by one of , ; tab |. Received: {first!r}.")
    return Form(
        dialect=reading.dialect,
        names=head.names,
        unnamed=head.unnamed,
        skip_chars=offset + head.end,
        skip_lines=before + header.lines_in(text[: head.end]),
        remarks=[*remarks, *_said(text, sample, reading, before), *head.remarks],
    )


def _by_rules(text: str, sample: Sample, rules: Rules | None) -> _Reading | None:
    """Return the rows under the rules of an earlier file, where they divide the header of this one."""
    if rules is None or rules.format != "csv":
        return None
    reading = _read(text, sample, Dialect(rules.delimiter, rules.quote, rules.escape))
    return reading if reading.width > 1 and _is_clean(reading) else None


def _best(text: str, sample: Sample, wishes: Wishes, delimiters: Sequence[str]) -> _Reading:
    """Return the rows under the quoting that makes them most alike; under the usual one where none does better."""
    readings = [_by_delimiter(text, sample, delimiters, *quoting) for quoting in _quotings(text, wishes)]
    usual = readings[0]
    bare = readings[-1]
    if not bare.dialect.quote and _is_clean(bare) and _first_unpaired(text, sample, usual.dialect):
        return bare
    single = next((each for each in readings if each.dialect.quote == "'" and _is_possible(each)), None)
    if single and _is_clean(usual) and _quotes_a_column(usual):
        return single
    spaced = next((each for each in readings if each.dialect.spaced and _is_possible(each)), None)
    if spaced and _quotes_behind_blanks(usual):
        return spaced
    possible = [each for each in readings if each is usual or _is_possible(each)]
    return max(possible, key=lambda each: (_is_possible(each), each.alike))  # the first of equals: the usual


def _first_unpaired(text: str, sample: Sample, dialect: Dialect) -> int:
    """Return the line of the first quote that does not pair in the whole sample; 0: there is none."""
    check, content = QuoteCheck(dialect), text.encode("utf-8")
    check.add(content, last=sample.whole)
    return header.lines_in(content[: check.fault_at].decode("utf-8", "replace")) + 1 if check.fault else 0


def _is_possible(reading: _Reading) -> bool:
    """Say whether quotes pair and the first row fits; without quotes, or with single ones, more must speak for it."""
    if reading.fault or not reading.first_fits:
        return False
    if reading.dialect.quote == "'":
        return _quotes_some(reading)
    return bool(reading.dialect.quote) or _is_clean(reading)


def _quotings(text: str, wishes: Wishes) -> list[tuple[str, str, bool]]:
    """Return what may be (quote, escape, spaced), the usual first."""
    if not wishes.quotes:
        return [("", "", False)]
    found = [('"', "", False)]
    if re.search(r'[,;\t|] +"', text):
        found.append(('"', "", True))
    if '\\"' in text:
        found.append(('"', "\\", False))
    if re.search(r"(^|[,;\t|\r\n])'", text):
        found.append(("'", "", False))
    return [*found, ("", "", False)] if '"' in text else found


def _is_clean(reading: _Reading) -> bool:
    if reading.fault or not reading.first_fits:
        return False
    head = len(reading.rows[0].cells)
    return all(len(row.cells) == reading.width for row in reading.rows if len(row.cells) != head)


def _quotes_some(reading: _Reading) -> bool:
    """Say whether at least every other row holds a cell in quotes."""
    body = reading.rows[1:] if len(reading.rows) > 1 else reading.rows
    return sum(row.quoted for row in body) >= len(body) / 2


def _quotes_a_column(reading: _Reading) -> bool:
    """Say whether all words of a column stand in single quotes."""
    body = [row.cells for row in reading.rows[1:] if len(row.cells) == reading.width]
    columns = [[cell.strip() for cell in column if cell.strip()] for column in zip(*body, strict=True)]
    return any(column and all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in column) for column in columns)


def _quotes_behind_blanks(reading: _Reading) -> bool:
    """Say whether a cell is blanks and quotes around the rest."""
    return any(re.fullmatch(r' +".*"', cell, re.DOTALL) for row in reading.rows for cell in row.cells)


def _by_delimiter(
    text: str, sample: Sample, delimiters: Sequence[str], quote: str, escape: str, spaced: bool
) -> _Reading:
    """Return the rows under what divides the most names in the first; else under what makes the rows most alike."""
    readings = [_read(text, sample, Dialect(each, quote, escape, spaced)) for each in delimiters]
    fitting = [each for each in readings if each.first_fits]
    if fitting:
        return max(fitting, key=lambda each: (each.fault is None, each.divides_rows, len(each.rows[0].cells)))
    return max(readings, key=lambda each: (each.width > 1, each.alike, each.width))


def _read(text: str, sample: Sample, dialect: Dialect) -> _Reading:
    first = next(rows_of(text, dialect, 1), None)
    most = min(SAMPLE_ROWS, LEAST_ROWS + SAMPLE_CELLS // len(first.cells)) if first else SAMPLE_ROWS
    rows = [
        row
        for row in rows_of(text, dialect, most)
        if any(cell.strip(" \x1a") for cell in row.cells) or len(row.cells) > 1
    ]
    if not sample.whole and len(rows) > 1 and rows[-1].end == len(text):
        rows.pop()  # the sample may end within it
    rows = rows or [Row([""], 1, len(text))]
    width, count = Counter(len(row.cells) for row in rows).most_common(1)[0]
    return _Reading(dialect, rows, width, count / len(rows))


def _check_faults(name: str, reading: _Reading, before: int) -> None:
    if (bad := reading.fault) is None:
        return
    shown = reading.dialect.delimiter.join(bad.cells)[:SHOWN_CHARS]
    raise SourceError(unpaired(name, bad.fault, bad.line + before, f": {shown!r}"))


def unpaired(name: str, fault: str, line: int, shown: str = "") -> str:
    """Return what is said of quotes that do not pair."""
    return (
        f"{name}: expected quotes in pairs around whole cells. Received: {fault}, first in line {line}{shown}. "
        "Double a quote within quotes, or say --no-quotes where quotes are letters as any other."
    )


def _said(text: str, sample: Sample, reading: _Reading, before: int) -> list[str]:
    dialect = reading.dialect
    if dialect.quote == "'":
        return ["cells stand in single quotes"]
    if dialect.escape:
        return ["quotes within cells are written with a backslash"]
    if dialect.spaced:
        return ["blanks between a delimiter and a quote are left out"]
    if not dialect.quote and (line := _first_unpaired(text, sample, Dialect(dialect.delimiter))):
        return [f"quotes are read as letters: they do not pair around cells, first in line {line + before}"]
    return []
