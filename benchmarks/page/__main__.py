"""`python -m benchmarks.page`: the page in a real browser; writes `page.md` and `page.json`.

    python -m benchmarks.page [--pairs 7] [--presses 100] [--rows 100000]       (about 3 minutes)

    a service with Adult and the bundles of tests/page ─> measures, one after the other ─> claims ─> the page

Every time is taken in the page itself, by the browser's clock; CPU and memory come from /proc.
"""

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.page import measures
from benchmarks.page.report import page
from benchmarks.training.page import write
from tests.page import bundles
from tests.support.serving import ROOT, process

ADULT = ROOT / "models" / "adult-income"
SMALL_ROWS = 50
TABLES = ("binary", "classes", "value", "labels")  # a bundle of each answer, with every type of feature


def models(folder: Path) -> Path:
    """Fill a folder with Adult and a bundle of each kind."""
    folder.mkdir()
    (folder / "adult-income").symlink_to(ADULT)
    for name in TABLES:
        bundles.write(folder, name)
    return folder


def measure(folder: Path, pairs: int, presses: int, rows: int) -> dict[str, Any]:
    """Measure everything on one service."""
    small, large = measures.adult_csv(folder, SMALL_ROWS), measures.adult_csv(folder, rows)
    golden = json.loads((ADULT / "1" / "golden.json").read_text())["instances"]
    with process(models(folder / "models"), folder, "--log-level", "warning") as started:
        service = measures.Service(started.address, started.popen.pid)
        return {
            "load_average": measures.busy(),
            "looking": measures.looking(service),
            "sizes": measures.sizes(service, ("adult-income", *TABLES), small),
            "usable_ms": measures.usable(service, pairs),
            "answer_ms": measures.answers(service, presses),
            "large_file": measures.large_file(service, large, 10 * presses),
            "shapley": measures.shapley(service, golden[:24]),
        }


def main(
    pairs: Annotated[int, typer.Option(min=1, help="Cold starts of the page and of /docs.")] = 7,
    presses: Annotated[int, typer.Option(min=10, help="Key presses.")] = 100,
    rows: Annotated[int, typer.Option(min=1, help="Rows of the large file.")] = 100_000,
) -> None:
    """Measure, write the page and its figures, and show it."""
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), pairs, presses, rows)
    write("page", page(found, rows), {**found, "rows": rows})


if __name__ == "__main__":
    typer.run(main)
