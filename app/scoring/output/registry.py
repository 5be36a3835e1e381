"""The formats by name: a line each."""

from typing import get_args

import pyarrow as pa

from app.scoring.errors import Refused
from app.scoring.output.base import Writer
from app.scoring.output.csv import CsvWriter
from app.scoring.output.json_lines import JsonLinesWriter
from app.scoring.output.parquet import ParquetWriter
from app.scoring.parts.plan import Format

WRITERS: dict[Format, type[Writer]] = {"parquet": ParquetWriter, "csv": CsvWriter, "jsonl": JsonLinesWriter}
assert set(WRITERS) == set(get_args(Format))


def check(name: Format, schema: pa.Schema) -> None:
    """Refuse a column that a format cannot hold, with `Refused`; tried with a missing value."""
    for field in schema:
        try:
            writer = WRITERS[name](pa.schema([field]))
            writer.add(pa.RecordBatch.from_arrays([pa.nulls(1, field.type)], [field.name]))
            writer.close()
        except (pa.ArrowException, ValueError) as error:
            expected = f"`{field.name}` of a type that {name} can hold"
            raise Refused(
                f"`--keep`: expected {expected}. Received: {field.type}. Leave it out, or say --format parquet."
            ) from error
