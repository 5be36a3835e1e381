"""This machine: one process, or several that take a stretch at a time.

    parent ─ number ─> worker ─ rows, rows, … ─ Done(number, failure) ─> parent ─ the next number ─> …

A worker that dies takes its stretch with it: the others go on. A parent that dies takes its workers with it, after
their next word.
"""

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

import msgspec

from app.scoring.engines.base import Failure, attempt, one_core
from app.scoring.parts.job import Job
from app.scoring.reporting.progress import Progress


class Done(msgspec.Struct, frozen=True):
    """A worker is ready for another stretch."""

    failure: Failure | None


def run(job: Job, numbers: Sequence[int], progress: Progress, workers: int) -> list[Failure]:
    """Do stretches in this process, or in several."""
    if workers == 1 or len(numbers) == 1:
        return _alone(job, numbers, progress)
    crew = _Crew(job, numbers, progress)
    try:
        return crew.work(min(workers, len(numbers)))
    finally:
        crew.dismiss()


def _alone(job: Job, numbers: Sequence[int], progress: Progress) -> list[Failure]:
    one_core()
    failures: list[Failure] = []
    for number in numbers:
        if progress.stopping() or any(failure.everywhere for failure in failures):
            break
        if (failure := attempt(job, number, progress.seen, progress.stopping)) is not None:
            progress.note(failure.reason)
            failures.append(failure)
    return failures


class _Crew:
    """Worker processes, and which stretch each has."""

    def __init__(self, job: Job, numbers: Sequence[int], progress: Progress) -> None:
        self._job, self._left, self._progress = job, deque(numbers), progress
        self._context = multiprocessing.get_context("spawn")
        self._stop = self._context.Event()
        self._processes: dict[Connection, Any] = {}
        self._busy: dict[Connection, int] = {}
        self._failures: list[Failure] = []

    def work(self, workers: int) -> list[Failure]:
        """Start workers, and give out stretches until there is none."""
        for _ in range(workers):
            self._hire()
        while self._busy:
            for connection in wait(list(self._busy), timeout=0.2):
                self._hear(connection)  # type: ignore[arg-type]  # a connection, as all that are waited for
            if self._progress.stopping():
                self._stop.set()
        return self._failures

    def dismiss(self) -> None:
        """End the workers: at once where one is still at work."""
        for connection, process in self._processes.items():
            if connection in self._busy:
                process.kill()
            connection.close()
            process.join()

    def _hire(self) -> None:
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(self._job, theirs, self._stop), daemon=True)
        process.start()
        theirs.close()
        self._processes[mine] = process
        self._give(mine)

    def _give(self, connection: Connection) -> None:
        """Give a worker its next stretch, or nothing more."""
        ends = self._progress.stopping() or any(failure.everywhere for failure in self._failures)
        if self._left and not ends:
            number = self._left.popleft()
            self._busy[connection] = number
            with contextlib.suppress(OSError):  # it died: its end of the connection says so
                connection.send(number)
        else:
            self._busy.pop(connection, None)

    def _hear(self, connection: Connection) -> None:
        try:
            said = connection.recv()
        except (EOFError, OSError):
            self._lost(connection)
            return
        if isinstance(said, int):
            self._progress.seen(said)
            return
        if said.failure is not None:
            self._fail(said.failure)
        self._give(connection)

    def _lost(self, connection: Connection) -> None:
        process = self._processes[connection]
        process.join()
        ended = f"signal {-process.exitcode}" if process.exitcode < 0 else f"exit code {process.exitcode}"
        hint = " (the system may have been out of memory)" if process.exitcode == -signal.SIGKILL else ""
        number = self._busy.pop(connection)
        self._fail(Failure(number, f"stretch {number}: expected a worker that ends it. Received: {ended}{hint}."))

    def _fail(self, failure: Failure) -> None:
        self._progress.note(failure.reason)
        self._failures.append(failure)


def _work(job: Job, connection: Connection, stop: Any) -> None:
    """Do stretches until nobody sends a number."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    one_core()
    try:
        while True:
            connection.send(Done(attempt(job, connection.recv(), connection.send, stop.is_set)))
    except (EOFError, OSError):  # the parent closed the connection, or is gone
        return
