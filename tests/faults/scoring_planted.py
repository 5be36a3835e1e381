"""`python -m tests.faults.scoring_planted`: a large CSV.gz with planted faults; each is set aside with line and reason.

    Adult, drawn anew ─ every 500th row spoiled in one of four ways ─ gzip ─ score ─> are exactly those set aside?

Cells in quotes that hold line breaks move the lines of all rows behind them.
"""

import argparse
import csv
import gzip
import io
import random
import sys
import tempfile
from pathlib import Path

from tests.app.scoring import jobs
from tests.support.drift_traffic import adult_rows
from tests.support.serving import ROOT

BUNDLE = ROOT / "models" / "adult-income" / "1"
EVERY = 500  # rows, one of which has a fault
BREAK_EVERY = 700  # rows, one of which has a line break in its key
SPOILED = ("too many cells", "text", "too large", "missing")


def spoil(cells: list[str], age: int, way: str) -> list[str]:
    """Return the cells of a row with a fault."""
    if way == "too many cells":
        return [*cells, "x"]
    return [*cells[:age], {"text": "old", "too large": "1e60", "missing": ""}[way], *cells[age + 1 :]]


def planted(path: Path, rows: int, seed: int = 0) -> dict[int, int]:
    """Write the file; return the line of each row that is spoiled, by its number from 1."""
    chosen, drawn = random.Random(seed), adult_rows(20_000)
    names = ["key", *max(drawn, key=len)]  # a row has no name for what is missing
    text = io.StringIO()
    writer, line, found = csv.writer(text, lineterminator="\n"), 2, dict[int, int]()
    writer.writerow(names)
    for row in range(1, rows + 1):
        key = f"key\n{row}" if row % BREAK_EVERY == 0 else f"key {row}"
        known = chosen.choice(drawn)
        cells = [key, *(str(known.get(name, "")) for name in names[1:])]
        if row % EVERY == 0:
            found[row] = line
            cells = spoil(cells, names.index("age"), SPOILED[row // EVERY % len(SPOILED)])
        writer.writerow(cells)
        line += 1 + key.count("\n")
    path.write_bytes(gzip.compress(text.getvalue().encode(), 1))
    return found


def main() -> int:
    """Score the file, and say whether what was set aside is what was spoiled."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="scoring-planted-") as folder:
        data, out = Path(folder) / "rows.csv.gz", Path(folder) / "out"
        expected = planted(data, rows)
        code = jobs.run(data, out, BUNDLE, keep="key", part_rows=65_536)
        found = {row["row"]: row["line"] for row in jobs.rejected(out)}
        answered = [row["key"] for row in jobs.answers(out)]
    wanted = [
        f"key\n{row}" if row % BREAK_EVERY == 0 else f"key {row}" for row in range(1, rows + 1) if row not in expected
    ]
    right = code == 0 and found == expected and answered == wanted
    print(f"{len(answered):,} answered, {len(found):,} of {len(expected):,} set aside with their lines: {right}")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
