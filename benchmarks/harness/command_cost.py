"""A command as a whole: its wall time, the processor's time, and its peak memory.

The memory is what the kernel counted as resident for the process that was started, with the libraries' pages in it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """One run of a command."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    load_average: float  # of the machine, when it ended
    output: str


def run(words: Sequence[str]) -> Ran:
    """Run `python` with these words from the repository's root, and wait.

    Raises:
        SystemExit: when it fails, with what it said.
    """
    command = [sys.executable, *words]
    with tempfile.TemporaryFile("w+") as said:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
    return Ran(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.getloadavg()[0], output)
