"""The scorer: rows of Arrow tables -> answers, with the checks of the service and at the speed of the model.

    batch ─ columns ─> tensors ─ runs of `run_rows` by the service's own engine ─> outputs ─> Scored: Arrow columns
                  └─> RowFault                                                 └─> RowFault where not finite

    load_scorer(folder)          a version's folder, loaded and proved as the service does
    Scorer.score(batch, tally)   answers, and what is set aside; the tally counts
    Scorer(table)                answers to a table; raises for a row that is set aside, or makes it null
    Scorer.map_in_arrow(batches) the same for batches, as Spark's `mapInArrow` wants it

It knows no type, and nothing about files, parts or engines.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from app.answers.base import Words
from app.batching import area
from app.printable import listed
from app.runtime.model import Model, load
from app.scoring.columns import Columns, Group, Places, RowFault
from app.scoring.tally import Tally, Tallying
from app.settings import Settings, of_environment
from app.sources.errors import SourceError
from app.tensors import OBJECT, Array, concatenated

BATCH_ROWS = 65_536  # of a table that is scored at once
RUN_ROWS = 256  # of a run: with fewer a run costs more than its rows, with more they leave the cache
NOT_FINITE = "expected a finite answer of the model. Received: another."
NOT_RUN = "expected the model to run. Received: {}."
SHOWN_CHARS = 200  # of what ONNX Runtime says

Invalid = Literal["raise", "null"]  # what becomes of a table with rows that would be set aside
Run = dict[str, Array] | str  # outputs of some rows, or why there are none


@dataclass(frozen=True)
class Scored:
    """What became of the rows of a batch."""

    answers: pa.RecordBatch  # a row for each of `places`
    places: Places  # (rows,) int64, ascending, in the batch
    faults: list[RowFault]  # ascending
    outputs: dict[str, Array]  # of the graph, (rows, …) each, of which the answers are made

    def spread(self, rows: int) -> pa.RecordBatch:
        """Return the answers at their places among all rows of the batch, nulls between them."""
        if not self.faults:
            return self.answers
        found = np.zeros(rows, np.int64)
        found[self.places] = np.arange(len(self.places))
        lacking = np.ones(rows, bool)
        lacking[self.places] = False
        return self.answers.take(pa.array(found, mask=lacking))


class Scorer:
    """A version that answers tables; `run_rows` is at most what the graph takes."""

    def __init__(self, model: Model, run_rows: int | None = None) -> None:
        if model.bundle is None or model.answer is None:
            expected = "a bundle, whose manifest says what its rows are"
            raise SourceError(f"{model.name}/{model.version}: expected {expected}. Received: a graph alone.")
        self.model, self._answer = model, model.answer
        self.run_rows = run_rows or RUN_ROWS
        self.columns = Columns(model.row_reader, model.bundle.manifest.reading)
        self._tallying = Tallying(model.bundle)

    @cached_property
    def answer_schema(self) -> pa.Schema:
        """The columns of answers."""
        return self._answers(self._nothing).schema

    @property
    def tallying(self) -> Tallying:
        """What tallies are made of, and what they say."""
        return self._tallying

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return which of a file's columns are looked at: the features, and the target for the tally."""
        wanted = {*self.columns.names, *self._tallying.truths.columns(names)}
        return tuple([name for name in names if name in wanted])

    def check(self, schema: pa.Schema, where: str, keep: tuple[str, ...] = ()) -> None:
        """Raise `SourceError` for a table that cannot be scored; `keep` are columns that stand beside the answers."""
        self.columns.check(schema, where)
        if clash := [name for name in keep if name in self.answer_schema.names]:
            expected = f"columns to keep with other names than the answers {listed(self.answer_schema.names)}"
            raise SourceError(f"{where}: expected {expected}. Received: {listed(clash)}.")

    def score(self, batch: pa.RecordBatch, tally: Tally | None = None) -> Scored:
        """Answer the rows of a batch; what is wrong with a row sets aside this row alone."""
        groups, faults = self.columns.read(batch)
        ran = [self._run_group(group, faults) for group in groups]
        ran = [(group, outputs) for group, outputs in ran if len(group.places)]
        scored = self._joined(ran, sorted(faults, key=lambda fault: fault.place))
        if tally is not None:
            truths = self._tallying.truths.read(batch)
            for group, outputs in ran:
                self._tallying.count(tally, group, outputs, truths)
            for fault in scored.faults:
                tally.reject(fault.reason)
        return scored

    def __call__(self, table: pa.Table, invalid: Invalid = "raise") -> pa.Table:
        """Answer a table, a row for each of its rows; one that would be set aside raises `SourceError`, or is null."""
        return self.answered(table, "the table", invalid)[0]

    def answered(self, table: pa.Table, where: str, invalid: Invalid) -> tuple[pa.Table, list[RowFault]]:
        """Do as a call does, and return the rows that are null; `where` is what messages call the table."""
        if invalid not in ("raise", "null"):
            raise SourceError(f"`invalid`: expected 'raise' or 'null'. Received: {invalid!r}.")
        self.check(table.schema, where)
        found: list[pa.RecordBatch] = []
        faults: list[RowFault] = []
        first = 0
        for batch in table.to_batches(BATCH_ROWS):
            scored = self.score(batch)
            faults += [RowFault(first + fault.place, fault.reason) for fault in scored.faults]
            found.append(scored.spread(batch.num_rows))
            first += batch.num_rows
        if faults and invalid == "raise":
            more = f" So are {len(faults) - 1:,} more rows." if len(faults) > 1 else ""
            raise SourceError(f"{where}, {faults[0].said}{more}")
        return pa.Table.from_batches(found, self.answer_schema), faults

    def map_in_arrow(self, batches: Iterator[pa.RecordBatch], invalid: Invalid = "raise") -> Iterator[pa.RecordBatch]:
        """Answer batch by batch, the columns of each before its answers; raises as a call does, or gives nulls."""
        for batch in batches:
            answers = self(pa.Table.from_batches([batch]), invalid)
            columns = [*batch.columns, *(column.combine_chunks() for column in answers.columns)]
            yield pa.RecordBatch.from_arrays(columns, [*batch.schema.names, *answers.schema.names])

    # ── runs ──

    def _run_group(self, group: Group, faults: list[RowFault]) -> tuple[Group, dict[str, Array]]:
        """Run a group's rows; return those that are answered, and their outputs."""
        rows = len(group.places)
        spans = self._spans(group.arrays, rows)
        runs = [self._run(group.arrays, span) for span in spans]
        good = [run for run in runs if isinstance(run, dict)]
        if len(good) == len(spans):
            outputs = concatenated(good)
            if self._answer.valid(outputs):
                return group, outputs
        kept: list[range] = []
        good.clear()
        for span, run in zip(spans, runs, strict=True):
            for some, found in self._valid(group.arrays, span, run):
                if isinstance(found, dict):
                    kept.append(some)
                    good.append(found)
                else:
                    faults.append(RowFault(int(group.places[some.start]), found))
        part = group.part(np.array([row for some in kept for row in some], np.int64))
        return part, concatenated(good) if good else {}

    def _spans(self, inputs: Mapping[str, Array], rows: int) -> list[range]:
        """Cut rows into runs."""
        features = self.columns.features
        if features.padded:
            return list(area.spans(features.elements(inputs), self.run_rows))
        return [range(start, min(start + self.run_rows, rows)) for start in range(0, rows, self.run_rows)]

    def _valid(self, inputs: Mapping[str, Array], rows: range, run: Run) -> Iterator[tuple[range, Run]]:
        """Give a run if its answers are good; else run each row by itself, and give its answer or what is wrong."""
        if isinstance(run, dict) and self._answer.valid(run):
            yield rows, run
        elif len(rows) == 1:
            yield rows, NOT_FINITE if isinstance(run, dict) else run
        else:
            for row in rows:
                alone = range(row, row + 1)
                yield from self._valid(inputs, alone, self._run(inputs, alone))

    def _run(self, inputs: Mapping[str, Array], rows: range) -> Run:
        """Run some rows; return why the graph cannot, where it cannot."""
        try:
            return self.model.outputs({name: array[rows.start : rows.stop] for name, array in inputs.items()})
        except Exception as error:  # ONNX Runtime has no class of its own for what a graph cannot compute
            return NOT_RUN.format(f"{error!s:.{SHOWN_CHARS}}")

    # ── answers ──

    def _joined(self, ran: list[tuple[Group, dict[str, Array]]], faults: list[RowFault]) -> Scored:
        """Put the answers of all groups into the order of the batch."""
        if not ran:
            return Scored(self._answers(self._nothing), np.empty(0, np.int64), faults, self._nothing)
        if len(ran) == 1:
            ((group, outputs),) = ran
            return Scored(self._answers(outputs), group.places, faults, outputs)
        places = np.concatenate([group.places for group, _ in ran])
        order = np.argsort(places)
        outputs = {name: array[order] for name, array in concatenated([outputs for _, outputs in ran]).items()}
        return Scored(self._answers(outputs), places[order], faults, outputs)

    def _answers(self, outputs: dict[str, Array]) -> pa.RecordBatch:
        columns = self._answer.columns(outputs)
        return pa.RecordBatch.from_arrays([_arrow(values) for values in columns.values()], list(columns))

    @property
    def _nothing(self) -> dict[str, Array]:
        """The outputs of no rows."""
        specs = self.model.signature.outputs
        return {spec.name: np.empty((0, *[dim or 0 for dim in spec.shape[1:]]), spec.datatype.dtype) for spec in specs}


def _arrow(values: Array | Words) -> pa.Array:
    if isinstance(values, Words):
        return pa.DictionaryArray.from_arrays(values.places, pa.array(values.words, pa.string()))
    return pa.array(np.ascontiguousarray(values), pa.string() if values.dtype == OBJECT else None)


def load_scorer(folder: Path, settings: Settings | None = None, run_rows: int | None = None) -> Scorer:
    """Load a version as the service does: hashes, a signature where one is asked for, golden rows.

    One thread runs it: more work is done by more processes. Without `settings` those of the environment hold; what is
    wrong with a variable raises `InvalidSettings`.
    """
    chosen = of_environment() if settings is None else settings
    return Scorer(load(folder.absolute(), chosen.model_copy(update={"threads": 1, "drift": True})), run_rows)
