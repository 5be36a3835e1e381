"""Metrics of a run for the textfile collector of Prometheus' node exporter: one file, whole or not at all."""

import time
from pathlib import Path

from app.scoring.parts.job import Job
from app.scoring.places.registry import place_of
from app.scoring.reporting.progress import Progress

HELP = {
    "slipway_scoring_exit_code": "How the last run ended: 0 done, 1 to be repeated, 2 refused, 3 too many set aside.",
    "slipway_scoring_rows": "Rows that the last run saw, those that were done before included.",
    "slipway_scoring_seconds": "Seconds that the last run took.",
    "slipway_scoring_ended_timestamp_seconds": "When the last run ended.",
}


def write(path: Path, job: Job, code: int, progress: Progress) -> None:
    """Write the metrics of a run that ended with this exit code."""
    values = (code, progress.rows, round(progress.seconds, 3), round(time.time(), 3))
    labels = f'{{model="{job.plan.model}",version="{job.plan.version}"}}'
    lines = []
    for (name, meaning), value in zip(HELP.items(), values, strict=True):
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name}{labels} {value}"]
    place_of(str(path.absolute().parent)).put(path.name, "\n".join([*lines, ""]).encode())
