"""A part: some rows of a stretch, answered and written; whoever does it twice writes the same bytes.

    do_stretch(job, 7)    read ─ cut ─ score ─> part-00007-00000, its rejected rows, then its marker; the next part …
                          parts whose marker is sound are read past

It knows nothing about who calls it, and keeps nothing between two calls but the loaded model.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from app.scoring.output.registry import WRITERS
from app.scoring.parts import fetching, inputs, marker
from app.scoring.parts.cutting import cut
from app.scoring.parts.job import Job
from app.scoring.parts.marker import REJECTED, Marker
from app.scoring.parts.plan import Stretch
from app.scoring.parts.rejects import Rejects
from app.scoring.scorer import Scorer
from app.scoring.tally import Tally
from app.sources.errors import SourceError
from app.sources.source import Chunk, Cut, Locator, Source, open_one

Seen = Callable[[int], None]  # takes rows that were scored
CHUNK_ROWS = 65_536
BROKEN = "It is in stretch {}, behind row {:,} of the file. A file that is mended is another: score into a new folder."


def _nobody(_rows: int) -> None:
    """Take rows, for nobody."""


def _never() -> bool:
    return False


def do_stretch(job: Job, number: int, seen: Seen = _nobody, stop: Callable[[], bool] = _never) -> bool:
    """Do what is not done of a stretch; say whether it is whole. Where `stop` says so it ends after a part.

    Raises `ScoringError` and `SourceError`; parts that are done stay.
    """
    done = first_parts(job, number)
    if done and done[-1].last:
        return True
    for part, last in _Parts(job, number, seen).read(len(done)):
        if part is not None:
            part.write(last=last)
        if last:
            break
        if stop():
            return False
        pa.default_memory_pool().release_unused()  # of a long stretch: Arrow keeps as much for later as it uses
    return True


def first_parts(job: Job, number: int) -> list[Marker]:
    """Return the sound markers of a stretch from its first part on, up to the first part that is not done.

    They are asked for by name: a list of their folder, one for each stretch, would be read as often as it is long.
    """
    found: list[Marker] = []
    whole = False
    while not whole and (each := marker.sound(job.place, job.plan, number, len(found))) is not None:
        found.append(each)
        whole = each.last
    return found


class _Parts:
    """The parts of one stretch, as they are read."""

    def __init__(self, job: Job, number: int, seen: Seen) -> None:
        self._job, self._seen = job, seen
        self._stretch: Stretch = job.plan.stretches[number]
        self._path = local(job, self._stretch)
        self._scorer = job.scorer

    def read(self, done: int) -> "Iterator[tuple[Part | None, bool]]":
        """Give each part that is not done, scored, None for one that is, and whether it is the last.

        The first `done` parts are, and the next is not; behind it there may be more.
        """
        waiting: list[Part | None] = []
        for part, chunks in itertools.groupby(self._chunks(), key=lambda each: each[0]):
            if waiting:
                yield waiting.pop(), False
            read = self._skipped if part < done or (part > done and self._is_done(part)) else self._scored
            waiting.append(read(part, chunks))
        yield waiting.pop() if waiting else self._part(0), True

    def _chunks(self) -> Iterator[tuple[int, Chunk]]:
        plan, stretch = self._job.plan, self._stretch
        inputs.check(self._path, plan.inputs[stretch.file])
        self._source = opened(self._job, stretch)
        self._locator = self._source.locator()
        rows, wanted = min(CHUNK_ROWS, plan.part_rows), cut_of(self._job, self._source, stretch)
        return cut(self._placed(self._source.batches(chunk_rows=rows, cut=wanted)), plan.part_rows)

    def _placed(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Give the chunks; where the file cannot be read on, say behind which of its rows."""
        before = self._stretch.first_row - 1
        try:
            for chunk in chunks:
                yield chunk
                before += chunk.columns.num_rows + len(chunk.rejected)
        except SourceError as error:
            raise SourceError(f"{error} {BROKEN.format(self._stretch.number, before)}") from error

    def _is_done(self, part: int) -> bool:
        return marker.sound(self._job.place, self._job.plan, self._stretch.number, part) is not None

    @staticmethod
    def _skipped(_part: int, chunks: Iterable[tuple[int, Chunk]]) -> None:
        for _ in chunks:
            pass

    def _scored(self, number: int, chunks: Iterable[tuple[int, Chunk]]) -> "Part":
        part = self._part(number)
        for _, chunk in chunks:
            part.add(chunk)
            self._seen(chunk.columns.num_rows + len(chunk.rejected))
        inputs.check(self._path, self._job.plan.inputs[self._stretch.file])  # it may have changed meanwhile
        return part

    def _part(self, number: int) -> "Part":
        return Part(self._job, self._stretch, number, self._scorer, self._source, self._locator)


