"""How much memory this process may use before the kernel ends it.

The machine's memory says nothing inside a container; only the cgroup's limit does.
"""

from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
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
