"""What the tests of scoring share: a tiny model, files of rows with planted faults, and what became of each."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from app.scoring.command import Score, score
from tests.support import tiny

PART_ROWS = 40
TEXT_FAULTS = {3: "1,2", 50: "x,1,true,low,50", 51: ",1,true,low,51", 101: '"a\nb",1,true,low,101'}  # by row, from 0


def model(root: Path) -> Path:
    """Write the model that all of these tests ask."""
    return tiny.write(root, tiny.Tiny(format=2, profiled=True))


def text(rows: int = 130, faults: dict[int, str] = TEXT_FAULTS) -> str:
    """Return a CSV with one row a line but for what is planted."""
    usual = [
        f"{row % 9},{row % 7},{'true' if row % 2 else 'false'},{'low' if row % 3 else 'high'},{row}"
        for row in range(rows)
    ]
    return (
        "\n".join(["age,hours-per-week,member,level,id", *(faults.get(row, line) for row, line in enumerate(usual))])
        + "\n"
    )


def table(rows: int = 130, first: int = 0) -> pa.Table:
    """Return the rows without a fault."""
    numbers = range(first, first + rows)
    return pa.table(
        {
            "age": [float(row % 9) for row in numbers],
            "hours-per-week": [float(row % 7) for row in numbers],
            "member": [bool(row % 2) for row in numbers],
            "level": ["low" if row % 3 else "high" for row in numbers],
            "id": list(numbers),
        }
    )


def parquet(path: Path, rows: int = 130, group_rows: int = 15) -> Path:
    pyarrow.parquet.write_table(table(rows), path, row_group_size=group_rows)
    return path


def run(data: Path | str, out: Path | str, bundle: Path, **options: Any) -> int:
    """Score as the command does, in this process."""
    given = {"data": str(data), "out": str(out), "bundle": bundle, "keep": "id", "part_rows": PART_ROWS} | options
    return score(Score.model_validate(given))


def files(out: Path, parts_only: bool = False) -> dict[str, bytes]:
    """Return everything that was written, by name."""
    found = {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    return {name: data for name, data in found.items() if name.startswith("part-")} if parts_only else found


def answers(out: Path, parts: str = "part-*") -> list[dict[str, Any]]:
    """Return the rows of parts in their order."""
    found = sorted(out.glob(f"{parts}.parquet"))
    return [row for path in found for row in pyarrow.parquet.read_table(path).to_pylist()]


def answers_of(out: Path, stretch: int) -> list[dict[str, Any]]:
    return answers(out, f"part-{stretch:05}-*")


def rejected(out: Path) -> list[dict[str, Any]]:
    """Return what was set aside, in order."""
    return [json.loads(line) for path in sorted(out.glob("_rejected/*")) for line in path.read_text().splitlines()]


def ids(rows: Iterable[dict[str, Any]]) -> Sequence[int]:
    return [int(row["id"]) for row in rows]
