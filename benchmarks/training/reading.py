"""How long it takes to read a file, before anything is fitted.

python -m benchmarks.training.reading [--tables FOLDER …] [--against]

tables    `python -m training inspect` on each file, with the columns that it found
--against also the whole training command of the tables under `examples/`, to compare
wide      3,653 rows of 75, 150, 300 and 600 columns: what twice the columns cost, in CPU seconds of one process
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from benchmarks.harness.command_cost import ROOT, run

ROWS, WIDTHS = 3653, (75, 150, 300, 600)
MUST_S, MUST_RATIO = 5.0, 2.3  # CPU seconds of 300 columns; what twice the columns may cost
TARGETS = {"adult.csv.gz": "income", "california_housing.csv.gz": "MedHouseVal", "titanic.csv": "survived"}
PREPARE = """
import sys, time
from pathlib import Path
from training.data.prepare import prepare
from training.options import Options
began = time.process_time()
prepare(Options.of(data=Path(sys.argv[1]), target="y"))
print(time.process_time() - began)
"""


def wide(columns: int, folder: Path) -> float:
    """Return the CPU seconds in which a table of so many columns is prepared, in a process of its own."""
    random = np.random.default_rng(0)
    table = {f"c{place}": random.normal(size=ROWS).round(4) for place in range(columns * 2 // 3)}
    table |= {f"w{place}": random.choice(["a", "b", "c", ""], ROWS) for place in range(columns // 3)}
    path = folder / f"{columns}.csv"
    pd.DataFrame(table).assign(y=random.choice(["no", "yes"], ROWS)).to_csv(path, index=False)
    done = subprocess.run(
        [sys.executable, "-c", PREPARE, str(path)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return float(done.stdout)


def inspect(path: Path) -> tuple[float, int, str]:
    """Return the seconds, the exit code and the last line of `inspect`."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "training", "inspect", str(path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return time.perf_counter() - began, done.returncode, said[-1] if done.returncode else said[0]


def main(
    tables: Annotated[list[Path], typer.Option(help="Folders of files.")] = [ROOT / "examples"],  # noqa: B006
    against: Annotated[bool, typer.Option("--against", help="Also train on the examples, to compare.")] = False,
) -> None:
    """Measure, and say what holds."""
    for path in sorted(file for folder in tables for file in folder.iterdir() if file.is_file()):
        took_s, code, said = inspect(path)
        line = f"{path.name:34} {took_s:6.1f} s  {'read' if code == 0 else f'exit {code}'}  {said[:120]}"
        if against and path.name in TARGETS:
            with tempfile.TemporaryDirectory() as models:
                whole = run(["-m", "training", str(path), "--target", TARGETS[path.name], "--models", models])
            line += f"  ({took_s / whole.wall_s:.2f} of the {whole.wall_s:.0f} s of training)"
        print(line, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        found = {columns: wide(columns, Path(folder)) for columns in WIDTHS}
    for columns, took_s in found.items():
        ratio = took_s / found[columns // 2] if columns // 2 in found else float("nan")
        print(f"{ROWS:,} x {columns}: {took_s:.2f} CPU s, {ratio:.2f} of half the columns (must: {MUST_RATIO})")
    print(f"300 columns in {MUST_S} CPU s: {'holds' if found[300] <= MUST_S else 'MISSED'}")


if __name__ == "__main__":
    typer.run(main)
