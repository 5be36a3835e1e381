"""Comparison: two bundles side by side.

It knows nothing about how it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import to_builtins

from app.bundle.manifest import Manifest
from training.columns.arrays import take
from training.errors import DataError
from training.evaluation.bootstrap import draws, interval, resamples_for, unit_count
from training.evaluation.evaluate_bundle import Answers
from training.evaluation.findings import Interval
from training.evaluation.served_bundle import Served
from training.evaluation.trust import remarks

Pair = tuple[Any, Any]  # of the first and of the second; None where one has no such thing
ABSENT = None


@dataclass(frozen=True)
class Comparison:
    """What two bundles are, and where they differ."""

    facts: dict[str, Pair]
    same_rows: bool  # both were judged on the same test rows: one file, one seed, one count
    metrics: dict[str, tuple[float, float]]  # of the shipped graphs, each on the test rows of its training
    features: dict[str, Pair]  # feature -> what it is in each, where that differs
    libraries: dict[str, Pair]  # those that differ
    options: dict[str, Pair]  # those that differ


@dataclass(frozen=True)
class SameRows:
    """Two bundles on the same rows."""

    rows: int
    metrics: dict[str, tuple[Interval, float]]  # the first with its interval, and the second
    difference: dict[str, Interval]  # second less first, row by row
    remarks: dict[str, str]  # metric -> why its interval is too narrow to trust


def compare(first: Served, second: Served) -> Comparison:
    """Put what the manifests say side by side."""
    one, other = first.manifest, second.manifest
    shipped = one.metrics.get("shipped", {}), other.metrics.get("shipped", {})
    return Comparison(
        facts=_zip(_facts(first), _facts(second)),
        same_rows=_test_rows(one) == _test_rows(other),
        metrics={name: (value, shipped[1][name]) for name, value in shipped[0].items() if name in shipped[1]},
        features=_different(_features(one), _features(other)),
        libraries=_different(one.libraries, other.libraries),
        options=_options(one, other),
    )


def on_same_rows(first: Served, second: Served, one: Answers, other: Answers, seed: int = 0) -> SameRows:
    """Judge both on the rows that both answered; raise a DataError for two targets, or no row in common."""
    wanted = [(served.manifest.target, served.task.truths()) for served in (first, second)]
    if wanted[0] != wanted[1]:
        raise DataError(
            f"`--data`: expected two models of the same target and answer. Received: {first.name} of {wanted[0]}, "
            f"{second.name} of {wanted[1]}."
        )
    _, places, others = np.intersect1d(one.lines, other.lines, assume_unique=True, return_indices=True)
    rows = one.rows.take(places)
    if len(np.unique(rows.y, axis=0)) < 2:
        raise DataError("`--data`: expected rows that both can answer, with two different values of the target.")
    pair = first.task.decided(take(one.outputs, places)), second.task.decided(take(other.outputs, others))
    drawn, beside = draws(first.task, rows, pair, resamples_for(len(rows) * first.task.weighing_cost), seed)
    base, found = (first.task.evaluate(rows.y, outputs, rows.weights) for outputs in pair)
    units = unit_count(rows)
    return SameRows(
        rows=len(rows),
        metrics={name: (interval(value, drawn[name], units), found[name]) for name, value in base.items()},
        difference={name: interval(found[name] - base[name], beside[name] - drawn[name], units) for name in base},
        remarks=remarks(first.task, rows, base),
    )


def _facts(served: Served) -> dict[str, Any]:
    manifest, training = served.manifest, served.manifest.training
    rows = training.get("rows", {})
    return {
        "version": served.name,
        "created": manifest.created,
        "task": manifest.task,
        "target": manifest.target,
        "labels": ABSENT if manifest.labels is None else ", ".join(manifest.labels),
        "features": len(manifest.features),
        "precision": manifest.precision,
        "bytes of the graph": manifest.files["model.onnx"].bytes,
        "bytes of the bundle": sum(file.bytes for file in manifest.files.values()),
        "data sha256": training.get("data_sha256", ABSENT),
        "training rows": rows.get("train", ABSENT),
        "test rows": rows.get("test", ABSENT),
        "seed": training.get("seed", ABSENT),
        "epochs": training.get("epochs", ABSENT),
    }


def _test_rows(manifest: Manifest) -> tuple[Any, ...]:
    training = manifest.training
    return training.get("data_sha256"), training.get("seed"), str(training.get("rows")), str(training.get("split"))


def _features(manifest: Manifest) -> dict[str, str]:
    """Feature -> what it is, in words short enough for a table."""
    found = {}
    for feature in manifest.features:
        keys = to_builtins(feature)
        words = f", {len(keys['vocabulary'])} values" if keys.get("vocabulary") else ""
        bounds = "" if keys.get("minimum") is None else f", {keys['minimum']} to {keys['maximum']}"
        found[feature.name] = f"{feature.type}{', optional' if feature.optional else ''}{words}{bounds}"
    return found


def _options(one: Manifest, other: Manifest) -> dict[str, Pair]:
    """Option -> what it was in each, where that differs; the whole command, where one manifest has no more."""
    if all("options" in manifest.training for manifest in (one, other)):
        return _different(_written(one), _written(other))
    return _different(*({"command": manifest.training.get("command", ABSENT)} for manifest in (one, other)))


def _written(manifest: Manifest) -> dict[str, str]:
    """Option -> its value, as on the command line."""
    rooms: Mapping[str, Mapping[str, Any]] = manifest.training["options"]
    values = {name: value for room in rooms.values() for name, value in room.items()}
    return {
        name.replace("_", "-"): ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }


def _zip(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Pair]:
    return {name: (one.get(name, ABSENT), other.get(name, ABSENT)) for name in dict.fromkeys([*one, *other])}


def _different(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Pair]:
    return {name: pair for name, pair in _zip(one, other).items() if pair[0] != pair[1]}
