"""How much memory this process may use before the kernel ends it, and how it uses less.

The machine's memory says nothing inside a container; only the cgroup's limit does.
"""

import ctypes
import os
from pathlib import Path

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
