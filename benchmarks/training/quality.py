"""How good training is with default options, beside scikit-learn's HistGradientBoosting on the same split.

    python -m benchmarks.training.quality [--seeds 3] [--only adult,bank] [--data ../shared/data] [--jobs 1]

    run      `python -m training FILE --target COLUMN`, nothing more (bank marketing without `duration`, which is known
             only after the call)
    row      medians over the seeds of what the bundle's own manifest gives for the test split, and ratios to boosting
    verdict  the median ratio against what must hold (`MUST` each, 1 on three) and what is hoped for (1 on each)

A table of `examples/` is read from there, the others from `--data`; what is not there is left out, and said.
The page goes into `benchmarks/quality.md`, all figures into `benchmarks/quality.json`.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from benchmarks.training import page
from benchmarks.training.page import ROOT

EXAMPLES = ROOT / "examples"
MUST, HOPE, HOPE_ON = 0.985, 1.0, 3  # ratio to boosting, each; and on so many tables at least


@dataclass(frozen=True)
class Case:
    """A table, and what is claimed of it."""

    file: str
    target: str
    main: str | None = None  # the metric whose ratio to boosting is claimed; None: nothing is
    claims: Mapping[str, float] = field(default_factory=dict)  # test metric -> at least, in every seed
    drop: str = ""


CASES = {
    "adult": Case("adult.csv.gz", "income", "roc_auc", {"accuracy": 0.85, "roc_auc": 0.905}),
    "bank": Case("bank_marketing.csv.gz", "y", "roc_auc", drop="duration"),
    "california": Case("california_housing.csv.gz", "median_house_value", "r2", {"r2": 0.78}),
    "diamonds": Case("diamonds.csv.gz", "price", "r2", {"r2": 0.97}),
    "bike": Case("bike_sharing_hour.csv.gz", "cnt", "r2"),
    "iris": Case("iris.csv", "target", claims={"accuracy": 0.0}),
    "titanic": Case("titanic.csv", "survived", claims={"accuracy": 0.0}),
}


@dataclass(frozen=True)
class Run:
    """One run: what the manifest gives, and the whole command's time."""

    name: str
    seed: int
    metrics: Mapping[str, Mapping[str, float]]  # model -> metric -> value, on the test split
    precision: str
    libraries: Mapping[str, str]
    seconds: float

    def ratio(self, metric: str, model: str = "shipped") -> float:
        return self.metrics[model][metric] / self.metrics["hist_gradient_boosting"][metric]


def find(case: Case, data: Path) -> Path | None:
    """Return where a table lies, or None."""
    return next((folder / case.file for folder in (EXAMPLES, data) if (folder / case.file).is_file()), None)


def run(name: str, seed: int, data: Path, more: Sequence[str] = ()) -> Run:
    """Train once with default options."""
    case, path = CASES[name], find(CASES[name], data)
    words = [str(path), "--target", case.target, "--seed", str(seed)]
    manifest, seconds = trained([*words, *(["--drop", case.drop] if case.drop else []), *more])
    return Run(name, seed, manifest["metrics"], manifest["precision"], manifest["libraries"], seconds)


def trained(words: Sequence[str]) -> tuple[dict[str, Any], float]:
    """Run `python -m training` with these words; return the bundle's manifest and the seconds of the whole command."""
    with tempfile.TemporaryDirectory() as models:
        command = [sys.executable, "-m", "training", *words, "--models", models]
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        seconds = time.monotonic() - started
        (written,) = Path(models).glob("*/1/manifest.json")
        return json.loads(written.read_text()), seconds


def claimed_rows(runs: Mapping[str, list[Run]]) -> list[str]:
    """One line a table whose ratio to boosting is claimed."""
    return [_claimed_row(name, metric, runs[name]) for name in runs if (metric := CASES[name].main)]


def _claimed_row(name: str, metric: str, runs: list[Run]) -> str:
    ratios = [run.ratio(metric) for run in runs]
    median = statistics.median(ratios)
    verdict = "hoped for" if median >= HOPE else "holds" if median >= MUST else "missed"
    return (
        f"| {name} | {metric} | {_median(runs, 'shipped', metric):.4f} "
        f"| {_median(runs, 'hist_gradient_boosting', metric):.4f} | {median:.4f} "
        f"| {min(ratios):.4f} | {statistics.median(run.ratio(metric, 'fp32') for run in runs):.4f} | {verdict} |"
    )


