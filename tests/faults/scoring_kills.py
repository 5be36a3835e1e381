"""`python -m tests.faults.scoring_kills --kills 20`: a run of `score` is killed again and again, at random moments.

    undisturbed run ─> what is right, to the byte
    run ─ kill ─ run ─ kill ─ … ─ run to the end ─> the same files

An engine is a command: another one is a line of ENGINES.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet

from tests.app.scoring import jobs
from tests.support.serving import PATIENCE_S, ROOT

ENGINES = {"here": ["--engine", "here"], "processes": ["--engine", "here", "--workers", "2"]}


class Kills(NamedTuple):
    """What became of a run that was killed."""

    kills: int
    parts: int
    same: bool  # all files, to the byte


def command(data: Path, out: Path, bundle: Path, engine: str, python: str = sys.executable) -> list[str]:
    """Return the command of a run."""
    options = ["--bundle", str(bundle), "--keep", "id", "--part-rows", "500", "--max-rejected", "1", "--quiet"]
    return [python, "-m", "app", "score", str(data), "--out", str(out), *options, *ENGINES[engine]]


def killed(words: Sequence[str], out: Path, kills: int, seed: int) -> int:
    """Start a run, kill it with everything that it started, at a random moment behind a marker; return the kills."""
    chosen = random.Random(seed)
    for kill in range(kills):
        before = markers(out)
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as process:
            _wait_for_progress(process, out, before)
            time.sleep(chosen.uniform(0.0, 0.05))
            if process.poll() is not None:
                return kill
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return kills


def _wait_for_progress(process: "subprocess.Popen[bytes]", out: Path, before: int) -> None:
    """Wait until there is another marker, or the process ends."""
    deadline = time.monotonic() + PATIENCE_S
    while markers(out) == before and process.poll() is None:
        assert time.monotonic() < deadline, "no further part"
        time.sleep(0.005)


def markers(out: Path) -> int:
    return len(list(out.glob("_parts/part-*.json")))


def tried(folder: Path, engine: str, kills: int, seed: int, stretches: int = 40) -> Kills:
    """Kill runs of an engine on a table of so many stretches of two parts."""
    bundle, data, right, out = jobs.model(folder / "models"), folder / "rows", folder / "right", folder / "out"
    data.mkdir()
    for number in range(stretches):
        part = jobs.table(1000, 1000 * number)
        pyarrow.parquet.write_table(_with_faults(part), data / f"{number:03}.parquet")
    subprocess.run(command(data, right, bundle, engine), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    done = killed(command(data, out, bundle, engine), out, kills, seed)
    subprocess.run(command(data, out, bundle, engine), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return Kills(done, markers(right), jobs.files(out) == jobs.files(right))


def _with_faults(table: pa.Table) -> pa.Table:
    """Leave out an age that must not be missing, in every 97th row."""
    ages = [None if row % 97 == 5 else age for row, age in enumerate(table["age"].to_pylist())]
    return table.set_column(0, "age", pa.array(ages, pa.float64()))


def main() -> int:
    """Print what became of each engine."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    wrong = 0
    for engine in chosen.engine or ENGINES:
        with tempfile.TemporaryDirectory(prefix="scoring-kills-") as folder:
            found = tried(Path(folder), engine, chosen.kills, chosen.seed)
        print(f"{engine}: {found.kills} kills, {found.parts} parts, the same to the byte: {found.same}", flush=True)
        wrong += not found.same
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
