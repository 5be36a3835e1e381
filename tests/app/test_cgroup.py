"""The CPUs that a container may use, from cgroup files as the kernel writes them."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.cgroup import ARENAS, effective_cpus, limit_bytes
from tests.support.serving import PATIENCE_S

AFFINITY = float(len(os.sched_getaffinity(0)))


def v1(folder: Path, quota: str, period: str) -> Path:
    (folder / "cpu").mkdir()
    (folder / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (folder / "cpu" / "cpu.cfs_period_us").write_text(period)
    return folder


@pytest.mark.parametrize(
    ("content", "cpus"), [("50000 100000\n", 0.5), ("10000 100000", 0.1), ("100000 100000\n", 1.0)]
)
def test_a_quota_of_version_2(content: str, cpus: float, tmp_path: Path) -> None:
    """`cpu.max` holds quota and period."""
    (tmp_path / "cpu.max").write_text(content)
    assert effective_cpus(tmp_path) == cpus


def test_a_quota_of_version_1(tmp_path: Path) -> None:
    """Two files under `cpu`."""
    assert effective_cpus(v1(tmp_path, "25000\n", "100000\n")) == 0.25


def test_version_2_is_asked_first(tmp_path: Path) -> None:
    """A machine with both is governed by the newer."""
    (tmp_path / "cpu.max").write_text("75000 100000")
    assert effective_cpus(v1(tmp_path, "25000", "100000")) == 0.75


@pytest.mark.parametrize("content", ["max 100000\n", "", "nonsense", "1 2 3", "-x 100000", "100000 0"])
def test_no_quota_of_version_2(content: str, tmp_path: Path) -> None:
    """Without a limit, or with a file that cannot be read, the affinity counts."""
    (tmp_path / "cpu.max").write_text(content)
    assert effective_cpus(tmp_path) == AFFINITY


@pytest.mark.parametrize(("quota", "period"), [("-1", "100000"), ("0", "100000"), ("100000", "0"), ("x", "100000")])
def test_no_quota_of_version_1(quota: str, period: str, tmp_path: Path) -> None:
    """A quota of -1 means none."""
    assert effective_cpus(v1(tmp_path, quota, period)) == AFFINITY


def test_no_cgroup_at_all(tmp_path: Path) -> None:
    """Outside a container the affinity counts."""
    assert effective_cpus(tmp_path / "nowhere") == AFFINITY


def test_a_quota_above_the_affinity(tmp_path: Path) -> None:
    """The smaller of the two counts."""
    (tmp_path / "cpu.max").write_text("100000000 100000")
    assert effective_cpus(tmp_path) == AFFINITY


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
from app.cgroup import share_arenas

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
        [sys.executable, "-c", THREADS], env=variables, capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert len(re.findall("^Arena ", done.stderr, re.MULTILINE)) == expected
