"""What the cgroup leaves this process: CPUs and memory, and how its threads share the memory.

`os.cpu_count()` and the machine's memory say nothing inside a container; only the affinity mask and the cgroup's
quota and limit do.
"""

import ctypes
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def effective_cpus(cgroup: Path = CGROUP) -> float:
    """Return min(affinity, cgroup quota) in CPUs, at least a small positive number.

    Reads cgroup v2 (`cpu.max`) and v1 (`cpu.cfs_quota_us`, `cpu.cfs_period_us`).
    """
    affinity = float(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else float(os.cpu_count() or 1)
    quota = _quota_v2(cgroup) or _quota_v1(cgroup)
    return min(affinity, quota) if quota else affinity


def _quota_v2(cgroup: Path) -> float | None:
    """`cpu.max` holds "<quota> <period>" in microseconds, or "max <period>"."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _quota_v1(cgroup: Path) -> float | None:
    """A quota of -1 means none."""
    try:
        quota = int((cgroup / "cpu" / "cpu.cfs_quota_us").read_text())
        period = int((cgroup / "cpu" / "cpu.cfs_period_us").read_text())
        return quota / period if quota > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


CGROUP = Path("/sys/fs/cgroup")
ARENAS = 2  # the event loop is one thread, and seldom does another one need memory at the same moment
M_ARENA_MAX = -8  # of glibc's `mallopt`
NO_LIMIT_BYTES = 2**62  # version 1 has no word for "none": it shows the largest number of whole pages


def limit_bytes(cgroup: Path = CGROUP) -> int | None:
    """Return the limit of the cgroup in bytes, None where there is none.

    Reads cgroup v2 (`memory.max`) and v1 (`memory/memory.limit_in_bytes`).
    """
    for path in (cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes"):
        try:
            text = path.read_text().strip()
            return int(text) if text != "max" and int(text) < NO_LIMIT_BYTES else None
        except (OSError, ValueError):
            continue
    return None


def share_arenas() -> None:
    """Let all threads get their memory from a few arenas; call it before there are threads.

    By default glibc gives every thread an arena of its own, which keeps what was once free: more than a megabyte in a
    small service, and more the longer it lives. An operator's MALLOC_ARENA_MAX goes first; another C library than glibc
    has nothing to set.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(M_ARENA_MAX, ARENAS)
