"""`python -m tests.faults.scoring_kills_on_machines --engine index|ray|spark|s3 --kills 20`: kills where several work.

    undisturbed run of this machine ─> what is right, to the byte
    engine ─ somebody is killed ─ again ─ … ─ to the end ─> the same parts, every row once

    index  two pods at once, one of them killed with all that it started, at a random moment; then started again
    ray    a cluster that stays: a worker or the driver is killed, by turns; what lost its driver is given again
    spark  the driver with its Java and its workers, or one worker, by turns
    s3     the command of one machine, from a bucket to a bucket

A worker that is killed is the engine's to replace; a driver that is killed is started again by this program, as a Job
or a person would.
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow.fs
import pyarrow.parquet

from app.scoring.places import addresses
from tests.app.scoring import jobs, machines
from tests.faults import scoring_kills
from tests.support.serving import PATIENCE_S, ROOT

ROWS, STRETCHES, PART_ROWS = 2_000, 24, 500  # of a file; files; of a part
WORKERS = {"ray": b"ray::work", "spark": b"pyspark.daemon"}  # what a worker's command line holds: no more of Ray's own
MOST_PARTS = 6  # that a kill waits for
LAST_S = 0.3  # the longest wait behind them


class Setting(NamedTuple):
    """Where an engine works, and how what it wrote is seen."""

    words: list[list[str]]  # of each command that runs at once
    variables: list[dict[str, str]]
    written: Callable[[], dict[str, bytes]]
    parts: Callable[[], int]  # markers that stand
    cluster: int = 0  # a process that is not the command's, and holds its workers


def main() -> int:
    """Print what became of each engine."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--engine", choices=("index", "ray", "spark", "s3"), action="append")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    wrong = 0
    for engine in chosen.engine or ("index", "ray", "spark", "s3"):
        with tempfile.TemporaryDirectory(prefix="scoring-kills-") as folder:
            same, stood = tried(Path(folder), engine, chosen.kills, random.Random(chosen.seed))
        kills = f"{sum(map(len, stood))} kills in {len(stood)} rounds, when so many parts stood: {stood}"
        print(f"{engine}: {kills}; the same to the byte: {same}", flush=True)
        wrong += not same
    return int(wrong > 0)


def tried(folder: Path, engine: str, kills: int, chance: random.Random) -> tuple[bool, list[list[int]]]:
    """Run an engine until so many were killed, each round into an empty place, and compare each round's end.

    Say whether all were the same, and how many parts stood at each kill of each round.
    """
    bundle, data = jobs.model(folder / "models"), folder / "rows"
    data.mkdir()
    for number in range(STRETCHES):
        pyarrow.parquet.write_table(jobs.table(ROWS, ROWS * number), data / f"{number:03}.parquet")
    jobs.run(data, folder / "right", bundle, part_rows=PART_ROWS, quiet=True)
    right, stood, same = jobs.files(folder / "right", parts_only=True), list[list[int]](), True
    with _machines(engine) as (variables, cluster):
        while (done := sum(map(len, stood))) < kills:
            setting = _setting(folder, data, bundle, engine, len(stood), variables)._replace(cluster=cluster)
            stood.append(_disturbed(setting, engine, kills - done, chance))
            same = same and setting.written() == right
    return same, stood


@contextlib.contextmanager
def _machines(engine: str) -> Iterator[tuple[dict[str, str], int]]:
    """Start what an engine needs: its variables, and the process of its cluster."""
    if engine == "ray":
        with machines.ray_cluster() as variables:
            [head] = [each for each in machines.children(os.getpid()) if b"start" in machines.line_of(each)]
            yield variables, head
    elif engine == "s3":
        with machines.s3_server() as variables:
            os.environ.update(variables)
            yield variables, 0
    else:
        yield machines.spark() if engine == "spark" else {}, 0


