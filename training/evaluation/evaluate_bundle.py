"""Evaluate: how good a bundle is on new labelled rows, beside what its card says.

    file ─ app.scoring ─> rows answered, or set aside, as `app score` does ─┬─> counts, reasons: the tally
    columns of the target, weights, units ─> which answers are judged ──────┴─> Answers ─ the task ─> Evaluation

It knows nothing about how it is shown.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.scoring.scored_file import ScoredFile
from app.scoring.tally import Tally
from app.sources.cells import Distinct, Wanted
from app.sources.source import Chunk
from training.columns.arrays import Outputs, Rows, joined, take
from training.data.identity import of_files
from training.data.labelled_rows import Reading, open_examples, unit_column_of
from training.errors import DataError, told
from training.evaluation.bootstrap import draws, interval, resamples_for, unit_count
from training.evaluation.findings import Interval
from training.evaluation.judged_rows import Judged, judged, refusals
from training.evaluation.served_bundle import Served
from training.evaluation.trust import remarks
from training.tasks.base import Task

FAULTS_SHOWN = 5
MIN_ROWS = 2

Progress = Callable[[float, int], None]  # share of the file, rows so far


@dataclass
class Answers:
    """What a bundle answered to the rows of a file, and what was true."""

    task: Task
    file: ScoredFile
    lines: list[int] = field(default_factory=list)  # (rows,)
    truths: list[Any] = field(default_factory=list)  # (rows,) labels or numbers
    weights: list[float] = field(default_factory=list)  # (rows,)
    parts: list[Outputs] = field(default_factory=list)
    unjudged: Tally = field(default_factory=Tally)  # of rows that were answered, whose truth or weight is none
    without_target: int = 0
    weightless: int = 0  # rows that count nothing
    counted_by: str | None = None  # the column of the weights
    lacks_weights: str | None = None  # that of training, which the file does not have: all rows count alike
    unit_texts: list[str | None] = field(default_factory=list)  # (rows,) what each was drawn with
    units: NDArray[np.int64] | None = None  # (rows,) and so which of them together
    drawn_by: str | None = None  # the column that says it
    lacks_units: str | None = None  # that of training, which the file does not have: each row is drawn by itself
    is_own: bool = False  # the very file that the bundle was trained on

    @property
    def absent(self) -> tuple[str, ...]:
        """Features without a column."""
        return self.file.absent

    @property
    def faults(self) -> list[str]:
        """Why rows are left out, the first of them."""
        return self.file.faults

    @property
    def rejected(self) -> dict[str, int]:
        """Rows that are left out, by reason: those of `app score`, then those that cannot be judged."""
        return dict(Counter(self.file.tally.rejected) + Counter(self.unjudged.rejected))

    @property
    def refused(self) -> int:
        """Rows that are left out."""
        return sum(self.rejected.values())

    def count(self, its: Judged, chunk: Chunk) -> None:
        """Count the rows of a chunk that are answered and not judged."""
        self.without_target += its.without_target
        self.weightless += its.weightless
        for fault in its.faults:
            self.unjudged.reject(fault.reason)
        self.file.note(chunk, its.faults)

    @property
    def rows(self) -> Rows:
        """The rows that were answered, without what was sent."""
        weights = None if self.counted_by is None else np.array(self.weights)
        return Rows({}, self.task.encode(pd.Series(self.truths, name="truth")), weights, self.units)

    @property
    def outputs(self) -> Outputs:
        return joined(self.parts)


@dataclass(frozen=True)
class Evaluation:
    """Metrics on new rows, with the interval in which they would lie on other rows of the kind."""

    metrics: dict[str, Interval]
    card: dict[str, float]  # of the shipped graph, on the test rows of its training
    rows: int
    remarks: dict[str, str]  # metric -> why its interval is too narrow to trust

    def is_beyond(self, metric: str) -> bool:
        """Say whether the card's value lies outside the interval: chance in the rows alone would hardly do that."""
        found = self.metrics[metric]
        return metric in self.card and not found.low <= self.card[metric] <= found.high


def answer(served: Served, path: Path, encoding: str | None = None, progress: Progress | None = None) -> Answers:
    """Run every row that the service would take; raise a DataError for no table of the features and target."""
    reading, manifest = open_examples(path, served.manifest, encoding), served.manifest
    found = Answers(served.task, ScoredFile(reading.source, FAULTS_SHOWN))
    found.is_own = of_files(reading.source.files) == manifest.training.get("data_sha256")
    found.counted_by, found.lacks_weights = _there(reading.weight_column, manifest.training.get("weights"))
    found.drawn_by, found.lacks_units = _there(reading.unit_column, unit_column_of(manifest))
    with told():
        _run(served, reading, found, progress)
    found.units = reading.numbered(found.unit_texts)
    different = len(set(map(repr, found.truths)))  # a truth may be a list
    if len(found.lines) < MIN_ROWS or different < MIN_ROWS:
        reasons = " ".join(found.faults)
        raise DataError(
            f"{path}: expected rows that the model can answer, with at least two different values of the target. "
            f"Received: {len(found.lines)} rows with {different}. {reasons}".strip()
        )
    return found


def judge(served: Served, found: Answers, seed: int = 0) -> Evaluation:
    """Judge what was answered."""
    task, rows, outputs = served.task, found.rows, found.outputs
    exact = task.evaluate(rows.y, outputs, rows.weights)
    (drawn,) = draws(task, rows, (outputs,), resamples_for(len(rows) * task.weighing_cost), seed)
    return Evaluation(
        metrics={name: interval(value, drawn[name], unit_count(rows)) for name, value in exact.items()},
        card=dict(served.manifest.metrics.get("shipped", {})),
        rows=len(rows),
        remarks=remarks(task, rows, exact),
    )


def _there(column: Wanted | None, wanted: str | None) -> tuple[str | None, str | None]:
    """Return the name of a column that the file has, and of one that it lacks."""
    return (None, wanted) if column is None else (column.name, None)


def _run(served: Served, reading: Reading, found: Answers, progress: Progress | None) -> None:
    def seen(share: float) -> None:
        if progress is not None:
            progress(share, len(found.lines))

    for chunk, scored in found.file.score(served.scorer, seen, reading.with_parts):
        truths = served.scorer.tallying.truths.written(chunk.columns)
        assert truths is not None  # or the file would have been refused
        weights = reading.weights(chunk.columns)
        refused = refusals(found.task, served.manifest.target, truths)
        its = judged(scored.places, truths, weights, refused)
        found.count(its, chunk)
        places = scored.places[its.rows]
        found.lines += (chunk.first_row + places).tolist()
        found.truths += _each(truths, places)
        found.weights += _each(weights, places)
        found.unit_texts += _each(reading.units(chunk.columns), places)
        if len(places):
            found.parts.append(take(scored.outputs, its.rows))


def _each(column: Distinct, places: NDArray[np.int64]) -> list[Any]:
    """Return the values of some rows."""
    return [column.values[at] for at in column.of_row[places].tolist()]