class Ended(NamedTuple):
    """All of a part."""

    rows: int
    answered: int
    rejected: int
    answers: bytes
    rejects: bytes


class Part:
    """One part under way, in memory: compressed answers, rejected rows, counts."""

    def __init__(
        self, job: Job, stretch: Stretch, number: int, scorer: Scorer, source: Source, locator: Locator
    ) -> None:
        plan = job.plan
        self._job, self._stretch, self._number, self._scorer = job, stretch, number, scorer
        self._schema = schema_of(scorer, source.schema, plan.keep)
        self._writer = WRITERS[plan.format](self._schema)
        self._rejects = Rejects(plan.inputs[stretch.file].name, stretch.first_row, locator)
        self._tally = Tally()
        self._rows = 0

    def add(self, chunk: Chunk) -> None:
        """Score more rows."""
        scored = self._scorer.score(chunk.columns, self._tally)
        for rejected in chunk.rejected:
            self._tally.reject(f"expected {rejected.reason}")
        self._rejects.add(chunk, scored.faults)
        self._rows += chunk.columns.num_rows + len(chunk.rejected)
        kept = chunk.columns.select(list(self._job.plan.keep))
        if scored.faults:
            kept = kept.take(pa.array(scored.places))
        columns = [_plain(column) for column in kept.columns] + scored.answers.columns
        if scored.answers.num_rows:
            self._writer.add(pa.RecordBatch.from_arrays(columns, schema=self._schema))

    def ended(self) -> Ended:
        """Return what is to be written."""
        return Ended(self._rows, self._tally.rows, self._rejects.rows, self._writer.close(), self._rejects.close())

    def write(self, last: bool) -> None:
        """Write the part, its rejected rows, and then the marker that says so."""
        plan, name, ended = self._job.plan, marker.name_of(self._stretch.number, self._number), self.ended()
        files = {f"{name}.{plan.format}": ended.answers}
        if ended.rejected:
            files[f"{REJECTED}/{name}.jsonl"] = ended.rejects
        place = self._job.place
        for each, data in files.items():
            place.put(each, data)
        found = Marker(
            plan=plan.sha256,
            rows=ended.rows,
            answered=ended.answered,
            rejected=ended.rejected,
            last=last,
            files=tuple([marker.written(each, data) for each, data in files.items()]),
            tally=msgspec.Raw(self._tally.to_json()),
        )
        place.put(marker.marker_name(self._stretch.number, self._number), msgspec.json.encode(found))


def opened(job: Job, stretch: Stretch) -> Source:
    """Open the file of a stretch as it was planned."""
    return open_one(local(job, stretch), job.plan.inputs[stretch.file].name, job.plan.form)


def local(job: Job, stretch: Stretch) -> Path:
    """Return the file of a stretch on this machine."""
    return fetching.local(job.data[stretch.file], stretch.number)


def cut_of(job: Job, source: Source, stretch: Stretch) -> Cut:
    """Return what of a file is read, its row groups, and the columns that are needed; it is on this machine then."""
    needed = [name for name in source.names if name in {*job.scorer.reads(source.names), *job.plan.keep}]
    encoded = frozenset(job.scorer.columns.encoded)
    found = Cut(groups=stretch.groups, columns=tuple(needed), dictionaries=encoded, threads=False)
    fetching.complete(job.data[stretch.file], stretch.number, found)
    return found


def schema_of(scorer: Scorer, table: pa.Schema, keep: tuple[str, ...]) -> pa.Schema:
    """Return the columns of a part: those that are kept, then the answers."""
    return pa.schema([table.field(name).remove_metadata() for name in keep] + list(scorer.answer_schema))


def _plain(column: Any) -> Any:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
