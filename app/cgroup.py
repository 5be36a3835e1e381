"""How many CPUs this process may really use.

`os.cpu_count()` shows the node's cores inside a container; only the affinity mask and the cgroup quota tell.
"""

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
