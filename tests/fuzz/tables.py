"""Tables made at random: whatever the format and the size of the pieces, a file is read in one way.

    python -m tests.fuzz.tables [--examples N] [--seed S]

A table is written as CSV, TSV, Parquet and JSON lines. Of each file, pieces of several sizes must give the same
columns, types, refusals, warnings, statistics and split, in memory and in a temporary file; of all files together, the
same but for what the table of `docs/data.md` says.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from training.data import survey as surveying
from training.data.prepare import Data, prepare
from training.errors import DataError
from training.options import Options

SIZES = ((2**21, 65_536), (700, 13), (2_000, 64))  # bytes of text and rows of a piece
FORMATS = ("csv", "tsv", "parquet", "jsonl")
WORDS = [
    "red",
    "green",
    "deep blue",
    "naïve",
    "Ōsaka",
    'say "hi"',
    "a, b",
    "tab\tbed",
    "50% off",
    "x;y",
    "it's",
    "#one",
]
NAMES = ["size", "weight, kg", 'the "best"', "größe", "a.b[c]", "😀", "50%", "$", "instances", "lead", "x y"]
CLOSE = 1e-9

Table = dict[str, list[Any]]


@dataclass(frozen=True)
class Result:
    """All that a user sees of a file that was prepared, or why it was refused."""

    refusal: str = ""
    columns: tuple[tuple[str, str, str, int, float], ...] = ()  # name, type, fate, different, missing share
    task: str = ""
    warnings: tuple[str, ...] = ()
    train: tuple[Any, ...] = ()
    test: tuple[Any, ...] = ()
    data: Data | None = None


def main() -> int:
    """Make tables, and say how many were taken and how many refused."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.tables", description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    refused = 0
    for number in range(asked.examples):
        with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
            refused += bool(examine(made(asked.seed + number), Path(folder)).refusal)
        if number % 100 == 99:
            print(f"{number + 1:,} tables read alike, {refused:,} of them refused", flush=True)
    return 0


def examine(table: Table, folder: Path) -> Result:
    """Write a table in every format and read each in every way; raise an AssertionError that names a difference."""
    results = {}
    for form in FORMATS:
        path = folder / f"rows.{form}"
        write(table, path)
        results[form] = _one(path)
    first = results[FORMATS[0]]
    for form, other in results.items():
        same(first, other, f"csv and {form}", between_formats=True)
    return first


def _one(path: Path) -> Result:
    """Read a file in pieces of every size, in memory and not: of the small ones, each table has one of the two."""
    whole = read(path, *SIZES[0], stream=False)
    first = bool(whole.train and len(whole.train) % 2)
    for size, stream in zip(SIZES, (True, first, not first), strict=True):
        same(whole, read(path, *size, stream=stream), f"{path.name} in pieces of {size}, streamed: {stream}")
    return whole


def read(path: Path, chunk_bytes: int, chunk_rows: int, *, stream: bool) -> Result:
    """Prepare a file in pieces of a size."""
    surveying.CHUNK_BYTES, surveying.CHUNK_ROWS = chunk_bytes, chunk_rows
    try:
        data = prepare(Options.of(data=path, target="y", stream=stream))
    except DataError as error:
        return Result(refusal=str(error).replace(path.name, "FILE").replace(str(path.parent), ""))
    finally:
        surveying.CHUNK_BYTES, surveying.CHUNK_ROWS = SIZES[0]
    columns = tuple((c.name, c.type, c.fate, c.different, round(c.missing_share, 9)) for c in data.table.columns)
    warnings = tuple(warning.replace(path.name, "FILE") for warning in data.warnings)
    train, test = tuple(data.train.y.tolist()), tuple(data.test.y.tolist())
    return Result("", columns, data.task.name, warnings, train, test, data)


def same(one: Result, other: Result, where: str, *, between_formats: bool = False) -> None:
    """Raise an AssertionError where two results differ."""
    for name in ("refusal", "columns", "task", "warnings", "train", "test"):
        ours, theirs = getattr(one, name), getattr(other, name)
        if between_formats and name == "warnings":  # but for those of the form of a file
            ours, theirs = (tuple(one for one in each if not one.startswith("FILE")) for each in (ours, theirs))
        if between_formats and name == "refusal":
            ours, theirs = bool(ours), bool(theirs)
        assert ours == theirs, f"{where}: {name}\n{getattr(one, name)}\n{getattr(other, name)}"
    if one.data is None or other.data is None:
        return
    for name, column in one.data.features.columns.items():
        _close(vars(column), vars(other.data.features.columns[name]), f"{where}: {name}")


