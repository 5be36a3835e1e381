"""What a worker on another machine is given: the code, the bundle and a job; it reads data and writes parts itself.

    driver ─ packed(bundle), job ─> worker ─ work(job, files, 7) ─> why it failed or nothing, rows

The bundle travels, for it is small; rows never do. Data and answers lie where all machines see them.
"""

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

import msgspec

import app
from app.scoring.engines.base import Failure, attempt, one_core
from app.scoring.parts.job import Job

CODE = Path(app.__file__).parent

Files = tuple[tuple[str, bytes], ...]  # name and content, without folders: as a bundle is


def packed(bundle: str) -> Files:
    """Read a bundle's files."""
    return tuple([(each.name, each.read_bytes()) for each in sorted(Path(bundle).iterdir()) if each.is_file()])


def work(job: Job, files: Files, number: int) -> tuple[Failure | None, int]:
    """Do a stretch; return why it failed, and the rows that are done. A worker that is killed leaves whole parts."""
    one_core()
    rows: list[int] = []
    here = msgspec.structs.replace(job, bundle=_unpacked(files, f"{job.plan.model}/{job.plan.version}"))
    return attempt(here, number, rows.append, lambda: False), sum(rows)


@lru_cache(maxsize=1)
def _unpacked(files: Files, version: str) -> str:
    """Write a bundle into a folder of this process, which is called as a version's must be."""
    parent = tempfile.mkdtemp(prefix="slipway-")
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    folder = Path(parent, version)
    folder.mkdir(parents=True)
    for name, content in files:
        (folder / name).write_bytes(content)
    return str(folder)
