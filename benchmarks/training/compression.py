"""What compression saves and costs: the graph that ships beside fp32, a wide network on Adult.

    python -m benchmarks.training.compression [--seeds 3] [--searches quick]

    run      `python -m training adult.csv.gz --target income --hidden 512,512 --compress SEARCH`
    row      the shipped graph ÷ fp32 in bytes and in time at batch 1 and 32, and the points of test ROC AUC that it
             loses; all from the bundle's own manifest, where times were taken in turns in one process
    verdict  the median over the seeds against what must hold (`MUST`) and what is hoped for (`HOPE`)

The page goes into `benchmarks/compression.md`, all figures into `benchmarks/compression.json`.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.progress import track

from benchmarks.training import page, quality

CASE = quality.CASES["adult"]
HIDDEN = "512,512"
METRIC = "roc_auc"
FP32 = "fp32"
MUST = {"bytes": 0.35, "time at batch 32": 0.7, "points of ROC AUC lost": 0.5}
HOPE = {"bytes": 0.28, "time at batch 32": 0.5, "points of ROC AUC lost": 0.2}


@dataclass(frozen=True)
class Run:
    """One run: what the manifest says, and the whole command's time."""

    search: str
    seed: int
    metrics: Mapping[str, Mapping[str, float]]  # model -> metric -> value, on the test split
    compression: Mapping[str, Any]
    libraries: Mapping[str, str]
    seconds: float

    def measured(self, name: str | None = None) -> dict[str, float]:
        """Return what a candidate has of fp32, and what it loses; None: the one that ships."""
        name = name or self.compression["shipped"]
        there, fp32 = self.compression["candidates"][name], self.compression["candidates"][FP32]
        return {
            "bytes": there["bytes"] / fp32["bytes"],
            "time at batch 1": there["latency_us"]["1"] / fp32["latency_us"]["1"],
            "time at batch 32": there["latency_us"]["32"] / fp32["latency_us"]["32"],
            "points of ROC AUC lost": 100 * (self.metrics[FP32][METRIC] - self.metrics[name][METRIC]),
        }


def run(search: str, seed: int) -> Run:
    """Train once."""
    words = [str(quality.EXAMPLES / CASE.file), "--target", CASE.target, "--hidden", HIDDEN]
    manifest, seconds = quality.trained([*words, "--compress", search, "--seed", str(seed)])
    compression = manifest["training"]["compression"]
    return Run(search, seed, manifest["metrics"], compression, manifest["libraries"], seconds)


def claimed_rows(runs: Sequence[Run]) -> list[str]:
    """One line a claim: the median over the seeds, the worst seed, and the verdict."""
    return [_claimed_row(claim, [run.measured()[claim] for run in runs]) for claim in MUST]


def _claimed_row(claim: str, found: Sequence[float]) -> str:
    median = statistics.median(found)
    verdict = page.verdict(median, MUST[claim], HOPE[claim])
    return f"| {claim} | ≤ {MUST[claim]} | ≤ {HOPE[claim]} | {median:.3f} | {max(found):.3f} | {verdict} |"


def shipped_rows(runs: Sequence[Run]) -> list[str]:
    """One line a run: what ships, and what it has of fp32."""
    return [
        f"| {run.search} | {run.seed} | {run.compression['shipped']} | {_cells(run.measured())} | {run.seconds:.0f} |"
        for run in runs
    ]


def candidate_rows(runs: Sequence[Run]) -> list[str]:
    """One line a candidate: medians over the seeds."""
    names = list(runs[0].compression["candidates"])
    return [f"| {name} | {_cells(_medians([run.measured(name) for run in runs]))} |" for name in names]


def _medians(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {what: statistics.median(one[what] for one in found) for what in found[0]}


def _cells(found: Mapping[str, float]) -> str:
    return " | ".join(f"{value:.3f}" for value in found.values())


def laid_out(runs: Mapping[str, list[Run]], seeds: int) -> str:
    """Lay the page out: what was measured, where, how to repeat it, and the tables."""
    searches = list(runs)
    every = [run for of_search in runs.values() for run in of_search]
    lines = [
        "# What compression saves and costs",
        "",
        page.made_by(f"compression --seeds {seeds} --searches {','.join(searches)}", every[0].libraries),
        f"Adult, hidden layers {HIDDEN}; every figure is of the graph that ships ÷ fp32 of the same run. Times were",
        "taken in turns in one process, through the serving engine; the loss is on the test split.",
    ]
    for search, of_search in runs.items():
        lines += [
            "",
            f"## `--compress {search}`",
            "",
            "| shipped ÷ fp32 | must | hope | median | worst seed | |",
            "|---|---|---|---|---|---|",
            *claimed_rows(of_search),
            "",
            "Every candidate, medians over the seeds; what ships is chosen among them on the validation split.",
            "",
            "| candidate | bytes | time at batch 1 | time at batch 32 | points of ROC AUC lost |",
            "|---|---|---|---|---|",
            *candidate_rows(of_search),
        ]
    lines += [
        "",
        "## Runs",
        "",
        "| search | seed | ships | bytes | time at batch 1 | time at batch 32 | points of ROC AUC lost | s |",
        "|---|---|---|---|---|---|---|---|",
        *shipped_rows(every),
    ]
    return "\n".join(lines) + "\n"


def main(
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0 on.")] = 3,
    searches: Annotated[str, typer.Option(help="quick, full, or both by comma.")] = "quick",
) -> None:
    """Train with every seed and search, and write the page."""
    wanted = [(search, seed) for search in searches.split(",") for seed in range(seeds)]
    done = [run(search, seed) for search, seed in track(wanted, "Training")]
    runs = {search: [run for run in done if run.search == search] for search in searches.split(",")}
    text = laid_out(runs, seeds)
    plain = [{"search": r.search, "seed": r.seed, "seconds": round(r.seconds, 1), "metrics": r.metrics} for r in done]
    measured = [{**said, "compression": r.compression} for said, r in zip(plain, done, strict=True)]
    page.write("compression", text, {"runs": measured})


if __name__ == "__main__":
    typer.run(main)
