"""Manifest: what a run found -> the facts of `manifest.json`.

It knows nothing about folders or hashes, which `training/bundle/writer.py` adds.
"""

import dataclasses
import importlib.metadata
import platform
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from app.bundle.reader import sha256
from training.compression.selection import facts
from training.data.prepare import Data
from training.evaluation.findings import Findings, Importance, Interval, Intervals
from training.options import Options, flags
from training.options import facts as option_facts
from training.trained_model import TrainedModel
from training.trainer.fit import History

LIBRARIES = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy", "pandas", "scikit-learn")


def manifest(model: TrainedModel, findings: Findings) -> dict[str, Any]:
    """Return every key but `format`, `name`, `version` and `files`."""
    options, data, task = model.options, model.data, model.data.task
    return {
        "task": task.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "target": options.data.target,
        "features": [_feature(name, data) for name in data.features.order],
        "inputs": [_tensor(tensor.name, tensor.dtype, tensor.shape) for tensor in data.features.tensors],
        "outputs": [_tensor(output.name, output.dtype, output.shape) for output in task.outputs],
        "answer": task.answer(),
        "precision": model.choice.chosen.precision,
        "metrics": findings.scores,
        "libraries": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in LIBRARIES},
        },
        "training": {
            **_training(options, data, model.history),
            **model.adjustment.facts(),
            **judged(findings),
            **({"search": model.search.facts()} if model.search else {}),
            "compression": facts(model.choice, options),
        },
    }


def command(options: Options) -> str:
    """Write the command that repeats the run; an absolute path is cut to the file's name."""
    return shlex.join(["python", "-m", "training", _plain_path(options.data.path), *flags(options)])


def _kinds(data: Data) -> set[str]:
    """Return the feature types and the task that had a say."""
    return {column.type for column in data.table.columns} | {data.task.name}


def _plain_path(path: Path) -> str:
    return path.name if path.is_absolute() or ".." in path.parts else path.as_posix()


def _feature(name: str, data: Data) -> dict[str, Any]:
    features = data.features
    return {
        "name": name,
        "type": features.type_of(name).name,
        "optional": data.optional[name],
        "missing_share": round(features.columns[name].missing_share, 6),
        **features.manifest(name),
    }


def _tensor(name: str, dtype: str, shape: Sequence[int | None]) -> dict[str, Any]:
    """Describe an input or an output; the batch comes before its shape."""
    return {"name": name, "dtype": dtype, "shape": [None, *shape]}


def _short(value: float) -> float:
    """Return the shortest number that is the same 32-bit float."""
    return float(str(np.float32(value)))


def _training(options: Options, data: Data, history: History) -> dict[str, Any]:
    table = data.table
    return {
        "command": command(options),
        "options": option_facts(options, _kinds(data)),
        "seed": options.run.seed,
        "data_sha256": sha256(options.data.path),
        "rows": {
            "read": table.rows_read,
            "without_target": table.rows_without_target,
            "repeated": table.rows_repeated,
            "train": data.rows.train,
            "validation": data.rows.validation,
            "test": data.rows.test,
        },
        "dropped": {column.name: column.fate for column in table.columns if column.fate.startswith("dropped")},
        "epochs": len(history.loss),
        "best_epoch": history.best_epoch,
        "interrupted": history.interrupted,
        "mixed_precision": options.fit.mixed_precision,
        "jit": options.fit.jit,
        "learning_rate": history.learning_rate,
        "batch_rows": history.batch_rows,
    }


DIGITS = 6  # significant; the manifest is read by people too


def judged(findings: Findings) -> dict[str, Any]:
    """Return a key for each kind of finding there is."""
    found: dict[str, Any] = {}
    if findings.intervals is not None:
        found["intervals"] = _intervals(findings.intervals)
    if findings.folds is not None:
        scores = findings.folds.scores
        found["folds"] = {name: [_short(metrics[name]) for metrics in scores] for name in scores[0]}
    if findings.importances:
        found["importances"] = _importances(findings.importance_metric, findings.importances)
    if findings.selection is not None:
        found["selection"] = dataclasses.asdict(findings.selection)
    return found


def _importances(metric: str, found: Sequence[Importance]) -> dict[str, Any]:
    losses = {one.feature: [_rounded(end) for end in (one.loss.value, one.loss.low, one.loss.high)] for one in found}
    return {"metric": metric, "lost": losses}


def _intervals(found: Intervals) -> dict[str, Any]:
    return {
        "level": found.level,
        "resamples": found.resamples,
        "shipped": _ends(found.shipped),
        f"shipped_less_{found.opponent}": _ends(found.difference),
    }


def _ends(intervals: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {name: [_rounded(interval.low), _rounded(interval.high)] for name, interval in intervals.items()}


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
