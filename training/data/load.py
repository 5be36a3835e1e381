"""Load: a file on disk -> a table of columns, as pandas read it.

It knows nothing about features, targets' meaning or what makes a column useful; `training/data/sniff.py` knows what a
file is that is no table.
"""

import codecs
import csv
import io
import json
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app.sources.csv_reader import delimiter_of
from training.data import sniff
from training.errors import DataError

PARQUET = (".parquet", ".pq")
UTF_8 = "utf-8"
NESTED = (np.ndarray, list, dict)  # what pandas makes of the lists and records of Parquet
MISSING = ["?"]  # beside pandas' own list ("", NA, NaN, null, …): how many public tables write an unknown
UNREADABLE = (ValueError, OSError, EOFError, zlib.error, zipfile.BadZipFile, csv.Error)  # pandas raises ValueErrors


def load(path: Path, text_columns: Collection[str] = (), encoding: str = UTF_8) -> pd.DataFrame:
    """Read the whole file, `text_columns` as written ("007" stays "007"); raise a DataError for what is no table."""
    sniff.check_file(path)
    frame = _read_parquet(path) if path.suffix.lower() in PARQUET else _read_csv(path, text_columns, encoding)
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    check_names(path, list(frame.columns))
    if frame.empty:
        raise DataError(f"{path}: expected rows. Received: {len(frame)} rows of {len(frame.columns)} columns.")
    return frame


def check_names(path: Path, names: Sequence[str]) -> None:
    """Refuse names that stand twice, and a first row in place of names, with a DataError."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: expected unique column names. Received twice: {', '.join(twice)}.")
    if all(_is_number(name) for name in names) and any("." in name for name in names):
        shown = ", ".join(names)[: sniff.SHOWN_CHARS]
        raise DataError(f"{path}: expected a first line with the names of the columns. Received only numbers: {shown}.")


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow.ArrowInvalid is a ValueError
        raise DataError(f"{path}: expected a Parquet file. Received: {_first_line(error)}") from error
    for name, series in frame.items():
        if series.dtype == object and any(isinstance(value, NESTED) for value in series.dropna().head(1)):
            frame[name] = series.map(as_json, na_action="ignore")
    return frame


def as_json(value: Any) -> str:
    """Write a list or a record, which Parquet may hold, as a CSV file has it."""
    return json.dumps(value, default=lambda one: one.tolist() if isinstance(one, np.ndarray | np.generic) else str(one))


def _read_csv(path: Path, text_columns: Collection[str], encoding: str) -> pd.DataFrame:
    encoding = check_encoding(encoding)
    with explained(path, encoding):
        names, delimiter = read_header(path, encoding)
        check_names(path, names)  # before pandas renames the second of two
        frame = pd.read_csv(
            path,
            sep=delimiter,
            encoding=encoding,
            skipinitialspace=True,
            na_values=MISSING,
            low_memory=False,  # types from the whole column, not from its first rows
            dtype=dict.fromkeys(text_columns, "str"),
        )
        _check_widths(path, frame, len(names), delimiter, encoding)
    return frame


@contextmanager
def explained(path: Path, encoding: str) -> Iterator[None]:
    """Raise a DataError that says what is wrong with a file where a library only says that something is."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise sniff.not_text(path, encoding.removesuffix("-sig")) from error
    except UNREADABLE as error:
        raise DataError(f"{path}: expected a CSV file. Received: {_first_line(error)}") from error


def check_encoding(encoding: str) -> str:
    """Return the encoding as Python knows it, which skips the mark before UTF-8; raise a DataError if unknown."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise DataError(f"`--encoding`: expected utf-8, cp1252, utf-16 or the like. Received: {encoding!r}.") from error
    return "utf-8-sig" if name == UTF_8 else name


def read_header(path: Path, encoding: str) -> tuple[list[str], str]:
    """Return the names in the first line and what divides them; raise a DataError when this is no table."""
    start = sniff.head(path)
    sniff.check_kind(path, start, encoding.removesuffix("-sig"))
    text = codecs.getincrementaldecoder(encoding)().decode(start)  # the last letter may be cut
    first = text.lstrip("\r\n").partition("\n")[0].rstrip("\r")
    if not first.strip():
        raise DataError(f"{path}: expected a CSV file. Received: an empty file.")
    delimiter = delimiter_of(first)
    if delimiter not in first:
        raise DataError(f"{path}: expected columns divided by one of , ; tab |. Received: {first[:80]!r}.")
    names = next(csv.reader(io.StringIO(text.lstrip("\r\n")), delimiter=delimiter, skipinitialspace=True))
    names = [name.strip() for name in names]
    check_names(path, names)  # before pandas renames the second of two
    return names, delimiter


def _check_widths(path: Path, frame: pd.DataFrame, width: int, delimiter: str, encoding: str) -> None:
    """Refuse lines with more or fewer cells than the header, which pandas takes for an index or fills up."""
    if isinstance(frame.index, pd.RangeIndex) and not frame.iloc[:, -1].isna().any():
        return  # a line with fewer cells has none in the last column
    with sniff.opened(path) as raw:
        reader = csv.reader(io.TextIOWrapper(raw, encoding, newline=""), delimiter=delimiter, skipinitialspace=True)
        odd = [(reader.line_num, len(row)) for row in reader if row and len(row) != width]
    if odd:
        number, found = odd[0]
        raise DataError(
            f"{path}: expected {width} cells in each line, as in the first. Received: {found} in line {number}"
            f"{f', and {len(odd) - 1:,} more such lines' if len(odd) > 1 else ''}. "
            "A cell that holds the delimiter must stand in quotes."
        )


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
