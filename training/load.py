"""Load: a file on disk -> a table of columns, as pandas read it.

    CSV (also .gz, .bz2, .xz, .zip) or Parquet -> DataFrame, with the named columns as text

It knows nothing about features, targets' meaning or what makes a column useful.
"""

import csv
import zlib
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from training.errors import DataError

PARQUET = (".parquet", ".pq")
DELIMITERS = ",;\t|"
MISSING = ["?"]  # beside pandas' own list ("", NA, NaN, null, …): how many public tables write an unknown


def load(path: Path, text_columns: Collection[str] = ()) -> pd.DataFrame:
    """Read the whole file; `text_columns` keep their text as written ("007" stays "007").

    Raises:
        DataError: naming the file, when it is missing, empty, not text or not a table.
    """
    if not path.is_file():
        raise DataError(f"`DATA`: expected a CSV or Parquet file. Received: {path}, which is not a file.")
    frame = _read_parquet(path) if path.suffix.lower() in PARQUET else _read_csv(path, text_columns)
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    if not frame.columns.is_unique:
        twice = sorted(frame.columns[frame.columns.duplicated()])
        raise DataError(f"{path}: expected unique column names. Received twice: {', '.join(twice)}.")
    if frame.empty:
        raise DataError(f"{path}: expected rows. Received: {len(frame)} rows of {len(frame.columns)} columns.")
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow.ArrowInvalid is a ValueError
        raise DataError(f"{path}: expected a Parquet file. Received: {_first_line(error)}") from error


def _read_csv(path: Path, text_columns: Collection[str]) -> pd.DataFrame:
    try:
        return pd.read_csv(
            path,
            sep=_delimiter(path),
            encoding="utf-8-sig",
            skipinitialspace=True,
            na_values=MISSING,
            low_memory=False,  # types from the whole column, not from its first rows
            dtype=dict.fromkeys(text_columns, "str"),
        )
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: expected UTF-8 text. Received: {error}.") from error
    except (ValueError, OSError, EOFError, zlib.error) as error:  # ParserError and EmptyDataError are ValueErrors
        raise DataError(f"{path}: expected a CSV file. Received: {_first_line(error)}") from error


def _delimiter(path: Path) -> str:
    """Find the delimiter in the header, and refuse what has none."""
    header = _header(path)
    if "\0" in header:
        raise DataError(f"{path}: expected a CSV file. Received: bytes that are not text.")
    found = max(DELIMITERS, key=header.count)
    if found not in header:
        raise DataError(f"{path}: expected columns divided by one of , ; tab |. Received: {header[:80]!r}.")
    return found


def _header(path: Path) -> str:
    """Return the first line, decompressed by the ending of the file's name."""
    line = pd.read_csv(
        path,
        sep="\x1f",
        header=None,
        nrows=1,
        dtype="str",
        quoting=csv.QUOTE_NONE,
        encoding="utf-8-sig",
        na_filter=False,
    )
    return str(line.iat[0, 0])


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
