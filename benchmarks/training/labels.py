"""How good several labels a row are with default options, beside one model a label of scikit-learn.

    python -m benchmarks.training.labels [--seeds 3] [--data ../shared/data]

    bank      bank marketing: `default`, `housing`, `loan` and `y` from the others but `duration`, a column a label
    baskets   9,835 baskets of a grocer: which of the 12 most frequent goods are in one, by the 60 next ones and how
              many goods it has beside the 12; a column of lists
    verdict   shipped graph ÷ the better of logistic regression and boosting, each with thresholds of its own that are
              chosen on the validation rows: F1 over all labels and the mean ROC AUC, `MUST` each
    int8      points of F1 or ROC AUC that the best static int8 graph that may ship loses to fp32 on the test rows

What is not in `--data` is left out, and said. The page goes into `benchmarks/labels.md`, figures into `labels.json`.
"""

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from benchmarks.training import page
from benchmarks.training.page import ROOT
from benchmarks.training.quality import trained

MUST, POINTS = 0.99, 0.3
METRICS = ("micro_f1", "roc_auc")
OPPONENTS = ("linear", "hist_gradient_boosting")
BANK, BASKETS = "bank_marketing.csv.gz", "groceries_baskets.csv.gz"
TARGETS = ("default", "housing", "loan", "y")
GOODS, OTHERS = 12, 60  # that are predicted, and by which

Manifest = Mapping[str, Any]


def bank(data: Path, _folder: Path) -> list[str]:
    """Return the words of a run on bank marketing."""
    return [str(data / BANK), *(word for name in TARGETS for word in ("--target", name)), "--drop", "duration"]


def baskets(data: Path, folder: Path) -> list[str]:
    """Write one row a basket, and return the words of a run on them."""
    items = pd.read_csv(data / BASKETS)
    ranked = items["item"].value_counts().index.tolist()
    goods, others = ranked[:GOODS], ranked[GOODS : GOODS + OTHERS]
    bought = items.assign(there=True).pivot_table("there", "basket_id", "item", "any", fill_value=False).astype(bool)
    rows = bought[others].assign(others=bought[ranked[GOODS:]].sum(axis=1))
    rows["goods"] = [[good for good, has in zip(goods, row, strict=True) if has] for row in bought[goods].to_numpy()]
    rows.to_parquet(folder / "baskets.parquet", index=False)
    return [str(folder / "baskets.parquet"), "--target", "goods"]


CASES = {"bank": (BANK, bank), "baskets": (BASKETS, baskets)}


def ratio(manifest: Manifest, metric: str) -> float:
    """Return what shipped against the better opponent."""
    metrics = manifest["metrics"]
    found: float = metrics["shipped"][metric] / max(metrics[one][metric] for one in OPPONENTS)
    return found


def int8_points(manifest: Manifest) -> float:
    """Return what the best int8 graph that may ship loses to fp32, the worse of both metrics."""
    metrics, candidates = manifest["metrics"], manifest["training"]["compression"]["candidates"]
    may_ship = [name for name, its in candidates.items() if name.startswith("int8-static") and its["portable"]]
    fp32 = metrics["fp32"]
    found: float = min(max(100 * (fp32[metric] - metrics[name][metric]) for metric in METRICS) for name in may_ship)
    return found


def row(name: str, metric: str, runs: Sequence[Manifest]) -> str:
    """One line a table and metric: medians over the seeds."""
    middle = [
        statistics.median(run["metrics"][model][metric] for run in runs)
        for model in ("shipped", *OPPONENTS, "baseline")
    ]
    found = statistics.median(ratio(run, metric) for run in runs)
    said = "holds" if found >= MUST else "missed"
    return f"| {name} | {metric} | {' | '.join(f'{value:.4f}' for value in middle)} | {found:.4f} | {said} |"


def int8_row(name: str, runs: Sequence[Manifest]) -> str:
    """One line a table: what int8 loses, and what ships."""
    points = statistics.median(map(int8_points, runs))
    shipped = ", ".join(sorted({run["precision"] for run in runs}))
    return f"| {name} | {points:+.2f} | {'holds' if points <= POINTS else 'missed'} | {shipped} |"


def laid_out(runs: Mapping[str, Sequence[Manifest]], seeds: int) -> str:
    """Lay the page out."""
    lines = [
        "# How good several labels a row are with default options",
        "",
        page.made_by(f"labels --seeds {seeds}", next(iter(runs.values()))[0]["libraries"]),
        "Every figure is of the test split; medians over the seeds. The opponents are one model a label, with",
        "thresholds of their own that are chosen on the validation rows as the network's are.",
        f"A ratio is to the better of the two; at least {MUST} must hold.",
        "",
        "| table | metric | shipped | logistic regression | boosting | trivial | shipped ÷ better | |",
        "|---|---|---|---|---|---|---|---|",
        *(row(name, metric, of_name) for name, of_name in runs.items() for metric in METRICS),
        "",
        f"The best int8 graph that may ship, beside fp32; at most {POINTS} points may be lost.",
        "",
        "| table | points lost | | ships as |",
        "|---|---|---|---|",
        *(int8_row(name, of_name) for name, of_name in runs.items()),
    ]
    return "\n".join(lines) + "\n"


def main(
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0 on.")] = 3,
    data: Annotated[Path, typer.Option(help="Folder of the tables.")] = ROOT / "../shared/data",
) -> None:
    """Train on every table with default options and write the page."""
    runs: dict[str, list[Manifest]] = {}
    for name, (file, words) in CASES.items():
        if not (data / file).is_file():
            print(f"Left out, not in {data}: {name}.")
            continue
        with tempfile.TemporaryDirectory() as folder:
            asked = words(data, Path(folder))
            runs[name] = [trained([*asked, "--seed", str(seed)])[0] for seed in range(seeds)]
    figures = {name: [run["metrics"] for run in of_name] for name, of_name in runs.items()}
    page.write("labels", laid_out(runs, seeds), {"runs": figures})


if __name__ == "__main__":
    typer.run(main)
