"""How good training is with default options, on the data of `examples/`.

    python -m benchmarks.quality [--seeds 3] [--only adult,iris]

Each run is `python -m training FILE --target COLUMN`, nothing more; the figures are those that the bundle's own
manifest gives for the test split. The table goes into `benchmarks/quality.md`, with machine and commit.
"""

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "benchmarks" / "quality.md"


@dataclass(frozen=True)
class Case:
    """A data set and what is claimed of it."""

    file: str
    target: str
    claims: dict[str, float]  # test metric -> at least


CASES = {
    "adult": Case("adult.csv.gz", "income", {"accuracy": 0.85, "roc_auc": 0.905}),
    "california": Case("california_housing.csv.gz", "median_house_value", {"r2": 0.78}),
    "diamonds": Case("diamonds.csv.gz", "price", {"r2": 0.97}),
    "iris": Case("iris.csv", "target", {"accuracy": 0.0}),
    "titanic": Case("titanic.csv", "survived", {"accuracy": 0.0}),
}


def run(case: Case, seed: int) -> tuple[dict[str, Any], float]:
    """Train once with default options; return the manifest and the seconds it took."""
    with tempfile.TemporaryDirectory() as models:
        command = [sys.executable, "-m", "training", str(ROOT / "examples" / case.file), "--target", case.target]
        started = time.monotonic()
        done = subprocess.run(
            [*command, "--models", models, "--seed", str(seed)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        seconds = time.monotonic() - started
        (manifest,) = Path(models).glob("*/1/manifest.json")
        return json.loads(manifest.read_text()), seconds


def row(name: str, metric: str, claim: float, runs: list[tuple[dict[str, Any], float]]) -> str:
    """One line of the table: medians over the seeds."""

    def median(model: str) -> float:
        return float(statistics.median(manifest["metrics"][model][metric] for manifest, _ in runs))

    shipped, keras, boosting = median("shipped"), median("keras"), median("hist_gradient_boosting")
    least = min(manifest["metrics"]["shipped"][metric] for manifest, _ in runs)
    seconds = statistics.median(seconds for _, seconds in runs)
    precision = ", ".join(sorted({manifest["precision"] for manifest, _ in runs}))
    verdict = "" if not claim else ("holds" if least >= claim else "missed")
    wanted = f"≥ {claim}" if claim else ""
    return (
        f"| {name} | {metric} | {wanted} | {shipped:.4f} | {least:.4f} | {verdict} | {keras:.4f} | {boosting:.4f} "
        f"| {median('baseline'):.4f} | {precision} | {seconds:.0f} |"
    )


def main(
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0 on.")] = 3,
    only: Annotated[str, typer.Option(help="Data sets by name and comma; left out: all.")] = "",
) -> None:
    """Train on every data set with default options and write the table."""
    names = only.split(",") if only else list(CASES)
    jobs = [(name, seed) for name in names for seed in range(seeds)]
    runs: dict[str, list[tuple[dict[str, Any], float]]] = {name: [] for name in names}
    for name, seed in track(jobs, description="Training"):
        runs[name].append(run(CASES[name], seed))
    rows = [row(name, metric, claim, runs[name]) for name in names for metric, claim in CASES[name].claims.items()]
    page = "\n".join([*head(seeds), *rows]) + "\n"
    print(page)
    if not only:
        PAGE.write_text(page)


def head(seeds: int) -> list[str]:
    """Say what was measured, where and how to repeat it."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return [
        "# How good training is with default options",
        "",
        f"`python -m benchmarks.quality --seeds {seeds}`, commit {commit}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}.",
        "Medians over the seeds on the test split; the verdict is about the worst seed; seconds are the whole command.",
        "",
        "| data | metric | claim | shipped | worst seed | | Keras | HistGradientBoosting | trivial | ships as | s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]


if __name__ == "__main__":
    typer.run(main)
