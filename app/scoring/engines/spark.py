"""Spark: stretches as the elements of a collection, `parallelize(stretches).map(work)`.

    driver ─ code as a zip, bundle by broadcast; job, numbers ─> executors ─> why a stretch failed or nothing, rows

Which cluster it is stands in Spark's own configuration (SPARK_CONF_DIR, PYSPARK_SUBMIT_ARGS); without any it is this
machine. A task that is lost with its executor is tried again by Spark: what it had done is done.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from app.scoring.engines import carried
from app.scoring.engines.base import Failure
from app.scoring.parts.job import Job
from app.scoring.reporting.progress import Progress

LOOK_S = 0.2


def run(job: Job, numbers: Sequence[int], progress: Progress, workers: int) -> list[Failure]:
    """Do stretches as tasks; an end that is asked for cancels those that are not done."""
    context = _context()
    files, rows = context.broadcast(carried.packed(job.bundle)), context.accumulator(0)

    def work(number: int) -> Failure | None:
        failure, done = carried.work(job, files.value, number)
        rows.add(done)
        return failure

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        code, name = carried.CODE.parent, carried.CODE.name
        context.addPyFile(shutil.make_archive(str(Path(folder, "slipway")), "zip", code, name))
        results = pool.submit(context.parallelize(numbers, len(numbers)).map(work).collect)
        while not wait_for([results], LOOK_S).done:
            progress.seen(rows.value - progress.rows)
            if progress.stopping():
                context.cancelAllJobs()
        progress.seen(rows.value - progress.rows)
        failures = _failures(results, numbers, progress)
    context.stop()
    return failures


def _context() -> Any:
    """Return Spark's context; on this machine its workers run this Python, unless they are told otherwise."""
    context = SparkSession.builder.config("spark.ui.showConsoleProgress", "false").getOrCreate().sparkContext
    context.setLogLevel("ERROR")
    if context.master.startswith("local") and "PYSPARK_PYTHON" not in os.environ:
        context.pythonExec = sys.executable
    return context


def _failures(results: "Future[list[Failure | None]]", numbers: Sequence[int], progress: Progress) -> list[Failure]:
    try:
        failures = [failure for failure in results.result() if failure is not None]
    except Py4JError as error:  # a task was lost too often, or the end was asked for
        if progress.stopping():
            return []
        said = " ".join(str(getattr(error, "java_exception", None) or error).split())
        failures = [Failure(numbers[0], f"Spark: expected tasks that end. Received: {said}", everywhere=True)]
    for failure in failures:
        progress.note(failure.reason)
    return failures
