"""The CPUs that a container may use, from cgroup files as the kernel writes them."""

import os
from pathlib import Path

import pytest

from app.cgroup import effective_cpus

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
