"""How much memory three million rows take when they are streamed: CSV, compressed CSV and Parquet.

    python -m benchmarks.training.streaming [--data ../shared/data] [--epochs 10] [--whole]

    run      `python -m training FILE --target delay`, which streams by itself
    peak     the most that was resident, TensorFlow's libraries included
    --whole  also with `--no-stream`, to compare

The page goes into `benchmarks/streaming.md`, all figures into `benchmarks/streaming.json`.
"""

import gzip
import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import pyarrow.csv
import pyarrow.parquet
import typer
from rich.progress import track

from benchmarks.harness.command_cost import ROOT, run
from benchmarks.training import page

FILE, TARGET = "us_flights_2001_3m.csv.gz", "delay"
MUST_MB, HOPE_MB = 2048, 1024


def files(packed: Path, folder: Path) -> list[Path]:
    """Write the same rows as CSV and as Parquet."""
    plain, parquet = folder / "flights.csv", folder / "flights.parquet"
    with gzip.open(packed) as source, plain.open("wb") as target:
        shutil.copyfileobj(source, target)
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(plain), parquet, row_group_size=2**18)
    return [packed, plain, parquet]


def measure(path: Path, epochs: int, *more: str) -> dict[str, Any]:
    """Train once."""
    with tempfile.TemporaryDirectory() as models:
        words = ["-m", "training", str(path), "--target", TARGET, "--models", models, "--epochs", str(epochs), *more]
        ran = run(words)
        (written,) = Path(models).glob("*/1/manifest.json")
        manifest = json.loads(written.read_text())
    facts = {name: value for name, value in asdict(ran).items() if name != "output"}
    return facts | {
        "file": path.name,
        "options": " ".join(more),
        "file_mb": path.stat().st_size / 2**20,
        "r2": {name: scores["r2"] for name, scores in manifest["metrics"].items()},
        "epochs": manifest["training"]["epochs"],
        "batch_rows": manifest["training"]["batch_rows"],
        "rows": manifest["training"]["rows"],
        "libraries": manifest["libraries"],
    }


def main(
    data: Annotated[Path, typer.Option(help=f"Folder of {FILE}.")] = ROOT / "../shared/data",
    epochs: Annotated[int, typer.Option(help="At most so many passes.")] = 10,
    whole: Annotated[bool, typer.Option("--whole", help="Also read whole, to compare.")] = False,
) -> None:
    """Train on each file and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        paths = files(data / FILE, Path(folder))
        jobs = [(path, ()) for path in paths] + ([(paths[0], ("--no-stream",))] if whole else [])
        runs = [measure(path, epochs, *more) for path, more in track(jobs, "Training")]
    text = laid_out(runs, epochs)
    page.write("streaming", text, {"runs": runs})


def laid_out(runs: list[dict[str, Any]], epochs: int) -> str:
    """Lay the page out."""
    worst = max(run["peak_mb"] for run in runs if not run["options"])
    verdict = page.verdict(worst, MUST_MB, HOPE_MB)
    lines = [
        "# Three million rows, streamed",
        "",
        page.made_by(f"streaming --epochs {epochs}", runs[0]["libraries"]),
        f"Flights of 2001, eight columns, target `{TARGET}`; the whole command, with export, compression and judging.",
        "",
        f"The highest peak of resident memory: **{worst:,.0f} MB** (must: {MUST_MB:,}, hoped for: {HOPE_MB:,}): "
        f"{verdict}.",
        "Importing the libraries alone takes about 860 MB of it, of which 540 are pages of their files.",
        "",
        "Boosting is fitted on a sample of the training rows. The load average is the machine's, on which others ran.",
        "",
        "| file | MB | options | peak MB | wall s | CPU s | load average | epochs | rows a batch | R² | boosting |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(_line(run) for run in runs),
    ]
    return "\n".join(lines) + "\n"


def _line(run: dict[str, Any]) -> str:
    return (
        f"| {run['file']} | {run['file_mb']:.0f} | {run['options']} | {run['peak_mb']:,.0f} | {run['wall_s']:.0f} "
        f"| {run['cpu_s']:.0f} | {run['load_average']:.1f} | {run['epochs']} | {run['batch_rows']} "
        f"| {run['r2']['shipped']:.4f} | {run['r2']['hist_gradient_boosting']:.4f} |"
    )


if __name__ == "__main__":
    typer.run(main)
