"""How many rows a CPU second are scored, beside the graph alone, pandas, Polars and DuckDB: writes `scoring.md`
and `scoring.json`.

    python -m benchmarks.scoring.speed [--rows 393216] [--rounds 7]       (about 4 minutes)

    data ─> files ─> ways, in turns, in a process of an environment with the peers ─> medians, and their shares
    and a process that loads the bundle and answers one row, for what a start costs
"""

import json
import os
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.harness.install import environment
from benchmarks.scoring import data
from benchmarks.scoring.data import ROOT
from benchmarks.training.page import commit, machine, write

STARTS = 5
BUNDLE = ROOT / "models" / "adult-income" / "1"
FIRST_ROW = """
import sys
class WithoutPandas:  # the extra `score` has none, and pyarrow imports it where it is
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, WithoutPandas())
import pyarrow.parquet as pq
from pathlib import Path
from app.scoring.scorer import load_scorer
scorer = load_scorer(Path(sys.argv[2]))
batch = next(pq.ParquetFile(sys.argv[1]).iter_batches(1, columns=list(scorer.columns.names)))
assert len(scorer.score(batch).answers) == 1
"""


@dataclass(frozen=True)
class Claim:
    """What one way must cost beside another: `way` at least so many times the rows a CPU second of `beside`."""

    way: str
    beside: str
    must: float
    hope: float


CLAIMS = (
    Claim("scorer", "floor", 0.75, 0.85),
    Claim("csv.gz", "floor", 0.35, 0.5),
    Claim("scorer", "pandas", 2.0, 3.0),
    Claim("scorer", "polars", 1.1, 1.25),
    Claim("scorer", "duckdb", 1.1, 1.25),
)
START_MUST_S, START_HOPE_S = 1.5, 0.7
TITLES = {
    "floor": "the graph alone, `session.run` at its best size, tensors ready",
    "read": "Parquet read, and no more",
    "scorer": "**Parquet → Parquet, with checks and drift**",
    "csv.gz": "**CSV.gz → Parquet, with checks and drift**",
    "pandas": "pandas, batches of 4,096",
    "polars": "Polars, streaming, around the same core",
    "duckdb": "DuckDB, one thread, around the same core",
}


def ways(python: Path, folder: Path, rounds: int) -> dict[str, list[float]]:
    """Return the CPU seconds a row of each way; the floor is that of the best size."""
    argv = [str(python), "-m", "benchmarks.scoring.ways", str(folder), str(BUNDLE), str(rounds)]
    done = subprocess.run(argv, cwd=ROOT, env=quiet(), check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    floors = {name: found.pop(name) for name in list(found) if name.startswith("floor")}
    best = min(floors, key=lambda name: statistics.median(floors[name]))
    return {"floor": floors[best], **found}


def start_s(python: Path, file: Path) -> list[float]:
    """Return the CPU seconds of processes that load the bundle and answer one row."""
    found = []
    for _ in range(STARTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([str(python), "-c", FIRST_ROW, str(file), str(BUNDLE)], cwd=ROOT, env=quiet(), check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return found


def quiet() -> dict[str, str]:
    """Return an environment in which Polars has one thread, as everybody else."""
    return os.environ | {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}


def share(found: Mapping[str, Sequence[float]], claim: Claim) -> float:
    """Return the median of the rounds' ratios, each of two ways that ran in the same minute."""
    pairs = zip(found[claim.beside], found[claim.way], strict=True)
    return statistics.median([beside / way for beside, way in pairs])


def verdict(value: float, must: float, hope: float) -> str:
    """Say what holds; larger is better."""
    return "hope holds" if value >= hope else "holds" if value >= must else "MISSED"


def page(found: Mapping[str, Sequence[float]], starts: Sequence[float], rows: int, rounds: int) -> str:
    """Write what was measured."""
    floor = statistics.median(found["floor"])
    medians = {name: statistics.median(taken) for name, taken in found.items()}
    lines = [
        f"| {TITLES[name]} | {1e6 * taken:.2f} | {1 / taken:,.0f} | {floor / taken:.2f} |"
        for name, taken in medians.items()
    ]
    claims = [(claim, share(found, claim)) for claim in CLAIMS]
    judged = [
        f"| {claim.way} ÷ {claim.beside} | {value:.2f} | {claim.must} | {claim.hope} | "
        f"{verdict(value, claim.must, claim.hope)} |"
        for claim, value in claims
    ]
    start = statistics.median(starts)
    judged.append(
        f"| CPU seconds from start to first row | {start:.2f} | ≤ {START_MUST_S} | ≤ {START_HOPE_S} | "
        f"{verdict(-start, -START_MUST_S, -START_HOPE_S)} |"
    )
    return "\n".join(
        [
            "# Rows scored offline",
            "",
            f"`python -m benchmarks.scoring.speed`, commit {commit()}, {machine()}. "
            f"{rows:,} rows of Adult, drawn with replacement; {rounds} rounds in which "
            "the ways took turns; medians. One thread each; CPU seconds of all threads of the process.",
            "",
            "| way | CPU µs a row | rows a CPU second | of the graph alone |",
            "|---|---:|---:|---:|",
            *lines,
            "",
            "Each ratio is the median over the rounds, of two ways that ran in the same minute.",
            "",
            "| rows a CPU second | measured | must | hope | |",
            "|---|---:|---:|---:|---|",
            *judged,
            "",
        ]
    )


def main(
    rows: Annotated[int, typer.Option(help="Rows of the file.")] = 393_216,
    rounds: Annotated[int, typer.Option(help="How often each way runs.")] = 7,
) -> None:
    """Measure, write the page and its figures, and show it."""
    python = environment("scoring") / "bin" / "python"
    with tempfile.TemporaryDirectory() as name:
        files = data.write(Path(name), rows)
        found = ways(python, Path(name), rounds)
        starts = start_s(python, files.parquet)
    write("scoring", page(found, starts, rows, rounds), {"rows": rows, "cpu_s_a_row": found, "start_s": starts})


if __name__ == "__main__":
    typer.run(main)
