"""Rows with weights beside the same rows so often: the same answers are judged alike, and the fits are near.

It knows nothing about how either is fitted.
"""

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.training.judged_tables import SMALL, fitted
from benchmarks.training.processes import KINDS, TARGET
from training.data.prepare import prepare
from training.options import Options
from training.tasks.evaluate import evaluate

SEEDS, TOLERANCE = 3, 1e-6


@dataclass(frozen=True)
class Repeated:
    """Rows with weights, and the same rows so often."""

    apart: float  # the most that a metric of the same answers differs by
    weighted: tuple[float, ...]  # the main metric of a fit, seed by seed, on the same test rows
    repeated: tuple[float, ...]

    @property
    def noise(self) -> float:
        """How far seeds alone move the metric."""
        return max(max(found) - min(found) for found in (self.weighted, self.repeated))

    @property
    def gap(self) -> float:
        return abs(statistics.fmean(self.weighted) - statistics.fmean(self.repeated))

    @property
    def holds(self) -> bool:
        return self.apart <= TOLERANCE and self.gap <= self.noise


def weights_and_repeated_rows(first_seed: int) -> Repeated:
    """Fit a table with whole weights, and one with each row as often, on one division of the rows."""
    frame = KINDS["weights"](first_seed).table()
    times = np.random.default_rng(first_seed).integers(1, 5, len(frame))
    frame = frame.assign(people=times)
    with tempfile.TemporaryDirectory() as folder:
        weighted, repeated = Path(folder) / "weighted.csv", Path(folder) / "repeated.csv"
        frame.to_csv(weighted, index=False)
        frame.loc[frame.index.repeat(times)].drop(columns="people").to_csv(repeated, index=False)
        one = Options.of(data=weighted, target=TARGET, weights="people", **SMALL)
        other = Options.of(data=repeated, target=TARGET, **SMALL)
        data, again = prepare(one), prepare(other)
        networks = [fitted(data, one.changed(seed=seed)) for seed in range(first_seed, first_seed + SEEDS)]
        others = [fitted(again, other.changed(seed=seed)) for seed in range(first_seed, first_seed + SEEDS)]
    found, same, second = (
        [evaluate(data.task, network.predict, rows) for network in of]
        for of, rows in ((networks, data.test), (networks, again.test), (others, again.test))
    )
    metric = data.task.main_metric
    return Repeated(
        apart=max(abs(one[name] - other[name]) for one, other in zip(found, same, strict=True) for name in one),
        weighted=tuple(one[metric] for one in found),
        repeated=tuple(one[metric] for one in second),
    )
