"""Ours: a training by its command, with default options, and what its graph answers to the test rows.

    words ─ python -m training, in a process of its own ─> bundle ─ its graph, on the rows of `prepare` ─> metrics

Bundles are kept, so that a page can be written again.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.texts.opponent import metrics_of
from benchmarks.training.page import ROOT
from training.columns.arrays import predict_in_batches
from training.data.prepare import Data
from training.export.ort_session import Session

INT8, FP32 = "n-grams-int8", "fp32"  # graphs of the manifest: the same n-grams, with a table of 8 bits
BATCH_ROWS = 64


@dataclass(frozen=True)
class Trained:
    """What a run gave."""

    metrics: Mapping[str, float]  # of the graph that ships, on test
    graph_bytes: int
    shipped: str
    int8_points: float | None  # that 8 bits lose in the worst of the claimed metrics; None: no such graph was made


def train(words: Sequence[str], folder: Path) -> Path:
    """Run the command, unless its bundle is there; return the bundle's folder."""
    if not list(folder.glob("*/1/manifest.json")):
        command = [sys.executable, "-m", "training", *words, "--models", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    (written,) = folder.glob("*/1/manifest.json")
    return written.parent


def judged(bundle: Path, data: Data, claimed: Sequence[str]) -> Trained:
    """Judge the graph of a bundle on the test rows."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    graph = (bundle / "model.onnx").read_bytes()
    task = type(data.task).of_answer(manifest["answer"])
    assert task.truths() == data.task.truths(), "the rows were prepared with other options than the bundle's"
    outputs = predict_in_batches(Session(graph).predict, data.test.arrays, BATCH_ROWS)
    shipped = manifest["training"]["compression"]["shipped"]
    return Trained(metrics_of(task, data.test, outputs), len(graph), shipped, int8_points(manifest["metrics"], claimed))


def int8_points(metrics: Mapping[str, Any], claimed: Sequence[str]) -> float | None:
    """Return what 8 bits lose on test, of claimed metrics that a manifest has; else of its first."""
    if INT8 not in metrics:
        return None
    names = [name for name in claimed if name in metrics[FP32]] or ["accuracy"]
    return float(max(100 * (metrics[FP32][name] - metrics[INT8][name]) for name in names))
