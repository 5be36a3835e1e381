"""Adult, drawn with replacement from `examples/adult.csv.gz`, to any number of rows with a key.

table(rows) ─> Arrow ─ write ─> adult.parquet, adult.csv.gz
"""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

ROOT = Path(__file__).parents[2]
KEY = "id"
GROUP_ROWS = 131_072
MISSING = pyarrow.csv.ConvertOptions(strings_can_be_null=True, null_values=["", "?"])


@dataclass(frozen=True)
class Files:
    """The same rows in two formats."""

    parquet: Path
    csv: Path
    rows: int


def table(rows: int, seed: int = 0) -> pa.Table:
    """Draw rows, and number them."""
    example = pyarrow.csv.read_csv(ROOT / "examples" / "adult.csv.gz", convert_options=MISSING)
    drawn = example.take(pa.array(np.random.default_rng(seed).integers(0, example.num_rows, rows)))
    return drawn.add_column(0, KEY, pa.array(np.arange(rows)))


def write(folder: Path, rows: int) -> Files:
    """Write the files."""
    drawn, found = table(rows), Files(folder / "adult.parquet", folder / "adult.csv.gz", rows)
    pyarrow.parquet.write_table(drawn, found.parquet, row_group_size=GROUP_ROWS)
    with gzip.open(found.csv, "wb", compresslevel=6) as file:
        pyarrow.csv.write_csv(drawn, file)
    return found
