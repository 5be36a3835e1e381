"""Rows of the Adult data as callers send them, and the same with one number moved: traffic that has drifted.

    adult_rows(count)                  real rows from `examples/adult.csv.gz`, in an order that is always the same
    shifted(rows, "age", deviations)   one feature moved by so many of its standard deviations
    write_csv(path, rows)              for `python -m app drift`
    send(ask, rows)                    POST /predict, all of them

The service looks at all rows while at most `app.drift.sampling.ROWS_MAX` come between two folds, which happen each
second and at each scrape of /metrics; `send` therefore lets its caller scrape in between.
"""

import csv
import gzip
import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import pstdev
from typing import Any

from app.drift.sampling import ROWS_MAX
from tests.support.serving import ROOT

Instance = dict[str, Any]
ADULT = ROOT / "models/adult-income/1"
REQUEST_ROWS = 50


def adult_rows(count: int, seed: int = 1) -> list[Instance]:
    """Return real rows, without their target, as instances."""
    features = json.loads((ADULT / "manifest.json").read_text())["features"]
    numbers = {feature["name"]: feature["type"] == "number" for feature in features}
    with gzip.open(ROOT / "examples/adult.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = random.Random(seed).sample(rows, count)
    return [
        {
            name: float(row[name]) if number else row[name]
            for name, number in numbers.items()
            if row[name] not in ("", "?")
        }
        for row in chosen
    ]


def shifted(rows: Sequence[Instance], feature: str, deviations: float = 1.0) -> list[Instance]:
    """Move a number by so many of its standard deviations among `rows`."""
    step = deviations * pstdev([row[feature] for row in rows])
    return [row | {feature: row[feature] + step} for row in rows]


def write_csv(path: Path, rows: Iterable[Instance]) -> Path:
    """Write instances with a column for each feature; an empty cell is missing."""
    features = json.loads((ADULT / "manifest.json").read_text())["features"]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [feature["name"] for feature in features])
        writer.writeheader()
        writer.writerows(rows)
    return path


def send(ask: Callable[[bytes], None], rows: Sequence[Instance], scrape: Callable[[], None]) -> None:
    """Send every row.

    Args:
        ask: sends the body of a request to `/predict` and makes sure of its answer.
        rows: what to send, `REQUEST_ROWS` in each.
        scrape: reads `/metrics`, or waits for the next second: called before more rows come than are looked at.
    """
    for place in range(0, len(rows), REQUEST_ROWS):
        if place % (ROWS_MAX - REQUEST_ROWS) < REQUEST_ROWS:
            scrape()
        ask(json.dumps({"instances": rows[place : place + REQUEST_ROWS]}).encode())
    scrape()
