"""Kill a training ten times at random moments, resume it each time, and compare what it ends with.

    python -m benchmarks.training.kill_and_resume [--kills 10] [--seed 0] [--data FILE --target COLUMN]

    whole    the command left alone: how long it takes before and after the fit, and its bundle
    broken   the same command with --checkpoints, killed (SIGKILL) by turns at a moment drawn evenly from the whole
             command's time, and at one drawn evenly from the time after the fit (export, compress, judge, write);
             after each kill the folders are looked at, and the command is repeated; one that has written its bundle is
             compared and begun anew
    verdict  every constant of the graph, the golden answers and every test metric of both bundles, which must be the
             same to the last bit; names of nodes differ from process to process

Compression is forced to one precision: which graph ships by default depends on latencies, which no two runs share.
The page goes into `benchmarks/kills.md`, all figures into `benchmarks/kills.json`.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnx
import typer

from benchmarks.training import page
from benchmarks.training.page import ROOT

UNBUFFERED = {**os.environ, "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Kill:
    """One SIGKILL and what it left."""

    after_s: float
    since: str
    said_last: str  # the stage that had been said before, or "" when nothing had
    ended: bool  # the command had ended by then
    epochs_kept: int  # of the newest whole checkpoint
    half_written: int  # files and folders that the kill cut off, which nobody reads


def start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen([*command], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, env=UNBUFFERED)


def finish(command: list[str], log: Path) -> tuple[float, float]:
    """Run a command to its end; return its seconds, and those of them after the fit."""
    began = time.monotonic()
    process = start(command, log)
    fitted_s = wait_for_the_fit(process, log) - began
    if process.wait():
        raise SystemExit(f"{' '.join(command)} failed:\n{log.read_text()}")
    took_s = time.monotonic() - began
    return took_s, took_s - fitted_s


def wait_for_the_fit(process: subprocess.Popen[bytes], log: Path) -> float:
    """Return when the fit had ended, or the process."""
    while process.poll() is None and not any(line.startswith("Train ") for line in log.read_text().splitlines()):
        time.sleep(0.02)
    return time.monotonic()


def kill(command: list[str], after_s: float, log: Path, folders: tuple[Path, Path], *, fitted: bool) -> Kill:
    """Start the command, kill it so long after its start or the end of its fit, and look at what it left."""
    process = start(command, log)
    if fitted:
        wait_for_the_fit(process, log)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    models, checkpoints = folders
    cut = [*models.glob("*/.writing-*"), *checkpoints.glob("*.tmp")]
    since = "the fit" if fitted else "the start"
    return Kill(after_s, since, stage(log), process.returncode == 0, epochs_kept(checkpoints), len(cut))


def stage(log: Path) -> str:
    """Name what the run said last: a stage or an epoch."""
    known = (
        "Prepare",
        "Resume",
        "epoch",
        "Train",
        "Calibrate",
        "Export",
        "Compress",
        "Explain",
        "Judge",
        "Write",
        "Wrote",
    )
    lines = [line.lstrip("│┃ ") for line in log.read_text().splitlines()]
    said = [line.split() for line in lines if line.startswith(known)]
    return " ".join(said[-1][: 2 if said[-1][0] == "epoch" else 1]).rstrip(":") if said else ""


def epochs_kept(checkpoints: Path) -> int:
    """Read every file under a final name whole, and return the newest's epochs; 0 when there is none."""
    epochs = [0]
    for path in checkpoints.glob("epoch-*.npz"):
        with np.load(path, allow_pickle=False) as members:
            content = {name: members[name] for name in members.files}
        epochs.append(json.loads(content["facts"].tobytes())["epochs"])
    return max(epochs)


def versions(models: Path) -> list[Path]:
    """Return the bundles that stand under a final name."""
    return list(models.glob("*/[0-9]*"))


def outcome(models: Path) -> dict[str, Any]:
    """Read the one bundle there is."""
    (folder,) = versions(models)
    manifest = json.loads((folder / "manifest.json").read_text())
    return {
        "weights_sha256": weights_sha256(folder / "model.onnx"),
        "golden_sha256": hashlib.sha256((folder / "golden.json").read_bytes()).hexdigest(),
        "metrics": manifest["metrics"],
        "epochs": manifest["training"]["epochs"],
        "best_epoch": manifest["training"]["best_epoch"],
        "libraries": manifest["libraries"],
    }