def _setting(folder: Path, data: Path, bundle: Path, engine: str, round_: int, variables: dict[str, str]) -> Setting:
    options = ["--bundle", str(bundle), "--keep", "id", "--part-rows", str(PART_ROWS), "--quiet", "--engine"]
    out = folder / f"out-{round_}"
    command = [str(data), "--out", str(out), *options]
    if engine == "index":
        pods = [{"JOB_COMPLETION_INDEX": str(index), "JOB_COMPLETIONS": "2"} for index in range(2)]
        return Setting(
            [[*command, "index"]] * 2,
            pods,
            lambda: jobs.files(out, parts_only=True),
            lambda: scoring_kills.markers(out),
        )
    if engine == "s3":
        there = f"s3://{machines.BUCKET}/out-{round_}"
        _upload(data)
        command = [f"s3://{machines.BUCKET}/rows/", "--out", there, *options, "here"]
        return Setting([command], [variables], lambda: _objects(there), lambda: _markers(there))
    return Setting(
        [[*command, engine]], [variables], lambda: jobs.files(out, parts_only=True), lambda: scoring_kills.markers(out)
    )


def _disturbed(setting: Setting, engine: str, kills: int, chance: random.Random) -> list[int]:
    """Run commands to their ends, and kill on the way; return how many parts stood at each kill."""
    running, stood = [_start(setting, at) for at in range(len(setting.words))], list[int]()
    try:
        while not all(each.poll() == 0 for each in running):
            _wait_for_parts(setting, running, chance.randint(0, MOST_PARTS))
            time.sleep(chance.uniform(0.0, LAST_S))
            run = chance.choice(running)
            if len(stood) < kills and run.poll() is None:
                stood.append(setting.parts())
                _kill(run, setting, engine, worker=engine in WORKERS and len(stood) % 2 == 1)
            for at, each in enumerate(running):
                if each.poll() not in (None, 0):
                    running[at] = _start(setting, at)
    finally:
        for run in running:
            _end_with_all(run)
    return stood


def _wait_for_parts(setting: Setting, running: "list[subprocess.Popen[bytes]]", more: int) -> None:
    """Wait until there are so many further parts, a command fails, or all have ended."""
    deadline, wanted = time.monotonic() + PATIENCE_S * 4, setting.parts() + more
    while setting.parts() < wanted and {None} <= {each.poll() for each in running} <= {None, 0}:
        assert time.monotonic() < deadline, "no further part"
        time.sleep(0.02)


def _start(setting: Setting, at: int) -> "subprocess.Popen[bytes]":
    environment = os.environ | setting.variables[at]
    return subprocess.Popen(machines.command(setting.words[at]), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


def _kill(run: "subprocess.Popen[bytes]", setting: Setting, engine: str, *, worker: bool) -> None:
    """Kill a worker where there is one, else the command with all that it started."""
    if worker:
        below = machines.descendants(setting.cluster or run.pid)
        found = [each for each in below if WORKERS[engine] in machines.line_of(each)]
        if found:
            machines.end(found[-1])
            return
    _end_with_all(run)


def _end_with_all(run: "subprocess.Popen[bytes]") -> None:
    """End a command and all that it started."""
    for process in [run.pid, *machines.descendants(run.pid)]:
        machines.end(process)
    run.wait()


def _upload(data: Path) -> None:
    system, path = addresses.opened(f"s3://{machines.BUCKET}/rows")
    for each in sorted(data.iterdir()):
        with system.open_output_stream(f"{path}/{each.name}") as stream:
            stream.write(each.read_bytes())


def _objects(address: str) -> dict[str, bytes]:
    system, path = addresses.opened(address)
    found = system.get_file_info(pyarrow.fs.FileSelector(path))
    parts = sorted(each.path for each in found if each.base_name.startswith("part-"))
    return {each.rpartition("/")[2]: system.open_input_stream(each).read() for each in parts}


def _markers(address: str) -> int:
    system, path = addresses.opened(address)
    found = system.get_file_info(pyarrow.fs.FileSelector(f"{path}/_parts", allow_not_found=True))
    return sum(each.base_name.startswith("part-") for each in found)


if __name__ == "__main__":
    sys.exit(main())
