"""The cgroup's limit of the memory, in both versions, and the arenas that threads share."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.memory import ARENAS, limit_bytes

NONE_IN_V1 = "9223372036854771712"  # what version 1 shows on a machine with pages of 4 KiB


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("memory.max", "268435456\n", 2**28),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "268435456\n", 2**28),
        ("memory/memory.limit_in_bytes", f"{NONE_IN_V1}\n", None),
        ("memory.max", "rubbish", None),
        ("nothing", "1", None),
    ],
)
def test_the_limit_is_what_the_cgroup_says(file: str, text: str, expected: int | None, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert limit_bytes(tmp_path) == expected


def test_the_newer_version_counts_where_both_are_there(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("1")
    (tmp_path / "memory.max").write_text("2")
    assert limit_bytes(tmp_path) == 2


THREADS = """
import ctypes, threading
from app.memory import share_arenas

share_arenas()
library, together = ctypes.CDLL(None), threading.Barrier(8)
library.malloc.restype = ctypes.c_void_p


def allocate():
    together.wait()
    library.malloc(ctypes.c_size_t(1000))
    together.wait()


threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
library.malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
@pytest.mark.parametrize(("asked", "expected"), [(None, ARENAS), ("5", 5)])
def test_threads_share_arenas(asked: str | None, expected: int) -> None:
    """Eight threads would have one each; what an operator asks for goes first."""
    variables = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    variables |= {} if asked is None else {"MALLOC_ARENA_MAX": asked}
    done = subprocess.run(
        [sys.executable, "-c", THREADS], env=variables, capture_output=True, text=True, check=True, timeout=60
    )
    assert len(re.findall("^Arena ", done.stderr, re.MULTILINE)) == expected