def _close(one: Any, other: Any, where: str) -> None:
    """Compare statistics: sums to a billionth, everything else exactly."""
    if isinstance(one, dict):
        for key, value in one.items():
            _close(value, other[key], f"{where}.{key}")
    elif hasattr(one, "__dataclass_fields__"):
        _close(vars(one), vars(other), where)
    elif isinstance(one, float):
        assert np.isclose(one, other, rtol=CLOSE, atol=0, equal_nan=True), f"{where}: {one!r} {other!r}"
    elif isinstance(one, tuple) and one and not isinstance(one[0], str):
        assert len(one) == len(other), where
        for place, value in enumerate(one):
            _close(value, other[place], f"{where}[{place}]")
    else:
        assert one == other, f"{where}: {one!r} {other!r}"


# ── tables ──


def made(seed: int) -> Table:
    """Make a table of up to eight columns, with a target `y`."""
    chance = random.Random(seed)
    rows = chance.choice([55, 60, 120, 300])
    names = chance.sample(NAMES, chance.randint(1, 7))
    table = {name: _column(chance, rows) for name in names}
    table["y"] = chance.choice(TARGETS)(chance, rows)
    if chance.random() < 0.3:  # some rows come again
        again = [chance.randrange(rows) for _ in range(rows // 4)]
        table = {name: [*values, *(values[row] for row in again)] for name, values in table.items()}
    return table


def _column(chance: random.Random, rows: int) -> list[Any]:
    values = chance.choice(COLUMNS)(chance, rows)
    share = chance.choice([0, 0, 0.1, 0.6])
    return [None if chance.random() < share else value for value in values]


def _wholes(chance: random.Random, rows: int) -> list[Any]:
    return [chance.randint(-50, 500) for _ in range(rows)]


def _floats(chance: random.Random, rows: int) -> list[Any]:
    return [round(chance.gauss(0, 100), chance.randint(0, 6)) for _ in range(rows)]


def _booleans(chance: random.Random, rows: int) -> list[Any]:
    return [chance.random() < 0.4 for _ in range(rows)]


def _words(chance: random.Random, rows: int) -> list[Any]:
    some = chance.sample(WORDS, chance.randint(2, 6))
    return [chance.choice(some) for _ in range(rows)]


def _texts(chance: random.Random, rows: int) -> list[Any]:
    return [f"{chance.choice(WORDS)}\n{chance.choice(WORDS)} {number}" for number in range(rows)]


def _dates(chance: random.Random, rows: int) -> list[Any]:
    first = date(chance.choice([1066, 1999, 2024]), 1, 1)
    return [first + timedelta(days=chance.randint(0, 900)) for _ in range(rows)]


def _constant(chance: random.Random, rows: int) -> list[Any]:
    return [chance.choice(WORDS)] * rows


def _numbers(chance: random.Random, rows: int) -> list[Any]:
    return list(range(1, rows + 1))


def _codes(chance: random.Random, rows: int) -> list[Any]:
    return [f"{chance.choice('ABC')}{chance.randint(0, 30):03}" for _ in range(rows)]


COLUMNS: list[Callable[[random.Random, int], list[Any]]] = [
    _wholes, _floats, _booleans, _words, _texts, _dates, _constant, _numbers, _codes
]  # fmt: skip
TARGETS: list[Callable[[random.Random, int], list[Any]]] = [_words, _floats, _booleans]


# ── files ──


def write(table: Table, path: Path) -> None:
    """Write a table in the form that the ending of the name says."""
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pa.table({name: pa.array(values) for name, values in table.items()}), path)
    elif path.suffix == ".jsonl":
        rows = zip(*table.values(), strict=True)
        lines = [json.dumps(dict(zip(table, row, strict=True)), default=str, ensure_ascii=False) for row in rows]
        path.write_text("\n".join(lines) + "\n")
    else:
        written = {
            name: [str(v).lower() if isinstance(v, bool) else v for v in values] for name, values in table.items()
        }
        frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in written.items()})
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


if __name__ == "__main__":
    sys.exit(main())