def verdict(runs: Mapping[str, list[Run]]) -> str:
    """Say in a sentence whether what must hold does."""
    medians = [
        statistics.median(run.ratio(metric) for run in runs[name]) for name in runs if (metric := CASES[name].main)
    ]
    each, on = sum(ratio >= MUST for ratio in medians), sum(ratio >= HOPE for ratio in medians)
    held = each == len(medians) and on >= HOPE_ON
    return (
        f"At least {MUST} on {each} of {len(medians)}, at least {HOPE:g} on {on} (wanted: each, and {HOPE_ON}): "
        f"{'holds' if held else 'missed'}."
    )


def rows(runs: Mapping[str, list[Run]]) -> list[str]:
    """One line a table and metric: medians over the seeds, worst seed, and what is claimed of it."""
    found = []
    for name, of_name in runs.items():
        case = CASES[name]
        metrics = case.claims or ({case.main: 0.0} if case.main else {})
        found += [_row(name, metric, claim, of_name) for metric, claim in metrics.items()]
    return found


def _row(name: str, metric: str, claim: float, runs: list[Run]) -> str:
    least = min(run.metrics["shipped"][metric] for run in runs)
    said = "" if not claim else ("holds" if least >= claim else "missed")
    wanted = f"≥ {claim}" if claim else ""
    precision = ", ".join(sorted({run.precision for run in runs}))
    return (
        f"| {name} | {metric} | {wanted} | {_median(runs, 'shipped', metric):.4f} | {least:.4f} | {said} "
        f"| {_median(runs, 'keras', metric):.4f} | {_median(runs, 'hist_gradient_boosting', metric):.4f} "
        f"| {_median(runs, 'baseline', metric):.4f} | {precision} | {statistics.median(r.seconds for r in runs):.0f} |"
    )


def _median(runs: list[Run], model: str, metric: str) -> float:
    return float(statistics.median(run.metrics[model][metric] for run in runs))


def main(
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0 on.")] = 3,
    only: Annotated[str, typer.Option(help="Tables by name and comma; left out: all.")] = "",
    data: Annotated[Path, typer.Option(help="Folder of the tables that are not among the examples.")] = ROOT
    / "../shared/data",
    jobs: Annotated[int, typer.Option(help="Runs at a time; more than one makes the seconds longer.")] = 1,
    options: Annotated[str, typer.Option(help="Options of training instead of its defaults, by space.")] = "",
) -> None:
    """Train on every table with default options and write the page."""
    names = [name for name in (only.split(",") if only else CASES) if find(CASES[name], data)]
    absent = [name for name in (only.split(",") if only else CASES) if name not in names]
    if absent:
        print(f"Left out, not in {data}: {', '.join(absent)}.")
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(run, name, seed, data, options.split()) for name in names for seed in range(seeds)]
        done = [made.result() for made in track(as_completed(waiting), "Training", total=len(waiting))]
    runs = {name: sorted((r for r in done if r.name == name), key=lambda r: r.seed) for name in names}
    text = laid_out(runs, seeds, jobs, options)
    if only or absent or options:
        print(text)
    else:
        page.write("quality", text, {"runs": _plain(runs)})


def laid_out(runs: Mapping[str, list[Run]], seeds: int, jobs: int, options: str) -> str:
    """Lay the page out: what was measured, where, how to repeat it, and both tables."""
    libraries = next(iter(runs.values()))[0].libraries
    more = "".join([f" --jobs {jobs}" if jobs > 1 else "", f" --options '{options}'" if options else ""])
    lines = [
        "# How good training is with default options",
        "",
        page.made_by(f"quality --seeds {seeds}{more}", libraries),
        "Every figure is of the test split, which neither training nor any choice has seen.",
        "",
        "## Beside HistGradientBoosting",
        "",
        "Boosting has its defaults and the same training rows. A ratio is taken seed by seed; `shipped` is the graph",
        "that was written, whatever its precision.",
        verdict(runs),
        "",
        "| table | metric | shipped | boosting | shipped ÷ boosting | worst seed | fp32 ÷ boosting | |",
        "|---|---|---|---|---|---|---|---|",
        *claimed_rows(runs),
        "",
        "## All tables",
        "",
        "Medians over the seeds; the verdict is about the worst seed; seconds are the whole command.",
        "",
        "| table | metric | claim | shipped | worst seed | | Keras | boosting | trivial | ships as | s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *rows(runs),
    ]
    return "\n".join(lines) + "\n"


def _plain(runs: Mapping[str, list[Run]]) -> list[dict[str, Any]]:
    return [
        {
            "table": r.name,
            "seed": r.seed,
            "metrics": r.metrics,
            "precision": r.precision,
            "seconds": round(r.seconds, 1),
        }
        for of_name in runs.values()
        for r in of_name
    ]


if __name__ == "__main__":
    typer.run(main)
