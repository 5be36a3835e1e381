"""A file, scored as a whole: what became of its rows, and why the first of them are set aside.

    chunks of the file ─ prepared ─> Scorer ─> each chunk with what became of its rows; a tally; the first faults

`drift` and `evaluate` read through it. It knows no type, and nothing about how anything is shown.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from app.scoring.columns import RowFault
from app.scoring.scorer import Scored, Scorer
from app.scoring.tally import Tally
from app.sources.source import Chunk, Source

__all__ = ["RowFault", "ScoredFile"]


def _as_it_is(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


@dataclass
class ScoredFile:
    """What became of the rows of a file; read it once."""

    source: Source
    faults_shown: int
    tally: Tally = field(default_factory=Tally)
    absent: tuple[str, ...] = ()  # features without a column
    faults: list[str] = field(default_factory=list)  # why rows are set aside, the first of them

    @property
    def refused(self) -> int:
        """Rows that the service would refuse, or could not answer."""
        return sum(self.tally.rejected.values())

    def score(
        self,
        scorer: Scorer,
        seen: Callable[[float], None],  # takes the share of the file that was read
        prepared: Callable[[pa.RecordBatch], pa.RecordBatch] = _as_it_is,
    ) -> Iterator[tuple[Chunk, Scored]]:
        """Score every row; give each chunk, its columns as they were prepared, and what became of its rows."""
        is_checked = False
        for chunk in self.source.batches(seen):
            found = Chunk(prepared(chunk.columns), chunk.first_row, chunk.rejected)
            if not is_checked:
                scorer.check(found.columns.schema, str(self.source.files[0]))
                self.absent, is_checked = scorer.columns.absent(found.columns.schema), True
            scored = scorer.score(found.columns, self.tally)
            for bad in chunk.rejected:
                self.tally.reject(f"expected {bad.reason}")
                self._show(f"line {bad.line or '?'}: {bad.reason}")
            self.note(chunk, scored.faults)
            yield found, scored

    def note(self, chunk: Chunk, faults: list[RowFault]) -> None:
        """Keep the first of the faults, with their places in the file."""
        for fault in faults[: max(0, self.faults_shown - len(self.faults))]:
            self._show(fault.at(self.source.where(chunk.first_row + fault.place)))

    def _show(self, fault: str) -> None:
        if len(self.faults) < self.faults_shown:
            self.faults.append(fault)
