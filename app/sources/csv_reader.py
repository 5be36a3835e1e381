"""A CSV file, streamed: each line as an instance that `/predict` would take, or why it would be refused.

    open_table(path, wanted)     header ─> Table; refused when a column is missing
    Table.lines()                ─> Line: an instance, or a fault with its place and what to do

A cell is read as training reads it: the delimiter is found in the header, the words of `MISSING` are missing values.
It knows neither models nor what is counted.
"""

import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

from app.errors import SlipwayError

UTF_8 = "utf-8-sig"  # with or without the mark that some programs put before it
DELIMITERS = ",;\t|"
# pandas' list (`na_values` of its `read_csv`), and how many public tables write an unknown.
MISSING = frozenset(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A"]
) | {"NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?"}
SHOWN_CHARS = 60  # of a cell in a message


class DataError(SlipwayError):
    """Raised when a file is not a table of the model's features."""


@dataclass(frozen=True)
class Wanted:
    """A column to be read."""

    name: str
    optional: bool  # the file may lack it, and its cells may be missing
    read: Callable[[str], Any]  # text -> value; raises `ValueError` with the expectation that the text does not meet


@dataclass(frozen=True)
class Line:
    """One line: its instance, or what is wrong with it."""

    number: int
    instance: dict[str, Any] | None
    fault: str = ""


@dataclass(frozen=True)
class Table:
    """An open file; read it once."""

    absent: tuple[str, ...]  # optional features without a column: missing in every row
    read_share: Callable[[], float]  # of the file's bytes
    lines: Callable[[], Iterator[Line]]


def open_table(stack: ExitStack, path: Path, wanted: Sequence[Wanted], encoding: str = UTF_8) -> Table:
    """Read the header of a CSV file, also one that ends in `.gz`; `stack` closes it. Raises `DataError`."""
    try:
        raw = stack.enter_context(path.open("rb"))
        size = max(1, path.stat().st_size)
        reader, header = _reader(path, _text(stack, path, raw, encoding))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: expected a CSV file. Received: {_reason(error)}.") from error
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: expected unique column names. Received twice: {', '.join(twice)}.")
    absent = tuple([column.name for column in wanted if column.name not in names])
    required = [column.name for column in wanted if column.name in absent and not column.optional]
    if required:
        hint = f"Received the columns {', '.join(names)}."[:400]
        raise DataError(f"{path}: expected the column(s) {', '.join(required)}, which the model needs. {hint}")
    return Table(absent, lambda: min(1.0, raw.tell() / size), lambda: _lines(path, reader, names, wanted))


def delimiter_of(header: str) -> str:
    """Return what divides the most names; what stands between quotes divides nothing."""
    return max(DELIMITERS, key=lambda delimiter: _width(header, delimiter))


def _width(header: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([header], delimiter=delimiter, skipinitialspace=True, strict=True), []))
    except csv.Error:  # letters behind a closing quote: it is another that divides
        return 0


def _text(stack: ExitStack, path: Path, raw: BinaryIO, encoding: str) -> TextIOWrapper:
    content: Any = stack.enter_context(gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
    return stack.enter_context(TextIOWrapper(content, encoding, newline=""))


def _reader(path: Path, text: TextIOWrapper) -> tuple[Any, list[str]]:
    first = text.readline()
    if not first.strip():
        raise DataError(f"{path}: expected a header with the names of the columns. Received: an empty line.")
    if "\0" in first:
        raise DataError(f"{path}: expected a CSV file. Received: bytes that are not text.")
    form: dict[str, Any] = {"delimiter": delimiter_of(first), "skipinitialspace": True}
    return csv.reader(text, **form), next(csv.reader([first], **form))


def _lines(path: Path, reader: Any, names: Sequence[str], wanted: Sequence[Wanted]) -> Iterator[Line]:
    cells = [(names.index(column.name), column) for column in wanted if column.name in names]
    try:
        for row in reader:
            if row:
                yield _line(reader.line_num + 1, row, len(names), cells)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        where = f"{path}, after line {reader.line_num + 1}"
        raise DataError(f"{where}: expected CSV. Received: {_reason(error)}.") from error


def _line(number: int, row: list[str], width: int, cells: Sequence[tuple[int, Wanted]]) -> Line:
    if len(row) != width:
        return Line(number, None, f"line {number}: expected {width} cells, as in the header. Received: {len(row)}.")
    instance: dict[str, Any] = {}
    for place, column in cells:
        text = row[place]
        if text in MISSING or text.strip() in MISSING:
            if not column.optional:
                expected = "a value, for it was never missing in training"
                return Line(number, None, _fault(number, column.name, expected, text))
            continue
        try:
            instance[column.name] = column.read(text)
        except ValueError as error:
            return Line(number, None, _fault(number, column.name, str(error), text))
    return Line(number, instance)


def _fault(number: int, name: str, expected: str, text: str) -> str:
    return f"line {number}, `{name}`: expected {expected}. Received: {text[:SHOWN_CHARS]!r}."


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).rstrip(".")
