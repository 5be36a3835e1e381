"""A dry run: the first rows answered and nothing written, so that time and bytes can be told."""

import itertools
from time import perf_counter

from app.scoring.errors import DONE
from app.scoring.parts.cutting import cut
from app.scoring.parts.estimate import rows_of
from app.scoring.parts.job import Job
from app.scoring.parts.part import Part, cut_of, opened
from app.scoring.reporting.progress import duration
from app.sources.source import Source

ROWS = 1000
SHOWN = 3  # rows that are set aside


def show(job: Job, source: Source) -> int:
    """Score the first rows, and say what the whole would take."""
    stretch = job.plan.stretches[0]
    first = opened(job, stretch)
    part = Part(job, stretch, 0, job.scorer, first, first.locator())
    began = perf_counter()
    chunks = cut(first.batches(chunk_rows=ROWS, cut=cut_of(job, first, stretch)), ROWS)
    for _, chunk in itertools.takewhile(lambda each: each[0] == 0, chunks):
        part.add(chunk)
    seconds = perf_counter() - began
    found = part.ended()
    print(f"Of the first {found.rows:,} rows {found.answered:,} are answered, {found.rejected:,} set aside.")
    for line in found.rejects.decode().splitlines()[:SHOWN]:
        print(f"  {line}")
    total = rows_of(job.plan, list(source.files))
    if total is not None and found.rows:
        share = total / found.rows
        print(
            f"All of about {total:,} rows may take {duration(seconds * share)} with one worker, "
            f"and {round(len(found.answers) * share):,} bytes. Nothing was written."
        )
    return DONE
