"""Chunks: a file that need not fit into memory -> rows a piece at a time, as converted columns.

    CSV (also compressed) or Parquet ─ pyarrow ─> chunk ─ convert by kind ─> DataFrame of some ten thousand rows

A column has one kind in the whole file: the first, in the order of `KINDS`, that all its values fit. It is tried on
the first chunk; where a later one does not fit, `DoesNotFit` says so, and whoever reads begins again one kind further.
It knows nothing about features, splits or networks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from app.sources.csv_reader import MISSING
from training.columns.values import BOOLEANS, as_text, convert
from training.data import sniff
from training.data.load import PARQUET, UNREADABLE, UTF_8, check_encoding, check_names, read_header
from training.errors import DataError
from training.features import dates

Kind = Literal["number", "boolean", "date", "string"]
KINDS: tuple[Kind, ...] = ("number", "boolean", "date", "string")  # every value is a string
CHUNK_ROWS = 65_536  # of Parquet
CHUNK_BYTES = 2**21  # of CSV, as text
ABSENT = pa.array(sorted(MISSING))
TRUTHS = pa.array(list(BOOLEANS))

Seen = Callable[[float], None]  # share of the file that has been read, 0 to 1


class DoesNotFit(Exception):
    """Raised when values do not fit the kinds of their columns; `names` are the columns."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True)
class Source:
    """A file that is read in chunks, as often as wanted."""

    path: Path
    text: frozenset[str]  # columns whose text is kept as written
    leave: frozenset[str]  # columns that are not taken apart as dates
    encoding: str = UTF_8

    @property
    def is_parquet(self) -> bool:
        return self.path.suffix.lower() in PARQUET

    def first_kinds(self) -> dict[str, Kind]:
        """Return the first kind that each column of the first chunk fits."""
        table = next(self._tables(lambda _share: None))
        return {name: self._first(table[name], name) for name in table.column_names}

    def widened(self, kinds: Mapping[str, Kind], names: list[str]) -> dict[str, Kind]:
        """Return the kinds after some columns did not fit theirs."""
        return {name: KINDS[KINDS.index(kind) + 1] if name in names else kind for name, kind in kinds.items()}

    def read(self, kinds: Mapping[str, Kind], seen: Seen) -> Iterator[pd.DataFrame]:
        """Give converted rows: float64 with NaN, or text with ""; behind a date, which is in seconds, its parts.

        Raises:
            DataError: naming the file, when it cannot be read.
            DoesNotFit: with the columns that hold something else than their kind.
        """
        for table in self._tables(seen):
            columns = {name: self._as(table[name], name, kind) for name, kind in kinds.items()}
            unfit = [name for name, values in columns.items() if values is None]
            if unfit:
                raise DoesNotFit(unfit)
            made: dict[str, pd.Series] = {}
            for name, values in columns.items():
                assert values is not None
                parts = _parts(values) if kinds[name] == "date" else {name: values}
                made.update({part: column for part, column in parts.items() if part == name or part not in columns})
            yield pd.DataFrame(made)
        seen(1.0)

    def _first(self, values: Any, name: str) -> Kind:
        return next(kind for kind in KINDS if self._as(values, name, kind) is not None)

    def _as(self, values: Any, name: str, kind: Kind) -> pd.Series | None:
        """Convert a column to a kind, or return None where it does not fit."""
        if name in self.text:
            return _string(values).rename(name) if kind == "string" else None
        if kind == "date" and name in self.leave:
            return None
        found = CONVERTERS[kind](values)
        return None if found is None else found.rename(name)

    def _tables(self, seen: Seen) -> Iterator[pa.Table]:
        try:
            for batch in self._parquet(seen) if self.is_parquet else self._csv(seen):
                names = [name.strip() for name in batch.schema.names]
                yield pa.Table.from_arrays([_plain(column) for column in batch.columns], names)
        except UNREADABLE as error:  # pyarrow.ArrowInvalid is a ValueError
            if "invalid UTF8" in str(error) or isinstance(error, UnicodeDecodeError):
                raise sniff.not_text(self.path, self.encoding) from error
            expected = "a Parquet" if self.is_parquet else "a CSV"
            said = str(error).strip().partition("\n")[0]
            raise DataError(f"{self.path}: expected {expected} file. Received: {said}") from error

    def _parquet(self, seen: Seen) -> Iterator[pa.RecordBatch]:
        with pyarrow.parquet.ParquetFile(self.path) as file:
            check_names(self.path, [name.strip() for name in file.schema_arrow.names])
            done = 0
            for batch in file.iter_batches(CHUNK_ROWS):
                done += batch.num_rows
                seen(done / file.metadata.num_rows)
                yield batch

    def _csv(self, seen: Seen) -> Iterator[pa.RecordBatch]:
        encoding = check_encoding(self.encoding)
        names, delimiter = read_header(self.path, encoding)
        check_names(self.path, names)
        read = pyarrow.csv.ReadOptions(
            column_names=names, skip_rows=1, block_size=CHUNK_BYTES, encoding=encoding.removesuffix("-sig")
        )
        parse = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
        as_written = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=True
        )
        size = self.path.stat().st_size
        with self.path.open("rb") as file, sniff.decompressed(file, self.path) as text:
            for batch in pyarrow.csv.open_csv(text, read, parse, as_written):
                seen(min(1.0, file.tell() / size))
                yield pa.RecordBatch.from_arrays([_known(column) for column in batch.columns], batch.schema.names)


def _known(values: Any) -> Any:
    """Turn the words for missing into missing, as pandas does."""
    trimmed = pc.utf8_ltrim_whitespace(values)
    return pc.if_else(pc.is_in(trimmed, ABSENT), None, trimmed)


def _plain(values: Any) -> Any:
    """Write out what Parquet holds by number."""
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _is_text(values: Any) -> bool:
    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))


def _number(values: Any) -> pd.Series | None:
    if pa.types.is_boolean(values.type) or pa.types.is_temporal(values.type):
        return None
    try:
        numbers = pc.cast(pc.utf8_trim_whitespace(values) if _is_text(values) else values, pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return convert(pd.Series(numbers.to_numpy()), "number")


def _boolean(values: Any) -> pd.Series | None:
    words = pc.utf8_lower(values) if _is_text(values) else values
    if _is_text(values) and pc.all(pc.is_in(words.drop_null(), TRUTHS), min_count=0).as_py():
        words = pc.equal(words, "true")
    return pd.Series(pc.cast(words, pa.float64()).to_numpy()) if pa.types.is_boolean(words.type) else None


def _date(values: Any) -> pd.Series | None:
    found: pd.Series = values.to_pandas()
    if pa.types.is_date(values.type):
        found = pd.to_datetime(found)
    return found if dates.is_date(found) or not found.notna().any() else None


def _string(values: Any) -> pd.Series:
    if not _is_text(values):
        return as_text(values.to_pandas())
    return pd.Series(pc.fill_null(values, "").to_numpy(), dtype=object)


CONVERTERS: Mapping[Kind, Callable[[Any], pd.Series | None]] = {
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "string": _string,
}


def _parts(values: pd.Series) -> dict[str, pd.Series]:
    """Take dates apart, and keep each as seconds since 1970."""
    if not values.notna().any():
        values = pd.Series(pd.NaT, index=values.index, name=values.name, dtype="datetime64[ns]")
    whole = (dates.moments(values) - pd.Timestamp(0)).dt.total_seconds()
    return {str(values.name): whole, **dates.parts(values)}
