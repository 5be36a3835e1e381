"""Manifest: what a run found -> the facts of `manifest.json`.

It knows nothing about folders or hashes, which `training/bundle/writer.py` adds.
"""

import dataclasses
import importlib.metadata
import platform
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from training.columns.bins import shortest
from training.compression.selection import facts
from training.data.prepare import Data
from training.evaluation.findings import Findings, Interval, Intervals, Slices
from training.options import Options, flags
from training.options import facts as option_facts
from training.trained_model import TrainedModel
from training.trainer.fit import History

LIBRARIES = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy", "pandas", "scikit-learn")


def manifest(model: TrainedModel, findings: Findings) -> dict[str, Any]:
    """Return every key but `format`, `name`, `version` and `files`."""
    options, data, task = model.options, model.data, model.data.task
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {
        "task": task.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "target": options.data.target,
        "features": [_feature(name, data) for name in data.features.order],
        "inputs": [_tensor(tensor.name, tensor.dtype, tensor.shape) for tensor in data.features.tensors],
        "outputs": [_tensor(output.name, output.dtype, output.shape) for output in task.outputs],
        "answer": task.answer(),
        "reading": msgspec.to_builtins(data.table.rules),
        "precision": model.choice.chosen.precision,
        "metrics": findings.scores,
        "libraries": {"python": platform.python_version(), **versions},
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
    path = options.data.path
    plain = path.name if path.is_absolute() or ".." in path.parts else path.as_posix()
    return shlex.join(["python", "-m", "training", plain, *flags(options)])


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
    return {"name": name, "dtype": dtype, "shape": [None, *shape]}


def _training(options: Options, data: Data, history: History) -> dict[str, Any]:
    table = data.table
    kinds = {column.type for column in table.columns} | {data.task.name}  # that had a say
    return {
        "command": command(options),
        "options": option_facts(options, kinds),
        "seed": options.run.seed,
        "data_sha256": table.sha256,
        "rows": {
            "read": table.rows_read,
            "without_target": table.rows_without_target,
            **({"weightless": table.rows_weightless} if options.data.weights else {}),
            "repeated": table.rows_repeated,
            "removed": table.rows_removed,
            **vars(data.rows),
        },
        "split": table.split,
        **({"weights": options.data.weights} if options.data.weights else {}),
        "dropped": {column.name: column.fate for column in table.columns if column.fate.startswith("dropped")},
        "epochs": len(history.loss),
        "best_epoch": history.best_epoch,
        "interrupted": history.interrupted,
        "mixed_precision": options.fit.mixed_precision,
        "jit": options.fit.jit,
        "learning_rate": history.learning_rate,
        "batch_rows": history.batch_rows,
    }


MOST_SLICES = 10
DIGITS = 6  # significant; the manifest is read by people too


def judged(findings: Findings) -> dict[str, Any]:
    """Return a key for each kind of finding there is."""
    found: dict[str, Any] = {"judged_by": {"metric": findings.importance_metric, "errors": findings.errors}}
    found |= _all_rounded(findings.account)
    if findings.intervals is not None:
        found["intervals"] = _intervals(findings.intervals)
    if findings.opponents:
        found["opponents"] = dict(findings.opponents)
    if findings.folds is not None:
        scores = findings.folds.scores
        found["folds"] = {name: [shortest(metrics[name]) for metrics in scores] for name in scores[0]}
    if findings.importances:
        losses = {
            one.feature: [*map(_rounded, (one.loss.value, one.loss.low, one.loss.high))] for one in findings.importances
        }
        found["importances"] = {"metric": findings.importance_metric, "lost": losses}
    if findings.slices is not None and findings.slices.slices:
        found["slices"] = _slices(findings.slices)
    if findings.mistakes:
        found["rows_in_report"] = len(findings.mistakes)
    if findings.selection is not None:
        found["selection"] = dataclasses.asdict(findings.selection)
    return found


def _intervals(found: Intervals) -> dict[str, Any]:
    return {
        "level": found.level,
        "resamples": found.resamples,
        "shipped": _ends(found.shipped),
        f"shipped_less_{found.opponent}": _ends(found.difference),
        **({"too_few": dict(found.remarks)} if found.remarks else {}),
    }


def _slices(found: Slices) -> dict[str, Any]:
    return {
        "metric": found.metric,
        "overall": _rounded(found.whole),
        "judged": len(found.slices),
        "worse": sum(one.is_worse for one in found.slices),
        "worst": [
            {
                "feature": one.feature,
                "value": one.values,
                "rows": one.rows,
                "score": _rounded(one.metric.value),
                "low": _rounded(one.metric.low),
                "high": _rounded(one.metric.high),
            }
            for one in found.slices[:MOST_SLICES]
        ],
    }


def _ends(intervals: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {name: [_rounded(interval.low), _rounded(interval.high)] for name, interval in intervals.items()}


def _all_rounded(found: Any) -> Any:
    """Round the floats within lists and objects."""
    if isinstance(found, Mapping):
        return {name: _all_rounded(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [_all_rounded(value) for value in found]
    return _rounded(found) if isinstance(found, float) else found


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
