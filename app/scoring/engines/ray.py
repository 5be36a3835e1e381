"""Ray: stretches as tasks, on the cluster that RAY_ADDRESS names, or on this machine where it names none.

    driver ─ job and bundle, once; numbers ─> tasks ─> why a stretch failed or nothing, rows

A task that is lost with its worker is tried again by Ray: what it had done is done.
"""

import signal
from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import RayError

from app.scoring.engines import carried
from app.scoring.engines.base import Failure
from app.scoring.errors import Failed
from app.scoring.parts.job import Job
from app.scoring.reporting.progress import Progress

RETRIES = 3  # of a task whose worker is lost
LOOK_S = 0.2


def run(job: Job, numbers: Sequence[int], progress: Progress, workers: int) -> list[Failure]:
    """Do stretches as tasks of one processor each; an end that is asked for cancels those that have not begun."""
    _connect()
    task = ray.remote(num_cpus=1, max_retries=RETRIES)(carried.work)
    given, files = ray.put(job), ray.put(carried.packed(job.bundle))
    waiting = {task.remote(given, files, number): number for number in numbers}
    failures: list[Failure] = []
    while waiting and not progress.stopping():
        for done in ray.wait(list(waiting), timeout=LOOK_S)[0]:
            failure, rows = _result(done, waiting.pop(done))
            progress.seen(rows)
            if failure is not None:
                progress.note(failure.reason)
                failures.append(failure)
    for left in waiting:
        ray.cancel(left)
    ray.shutdown()
    return failures


def _connect() -> None:
    """Connect, or start Ray here; it takes SIGTERM for itself, and is made to give it back."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(runtime_env={"py_modules": [str(carried.CODE)]}, log_to_driver=False, logging_level="warning")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise Failed(f"`--engine ray`: expected a cluster that answers (RAY_ADDRESS). Received: {error}") from error
    signal.signal(signal.SIGTERM, before)


def _result(done: Any, number: int) -> tuple[Failure | None, int]:
    try:
        found: tuple[Failure | None, int] = ray.get(done)
        return found
    except RayError as error:
        return Failure(number, f"stretch {number}: expected a task that ends it. Received: {error}"), 0
