"""What the cgroup leaves this process: CPUs and memory, how its threads share the memory, and how it goes back.

`os.cpu_count()` and the machine's memory say nothing inside a container; only affinity and the cgroup do.
"""

import contextlib
import ctypes
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
ARENAS = 2  # the event loop is one thread, and seldom does another one need memory at the same moment
M_ARENA_MAX = -8  # of glibc's `mallopt`
NO_LIMIT_BYTES = 2**62  # version 1 has no word for "none": it shows the largest number of whole pages


def effective_cpus(cgroup: Path = CGROUP) -> float:
    """Return min(affinity, cgroup quota) in CPUs, a positive number; reads cgroup v2 and v1."""
    affinity = float(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else float(os.cpu_count() or 1)
    return min(affinity, _quota(cgroup) or affinity)


def _quota(cgroup: Path) -> float | None:
    """In version 2 "<quota> <period>" in microseconds, or "max <period>"; in version 1 a file each, and -1 for none."""
    first = cgroup / "cpu"
    for files in ([cgroup / "cpu.max"], [first / "cpu.cfs_quota_us", first / "cpu.cfs_period_us"]):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = " ".join([file.read_text() for file in files]).split()
            if quota != "max" and int(quota) > 0:
                return int(quota) / int(period)
    return None


def limit_bytes(cgroup: Path = CGROUP) -> int | None:
    """Return the limit of the cgroup's memory in bytes, None where there is none; reads cgroup v2 and v1."""
    for path in (cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes"):
        try:
            text = path.read_text().strip()
            return int(text) if text != "max" and int(text) < NO_LIMIT_BYTES else None
        except (OSError, ValueError):
            continue
    return None


def free_bytes(cgroup: Path = CGROUP) -> int | None:
    """Return how much of the cgroup's memory is free, but for files that the kernel can drop; None without a limit."""
    limit = limit_bytes(cgroup)
    for folder, usage in ((cgroup, "memory.current"), (cgroup / "memory", "memory.usage_in_bytes")):
        with contextlib.suppress(OSError, ValueError):
            if limit is not None:
                return limit - int((folder / usage).read_text()) + _droppable_bytes(folder / "memory.stat")
    return None


def _droppable_bytes(statistics: Path) -> int:
    lines = [line.split() for line in statistics.read_text().splitlines()]
    return sum([int(value) for name, value in lines if name in ("inactive_file", "active_file")])


def share_arenas() -> None:
    """Let all threads get their memory from a few arenas; call it before there are threads.

    By default glibc gives every thread an arena of its own, which keeps what was once free: more than a megabyte in a
    small service, and more the longer it lives. An operator's MALLOC_ARENA_MAX goes first; another C library than glibc
    has nothing to set.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(M_ARENA_MAX, ARENAS)


def return_memory() -> None:
    """Give the system what is free inside this process; another C library than glibc keeps it, or gives it by itself.

    It may take a tenth of a second, in which other threads may wait for memory: not on the event loop.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def resident_bytes() -> int:
    """Return how much memory the process has of the system; 0 where the kernel does not say."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
