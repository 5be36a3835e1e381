"""Evaluate: how good a bundle is on new labelled rows, beside what its card says.

It knows nothing about how it is shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.sources.table import Line, Table
from training.columns.arrays import Outputs, Rows, joined, take
from training.data.identity import of_files
from training.data.labelled_rows import Example, Reading, open_examples, unit_column_of
from training.errors import DataError, told
from training.evaluation.bootstrap import draws, interval, resamples_for, unit_count
from training.evaluation.findings import Interval
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
    table: Table  # where the rows stand
    lines: list[int] = field(default_factory=list)  # (rows,)
    truths: list[Any] = field(default_factory=list)  # (rows,) labels or numbers
    weights: list[float] = field(default_factory=list)  # (rows,)
    parts: list[Outputs] = field(default_factory=list)
    refused: int = 0
    faults: list[str] = field(default_factory=list)  # why, the first of them
    without_target: int = 0
    weightless: int = 0  # rows that count nothing
    counted_by: str | None = None  # the column of the weights
    lacks_weights: str | None = None  # that of training, which the file does not have: all rows count alike
    unit_texts: list[str | None] = field(default_factory=list)  # (rows,) what each was drawn with
    units: NDArray[np.int64] | None = None  # (rows,) and so which of them together
    drawn_by: str | None = None  # the column that says it
    lacks_units: str | None = None  # that of training, which the file does not have: each row is drawn by itself
    absent: tuple[str, ...] = ()  # features without a column
    is_own: bool = False  # the very file that the bundle was trained on

    @property
    def rows(self) -> Rows:
        """The rows that were answered, without what was sent."""
        weights = None if self.counted_by is None else np.array(self.weights)
        return Rows({}, self.task.encode(pd.Series(self.truths, name="truth")), weights, self.units)

    @property
    def outputs(self) -> Outputs:
        return joined(self.parts)

    def refuse(self, line: Line, fault: str | None = None) -> None:
        """Count a row that is left out; `fault` is why, without its place, where the line does not say it."""
        self.refused += 1
        if len(self.faults) < FAULTS_SHOWN:
            self.faults.append(self.table.place(line if fault is None else replace(line, fault=fault)))


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
    reading = open_examples(path, served.manifest, encoding)
    is_own = of_files(reading.table.source.files) == served.manifest.training.get("data_sha256")
    absent = tuple(name for name in reading.table.absent if name not in reading.dated)
    found = Answers(served.task, reading.table, absent=absent, is_own=is_own, counted_by=reading.weights)
    if reading.weights is None:
        found.lacks_weights = served.manifest.training.get("weights")
    found.drawn_by, lacking = reading.units, unit_column_of(served.manifest)
    found.lacks_units = lacking if reading.units is None else None
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


def _run(served: Served, reading: Reading, found: Answers, progress: Progress | None) -> None:
    for chunk in reading.chunks():
        examples = []
        for line in chunk:
            if isinstance(line, Example):
                examples += [line] if line.weight else []
                found.weightless += not line.weight
            elif line.fault:
                found.refuse(line)
            else:
                found.without_target += 1
        _answer(served, _known(served, examples, found), found)
        if progress is not None:
            progress(reading.table.read_share, len(found.lines))


def _known(served: Served, examples: Sequence[Example], found: Answers) -> list[Example]:
    """Return the examples whose truth the model can say; the others are refused."""
    known = []
    for example in examples:
        if (expected := served.task.refusal(example.truth)) is None:
            known.append(example)
        else:
            target = served.manifest.target
            found.refuse(example.line, f", `{target}`: expected {expected}. Received: {example.truth!r}.")
    return known


def _answer(served: Served, examples: Sequence[Example], found: Answers) -> None:
    """Answer a chunk at once; where one of its rows is refused, each by itself."""
    if not examples:
        return
    try:
        outputs = served.answer([example.instance for example in examples])
    except msgspec.ValidationError as error:
        if len(examples) == 1:
            found.refuse(examples[0].line, f": {error}.")
            return
        for single in examples:
            _answer(served, [single], found)
        return
    finite = _finite(outputs)
    for example, is_finite in zip(examples, finite, strict=True):
        if is_finite:
            found.lines.append(example.line.row)
            found.truths.append(example.truth)
            found.weights.append(example.weight)
            found.unit_texts.append(example.unit)
        else:
            found.refuse(example.line, ": expected a finite answer of the model. Received: another.")
    found.parts.append(take(outputs, finite))


def _finite(outputs: Outputs) -> Any:
    """Say which rows have finite answers alone: (rows,)."""
    numbers = [array for array in outputs.values() if np.issubdtype(array.dtype, np.floating)]
    rows = [np.isfinite(array).reshape(len(array), -1).all(axis=1) for array in numbers]
    return np.logical_and.reduce(rows) if rows else np.ones(len(next(iter(outputs.values()))), bool)
