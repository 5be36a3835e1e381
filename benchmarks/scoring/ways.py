"""Ways to score a file, each a function in this process: rows answered, and the sum of what they were answered.

    python -m benchmarks.scoring.ways FOLDER BUNDLE ROUNDS      JSON: way ─> CPU seconds a row, one a round

Ways take turns, so that what else the machine does weighs on all of them alike. CPU seconds are those of all threads.
The peers are given the same core, `Scorer.score`, and none of what else is done for a file: they neither count drift
nor write with compression of their own choice.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from app.scoring.scorer import BATCH_ROWS, Scorer, load_scorer
from app.scoring.tally import Tally
from app.sources.source import open_source
from benchmarks.scoring.data import KEY

FLOOR_ROWS = (128, 256, 512, 1024, 4096)  # of a run of the graph alone
FLOOR_TIMES = 2  # that its 65,536 rows are run
PANDAS_ROWS = 4096
ANSWER = "probability[>50K]"

Way = Callable[[], tuple[int, float]]


class Ways:
    """All of them, on the files of one folder."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.scorer: Scorer = load_scorer(bundle)
        self.parquet, self.csv, self.out = folder / "adult.parquet", folder / "adult.csv.gz", folder / "out.parquet"
        self.names = list(self.scorer.columns.names)
        (group,), _ = self.scorer.columns.read(next(self._batches()))
        self.tensors = group.arrays
        self.all: dict[str, Way] = {f"floor {rows}": self._floor(rows) for rows in FLOOR_ROWS}
        self.all |= {
            "read": self.read,
            "scorer": self.scored,
            "csv.gz": self.scored_csv,
            "pandas": self.pandas,
            "polars": self.polars,
            "duckdb": self.duckdb,
        }

    def _floor(self, size: int) -> Way:
        def run() -> tuple[int, float]:
            rows = len(next(iter(self.tensors.values())))
            for _ in range(FLOOR_TIMES):
                for start in range(0, rows, size):
                    self.scorer.model.outputs({k: v[start : start + size] for k, v in self.tensors.items()})
            return FLOOR_TIMES * rows, np.nan

        return run

    def read(self) -> tuple[int, float]:
        """Read the columns, and no more."""
        return sum([batch.num_rows for batch in self._batches()]), np.nan

    def scored(self) -> tuple[int, float]:
        """Read Parquet, score and count, write Parquet."""
        return self._written(self._batches(), Tally())

    def scored_csv(self) -> tuple[int, float]:
        """Read compressed CSV, score and count, write Parquet."""
        chunks = open_source(self.csv, rules=self.scorer.model.bundle.manifest.reading).batches()  # type: ignore[union-attr]
        return self._written((chunk.columns for chunk in chunks), Tally())

    def pandas(self) -> tuple[int, float]:
        """What people write: a frame, cut into batches, turned into the graph's tensors."""
        frame = pd.read_parquet(self.parquet)
        numbers, words = ([f.name for f in type_.features] for type_ in self.scorer.model.features.types)  # type: ignore[union-attr]
        found = []
        for start in range(0, len(frame), PANDAS_ROWS):
            part = frame.iloc[start : start + PANDAS_ROWS]
            strings = part[words].astype(object).where(part[words].notna(), "").to_numpy(object)
            tensors = {"numeric": part[numbers].to_numpy(np.float32), "categorical": strings}
            found.append(self.scorer.model.outputs(tensors)["probabilities"])
        frame["p"] = np.concatenate(found)[:, 1]
        frame[[KEY, "p"]].to_parquet(self.out)
        return len(frame), float(frame["p"].astype(float).sum())

    def polars(self) -> tuple[int, float]:
        """Polars reads and writes, in its streaming engine, around the same core."""

        def score(part: pl.DataFrame) -> pl.DataFrame:
            batches = part.select(self.names).to_arrow().combine_chunks().to_batches()
            if not batches:
                return part.select(KEY, pl.lit(0.0, pl.Float32).alias("p")).clear()
            column: Any = pl.from_arrow(self.scorer.score(batches[0]).answers.column(ANSWER))
            return pl.DataFrame({KEY: part[KEY], "p": column})

        schema = {KEY: pl.Int64, "p": pl.Float32}
        lazy = pl.scan_parquet(self.parquet).select(KEY, *self.names)
        lazy.map_batches(score, schema=schema, streamable=True, validate_output_schema=False).sink_parquet(
            self.out, engine="streaming"
        )
        return self._sum("p")

    def duckdb(self) -> tuple[int, float]:
        """DuckDB reads, around the same core."""
        database = duckdb.connect()
        database.execute("set threads = 1")
        columns = ", ".join([KEY, *self.names])
        return self._written(database.sql(f"select {columns} from '{self.parquet}'").to_arrow_reader(BATCH_ROWS))

    def _batches(self) -> Iterator[pa.RecordBatch]:
        file = pq.ParquetFile(
            self.parquet, read_dictionary=sorted(self.scorer.columns.encoded), pre_buffer=False, buffer_size=1 << 20
        )
        return file.iter_batches(BATCH_ROWS, columns=[KEY, *self.names], use_threads=False)  # type: ignore[no-any-return]

    def _written(self, batches: Iterator[pa.RecordBatch], tally: Tally | None = None) -> tuple[int, float]:
        writer = None
        for batch in batches:
            scored = self.scorer.score(batch, tally)
            assert not scored.faults
            answers = scored.answers.add_column(0, KEY, batch.column(batch.schema.get_field_index(KEY)))
            writer = writer or pq.ParquetWriter(self.out, answers.schema, compression="zstd", use_dictionary=["label"])
            writer.write_batch(answers)
        assert writer is not None
        writer.close()
        return self._sum(ANSWER)

    def _sum(self, column: str) -> tuple[int, float]:
        """Rows that were written, and the sum of their answers: all ways must give the same."""
        values = pq.read_table(self.out, columns=[column]).column(0).to_numpy()
        return len(values), float(values.astype(np.float64).sum())


def measure(ways: Ways, rounds: int) -> dict[str, list[float]]:
    """Return CPU seconds a row of each way and round; each runs once before, to warm up and to be compared."""
    rows, wanted = ways.scored()
    for name, way in ways.all.items():
        count, found = way()
        assert np.isnan(found) or (count == rows and abs(found - wanted) <= 1e-6 * rows), (name, count, found, wanted)
    taken: dict[str, list[float]] = {name: [] for name in ways.all}
    for _ in range(rounds):
        for name, way in ways.all.items():
            began = time.process_time()
            count, _ = way()
            taken[name].append((time.process_time() - began) / count)
    return taken


if __name__ == "__main__":
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    print(json.dumps(measure(Ways(Path(sys.argv[1]), Path(sys.argv[2])), int(sys.argv[3]))))
