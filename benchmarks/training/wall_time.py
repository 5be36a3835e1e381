"""How long `python -m training` takes on Adult, beside a Keras script written by hand.

    python -m benchmarks.training.wall_time [--seeds 3]

    ours     the whole command with default options: checks, fit, export, compression, baselines, intervals, the card
    script   benchmarks/training/keras_script.py, whole: the same network, optimizer and rule of stopping, batches of 32
    ratio    ours by the script, seed by seed; both in turns, so that a busy machine is busy for both

The page goes into `benchmarks/training_time.md`, all figures into `benchmarks/training_time.json`.
"""

import json
import re
import statistics
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from benchmarks.harness.command_cost import ROOT, Ran, run
from benchmarks.training import page

DATA = ROOT / "examples" / "adult.csv.gz"
MUST, HOPE = 0.5, 0.2


def ours(seed: int) -> dict[str, Any]:
    """Run the command."""
    with tempfile.TemporaryDirectory() as models:
        words = ["-m", "training", str(DATA), "--target", "income", "--models", models, "--seed", str(seed)]
        ran = run(words)
        (written,) = Path(models).glob("*/1/manifest.json")
        manifest = json.loads(written.read_text())
    training = manifest["training"]
    return _facts(ran) | {
        "roc_auc": manifest["metrics"]["shipped"]["roc_auc"],
        "fit_s": _fit_s(ran.output),
        "epochs": training["epochs"],
        "batch_rows": training["batch_rows"],
        "libraries": manifest["libraries"],
    }


def _fit_s(output: str) -> float:
    """Read from what the command prints how long encoding and fit took."""
    found = re.search(r"kept epoch \d+\s+([\d.]+)\s+s", output)
    assert found is not None
    return float(found[1])


def script(seed: int) -> dict[str, Any]:
    """Run the script written by hand."""
    ran = run(["-m", "benchmarks.training.keras_script", str(DATA), str(seed)])
    found: dict[str, Any] = json.loads(ran.output.strip().splitlines()[-1])
    return _facts(ran) | found


def _facts(ran: Ran) -> dict[str, Any]:
    return {name: value for name, value in asdict(ran).items() if name != "output"}


def main(seeds: Annotated[int, typer.Option(help="How many seeds, from 0 on.")] = 3) -> None:
    """Time both and write the page."""
    pairs = [(ours(seed), script(seed)) for seed in track(range(seeds), "Training")]
    text = laid_out(pairs)
    page.write("training_time", text, {"runs": [{"ours": a, "script": b} for a, b in pairs]})


def laid_out(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """Lay the page out."""
    ratio = statistics.median(ours["wall_s"] / script["wall_s"] for ours, script in pairs)
    of_cpu = statistics.median(ours["cpu_s"] / script["cpu_s"] for ours, script in pairs)
    of_fit = statistics.median(ours["fit_s"] / script["fit_s"] for ours, script in pairs)
    verdict = page.verdict(ratio, MUST, HOPE)
    lines = [
        "# How long training takes, beside a Keras script written by hand",
        "",
        page.made_by(f"wall_time --seeds {len(pairs)}", pairs[0][0]["libraries"]),
        "Adult, from the command to the bundle, and to the script's last line; in turns.",
        "The command also checks the data, exports, compresses, fits the baselines, computes intervals and writes the "
        "card; [the script](training/keras_script.py) does none of it.",
        "",
        f"Wall time of the command by that of the script, the median: **{ratio:.2f}** (must: {MUST}, hoped for: "
        f"{HOPE}): {verdict}. Of the processor's time: {of_cpu:.2f}. Of the seconds of the fit alone: {of_fit:.2f}.",
        "",
        "| seed | who | wall s | fit s | CPU s | epochs | rows a batch | test ROC AUC | load average |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
        *(line for seed, pair in enumerate(pairs) for line in _lines(seed, *pair)),
    ]
    return "\n".join(lines) + "\n"


def _lines(seed: int, ours: dict[str, Any], script: dict[str, Any]) -> list[str]:
    return [
        f"| {seed} | {who} | {of['wall_s']:.1f} | {of['fit_s']:.1f} | {of['cpu_s']:.1f} | {of['epochs']} "
        f"| {of.get('batch_rows', 32)} | {of['roc_auc']:.4f} | {of['load_average']:.1f} |"
        for who, of in (("command", ours), ("script", script))
    ]


if __name__ == "__main__":
    typer.run(main)