def weights_sha256(graph: Path) -> str:
    """Hash the graph's constants; their names and order differ from process to process."""
    constants = [onnx.numpy_helper.to_array(tensor).tobytes() for tensor in onnx.load(graph).graph.initializer]
    return hashlib.sha256(b"".join(sorted(constants))).hexdigest()


def main(
    kills: Annotated[int, typer.Option(help="How many SIGKILLs.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 0,
    data: Annotated[Path, typer.Option(help="Table.")] = ROOT / "examples" / "california_housing.csv.gz",
    target: Annotated[str, typer.Option(help="Its target.")] = "median_house_value",
    options: Annotated[str, typer.Option(help="Further options of training, by space.")] = "",
) -> None:
    """Kill, resume, compare, and write the page."""
    command = [sys.executable, "-m", "training", str(data), "--target", target, "--precision", "int8-static"]
    command += options.split()
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        whole_s, after_fit_s = finish([*command, "--models", str(here / "whole")], here / "log")
        whole = outcome(here / "whole")
        models, checkpoints = here / "broken", here / "checkpoints"
        broken = [*command, "--models", str(models), "--checkpoints", str(checkpoints)]
        found: list[Kill] = []
        while len(found) < kills:
            fitted = len(found) % 2 == 1
            after_s = draw.uniform(0, after_fit_s if fitted else whole_s)
            made = kill(broken, after_s, here / "log", (models, checkpoints), fitted=fitted)
            print(made, flush=True)
            found += [] if made.ended else [made]
            if versions(models) and not checkpoints.exists():
                check(outcome(models), whole)
                shutil.rmtree(models)
        finish(broken, here / "log")
        results = {"whole": whole, "broken": outcome(models)}
        left = sorted(path.name for path in checkpoints.glob("*")) if checkpoints.is_dir() else []
    report(command, found, results, whole_s, left)


def said(holds: bool) -> str:
    return "yes" if holds else "NO"


def check(one: dict[str, Any], other: dict[str, Any]) -> None:
    if one != other:
        raise SystemExit(f"A resumed run ended otherwise:\n{one}\n{other}")


def report(
    command: list[str], kills: list[Kill], results: dict[str, dict[str, Any]], whole_s: float, left: list[str]
) -> None:
    """Write the page and the figures."""
    whole, broken = results["whole"], results["broken"]
    same = {key: whole[key] == broken[key] for key in ("weights_sha256", "golden_sha256", "metrics")}
    main_metric = "roc_auc" if "roc_auc" in whole["metrics"]["shipped"] else "r2"
    shown = " ".join(["python", *command[1:3], Path(command[3]).name, *command[4:]])
    lines = [
        "# Killed at random moments and resumed",
        "",
        page.made_by(f"kill_and_resume --kills {len(kills)}", whole["libraries"]),
        f"The command is `{shown} --checkpoints FOLDER`; left alone it took {whole_s:.0f} s.",
        "SIGKILLs came by turns at a moment drawn evenly from that time, and from the time after the fit;",
        "the command was then repeated as it was.",
        "",
        f"The same to the last bit: the graph's constants, {said(same['weights_sha256'])}; the golden answers, "
        f"{said(same['golden_sha256'])}; all test metrics, {said(same['metrics'])} "
        f"({main_metric} {broken['metrics']['shipped'][main_metric]!r} and "
        f"{whole['metrics']['shipped'][main_metric]!r}). "
        f"Epochs {broken['epochs']} and {whole['epochs']}. "
        f"Checkpoints left after the end: {', '.join(left) or 'none'}.",
        "Every file under a final name was whole after every kill; what is half-written has another name, which nobody",
        "reads.",
        "",
        "| kill | s after | | the run had said last | epochs in the newest checkpoint | left half-written |",
        "|---|---:|---|---|---:|---:|",
    ]
    lines += [
        f"| {i} | {k.after_s:.1f} | {k.since} | {k.said_last or 'nothing'} | {k.epochs_kept} | {k.half_written} |"
        for i, k in enumerate(kills, 1)
    ]
    figures = {"whole_s": round(whole_s, 1), **results, "kills": [asdict(k) for k in kills]}
    page.write("kills", "\n".join(lines) + "\n", figures)
    if not all(same.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    typer.run(main)
