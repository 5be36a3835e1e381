"""Files that nobody meant: good ones with bytes flipped, cells swapped, pieces cut out, put in or doubled.

    python -m tests.fuzz.files [--mutations N] [--seconds S] [--seed S] [--commands N]

Each goes, in process, through what `python -m training inspect` calls. It gives a result or one clear message, within
`PATIENCE_S`; anything else ends the run and is kept. `--commands` asks the command itself of so many of each outcome.
"""

import argparse
import collections
import gzip
import io
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.feather

from tests.fuzz.tables import made, write
from training.data.prepare import prepare
from training.data.survey import survey
from training.errors import DataError
from training.options import Options

PATIENCE_S = 5
LONGEST_MESSAGE = 4000
SEEDS = 24
ODD = [
    b'"',
    b"'",
    b"\n",
    b"\r",
    b"\0",
    b"\x1a",
    b",",
    b";",
    b"\t",
    b"|",
    b"\\",
    b"#",
    b"\xef\xbb\xbf",
    b"\xff",
    b"sep=;\n",
]
ODD += [
    b"sep=;\n",
    b"1.234,56",
    b"NA",
    b"\\N",
    b"0000-00-00",
    b"31.12.2023",
    b"1e400",
    b"9" * 40,
    b"{",
    b"[",
    b'""""',
    b"\xc2\xa0",
]


def main() -> int:
    """Mutate and read until there were enough; 1 where one was neither read nor refused."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.files", description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commands", type=int, default=50)
    asked = parser.parse_args()
    counts: collections.Counter[str] = collections.Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        for name, content in mutated(Path(folder), asked.seed):
            if sum(counts.values()) >= asked.mutations or time.monotonic() - began > asked.seconds:
                break
            path = Path(folder) / name
            path.write_bytes(content)
            try:
                found = outcome(path)
                if counts[found] < asked.commands:
                    ask(path)
            except BaseException:
                kept = Path(f"mutated-{name}")
                kept.write_bytes(content)
                print(f"Kept as {kept}.", file=sys.stderr)
                raise
            counts[found] += 1
    print(f"{sum(counts.values()):,} files in {time.monotonic() - began:.0f} s: {dict(counts)}")
    return 0


def outcome(path: Path) -> str:
    """Read a file as `inspect` does, with a target and without; raise what is no message for a person."""
    began = time.thread_time()
    found = "read"
    try:
        named = survey(Options.of(data=path).data, lambda _share: None, for_training=False)
        prepare(Options.of(data=path, target=list(named.tallies)[-1]))
    except DataError as error:
        found = "refused"
        message = str(error)
        assert len(message) < LONGEST_MESSAGE, f"{len(message)} characters: {message[:200]}"
        assert "Traceback" not in message, message
    took_s = time.thread_time() - began
    assert took_s < PATIENCE_S, f"{took_s:.1f} s"
    return found


def ask(path: Path) -> None:
    """Let the command itself read a file; raise an AssertionError unless it ends as it says."""
    done = subprocess.run(
        [sys.executable, "-m", "training", "inspect", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback" not in done.stderr, done.stderr


def mutated(folder: Path, seed: int) -> Iterator[tuple[str, bytes]]:
    """Give names and contents of broken files, without end, the same in every run."""
    chance = random.Random(seed)
    seeds = list(good(folder))
    while True:
        name, content = chance.choice(seeds)
        broken = bytearray(content)
        for _ in range(chance.choice([1, 1, 2, 5, 20])):
            chance.choice(MUTATIONS)(chance, broken)
        if name.endswith(".gz") and chance.random() < 0.5:
            yield name, gzip.compress(bytes(broken))
        else:
            yield name, bytes(broken)


def good(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give small good files in every form."""
    for number in range(SEEDS):
        table = made(number)
        for form in ("csv", "tsv", "parquet", "jsonl"):
            path = folder / f"good-{number}.{form}"
            write(table, path)
            yield path.name, path.read_bytes()
        csv = (folder / f"good-{number}.csv").read_bytes()
        yield f"good-{number}.csv.gz", csv
        yield f"semicolon-{number}.csv", csv.replace(b",", b";").replace(b".", b",")
        yield f"wide-{number}.csv", csv.decode().encode("utf-16")
        sink = io.BytesIO()
        pyarrow.feather.write_feather(pa.table({name: pa.array(column) for name, column in table.items()}), sink)
        yield f"good-{number}.feather", sink.getvalue()


# ── mutations ──


def _flip(chance: random.Random, content: bytearray) -> None:
    if content:
        content[chance.randrange(len(content))] = chance.randrange(256)


def _cut(chance: random.Random, content: bytearray) -> None:
    start = chance.randrange(len(content) + 1)
    del content[start : start + chance.choice([1, 4, 40])]


def _truncate(chance: random.Random, content: bytearray) -> None:
    if chance.random() < 0.3:
        del content[chance.randrange(len(content) + 1) :]


def _insert(chance: random.Random, content: bytearray) -> None:
    place = chance.randrange(len(content) + 1)
    content[place:place] = chance.choice(ODD)


def _double(chance: random.Random, content: bytearray) -> None:
    start = chance.randrange(len(content) + 1)
    piece = content[start : start + chance.choice([4, 40, 400])]
    place = chance.randrange(len(content) + 1)
    content[place:place] = piece


def _swap(chance: random.Random, content: bytearray) -> None:
    """Swap two cells of a text."""
    cells = bytes(content).split(b",")
    if len(cells) > 1:
        one, other = chance.randrange(len(cells)), chance.randrange(len(cells))
        cells[one], cells[other] = cells[other], cells[one]
        content[:] = b",".join(cells)


MUTATIONS: list[Callable[[random.Random, bytearray], None]] = [_flip, _cut, _truncate, _insert, _double, _swap]


if __name__ == "__main__":
    sys.exit(main())
