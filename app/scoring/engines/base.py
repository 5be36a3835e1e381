"""What every engine offers, and what it tells of a stretch that failed.

run(job, numbers, progress, workers) ─> Failure, Failure, …     stretches that are whole are not told of
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import pyarrow as pa

from app.errors import BundleError
from app.scoring.errors import FAILED, Failed, ScoringError
from app.scoring.parts.job import Job
from app.scoring.parts.part import do_stretch
from app.scoring.reporting.progress import Progress
from app.sources.errors import SourceError


class Failure(msgspec.Struct, frozen=True):
    """Why a stretch is not whole."""

    number: int
    reason: str
    exit_code: int = FAILED
    everywhere: bool = False  # other stretches would fail, too


class Engine(Protocol):
    """A module of this folder."""

    def run(self, job: Job, numbers: Sequence[int], progress: Progress, workers: int) -> list[Failure]:
        """Do stretches, with so many workers where it starts them itself; end early where `progress` says so."""


def one_core() -> None:
    """Let Arrow take one core: others are for other workers."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def attempt(job: Job, number: int, seen: Callable[[int], None], stop: Callable[[], bool]) -> Failure | None:
    """Do a stretch; return why it failed."""
    try:
        do_stretch(job, number, seen, stop)
    except (ScoringError, SourceError, BundleError, MemoryError) as error:
        code = error.exit_code if isinstance(error, ScoringError) else FAILED
        return Failure(number, str(error) or type(error).__name__, code, everywhere=isinstance(error, Failed))
    return None
