"""One pod of a Kubernetes Indexed Job: of n pods, pod i does the stretches i, i + n, … as on its own machine.

JOB_COMPLETION_INDEX is Kubernetes' own; JOB_COMPLETIONS is the manifest's (k8s/jobs/scoring).
"""

import os
from collections.abc import Sequence

from app.scoring.engines import here
from app.scoring.engines.base import Failure
from app.scoring.errors import Refused
from app.scoring.parts.job import Job
from app.scoring.reporting.progress import Progress


def run(job: Job, numbers: Sequence[int], progress: Progress, workers: int) -> list[Failure]:
    """Do this pod's share."""
    index, pods = _number("JOB_COMPLETION_INDEX", least=0), _number("JOB_COMPLETIONS", least=1)
    if index >= pods:
        raise Refused(f"JOB_COMPLETION_INDEX: expected a number below JOB_COMPLETIONS, {pods}. Received: {index}.")
    mine = [number for number in numbers if number % pods == index]
    return here.run(job, mine, progress, workers) if mine else []


def _number(variable: str, least: int) -> int:
    text = os.environ.get(variable, "")
    if not text.isdecimal() or int(text) < least:
        raise Refused(f"{variable}: expected a whole number from {least}. Received: {text or 'nothing'}.")
    return int(text)
