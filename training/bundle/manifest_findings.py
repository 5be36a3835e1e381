"""Manifest of findings: what judging found -> keys of `training` in `manifest.json`, for programs.

It knows nothing about the other keys, nor how any of it was computed.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from training.evaluation.findings import Findings, Importance, Interval, Intervals

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
    losses = {one.feature: [_short(end) for end in (one.loss.value, one.loss.low, one.loss.high)] for one in found}
    return {"metric": metric, "lost": losses}


def _intervals(found: Intervals) -> dict[str, Any]:
    return {
        "level": found.level,
        "resamples": found.resamples,
        "shipped": _ends(found.shipped),
        "shipped_less_hist_gradient_boosting": _ends(found.difference),
    }


def _ends(intervals: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {name: [_short(interval.low), _short(interval.high)] for name, interval in intervals.items()}


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
