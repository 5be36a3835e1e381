"""Chunks: a file that need not fit into memory -> rows a piece at a time, as columns of cells.

    CSV (also compressed) or Parquet ─ pyarrow ─> chunk ─ read by type ─> DataFrame of some ten thousand rows

A column has one type in the whole file, and all its values fit it. The surest is tried on the first chunk; where a
later one does not fit, `DoesNotFit` says so, and whoever reads begins again with the next type of the registry.
It knows nothing about splits or networks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from app.sources.csv_reader import MISSING
from training.columns.values import is_text, parsed_numbers
from training.data import sniff
from training.data.load import PARQUET, UNREADABLE, UTF_8, as_json, check_encoding, check_names, read_header
from training.errors import DataError
from training.features.registry import broadest, feature_type, feature_types, recognise

CHUNK_ROWS = 65_536  # of Parquet
CHUNK_BYTES = 2**21  # of CSV, as text
ABSENT = pa.array(sorted(MISSING))

Seen = Callable[[float], None]  # share of the file that has been read, 0 to 1


class DoesNotFit(Exception):
    """Raised when values do not fit the types of their columns; `names` are the columns."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True)
class Source:
    """A file that is read in chunks, as often as wanted."""

    path: Path
    text: frozenset[str]  # columns whose text is kept as written
    encoding: str = UTF_8

    @property
    def is_parquet(self) -> bool:
        return self.path.suffix.lower() in PARQUET

    def first_types(self) -> dict[str, str]:
        """Return the surest type of each column that its values in the first chunk fit."""
        table = next(self._tables(lambda _share: None))
        return {name: self._first(table[name], name) for name in table.column_names}

    def widened(self, types: Mapping[str, str], names: list[str]) -> dict[str, str]:
        """Return the types after some columns did not fit theirs."""
        order = [type_.name for type_ in feature_types()]
        return {name: order[order.index(type_) + 1] if name in names else type_ for name, type_ in types.items()}

    def read(self, types: Mapping[str, str], seen: Seen) -> Iterator[pd.DataFrame]:
        """Give rows of cells; raise a DoesNotFit with the columns that hold something else, or a DataError."""
        for table in self._tables(seen):
            columns = {name: self._as(table[name], name, type_) for name, type_ in types.items()}
            unfit = [name for name, cells in columns.items() if cells is None]
            if unfit:
                raise DoesNotFit(unfit)
            yield pd.DataFrame(columns)
        seen(1.0)

    def _first(self, values: Any, name: str) -> str:
        if name in self.text:
            return broadest().name
        surest = recognise(_as_pandas(values))
        fitting = [type_.name for type_ in feature_types() if type_.read(values) is not None]
        return surest.name if surest.name in fitting else fitting[0]

    def _as(self, values: Any, name: str, type_: str) -> pd.Series | None:
        """Return a column's cells, or None where it does not fit."""
        if name in self.text and type_ != broadest().name:
            return None
        found = feature_type(type_).read(values)
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
    """Write out what Parquet holds by number, and lists and records as a CSV file has them."""
    if pa.types.is_nested(values.type):
        return pa.array([None if value is None else as_json(value) for value in values.to_pylist()], pa.string())
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _as_pandas(values: Any) -> pd.Series:
    found: pd.Series = values.to_pandas()
    numbers = parsed_numbers(found) if is_text(values) else None
    return found if numbers is None else numbers
