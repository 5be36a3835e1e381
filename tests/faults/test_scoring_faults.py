"""A run of `score` that is killed, interrupted, or loses a worker: what is done stays, and the same command goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.scoring import jobs
from tests.faults import scoring_kills, scoring_planted
from tests.support.serving import PATIENCE_S, ROOT

ROWS = 20_000


def test_a_run_that_was_killed_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    found = scoring_kills.tried(tmp_path, "here", kills=1, seed=1, stretches=6)
    assert found == (found.kills, 12, True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return jobs.parquet(tmp_path / "rows.parquet", rows=ROWS, group_rows=500)


def started(data: Path, out: Path, bundle: Path, *options: str) -> "subprocess.Popen[str]":
    """Start a run, and wait until a part is done."""
    words = [*scoring_kills.command(data, out, bundle, "here"), *options]
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: process.poll() is not None or scoring_kills.markers(out) > 0)
    return process


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_signal_ends_it_after_a_part_and_it_goes_on(tmp_path: Path, data: Path) -> None:
    bundle, out = jobs.model(tmp_path / "models"), tmp_path / "out"
    process = started(data, out, bundle)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "What is done stays: the same command goes on from there." in said
    done = scoring_kills.markers(out)
    assert 0 < done < ROWS // 500
    assert not list(out.glob(".*.tmp"))
    kept = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert jobs.run(data, out, bundle, part_rows=500, max_rejected=1) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert jobs.ids(jobs.answers(out)) == list(range(ROWS))


def test_a_worker_that_is_killed_leaves_the_others_at_work(tmp_path: Path, data: Path) -> None:
    bundle, out = jobs.model(tmp_path / "models"), tmp_path / "out"
    words = [*scoring_kills.command(data, out, bundle, "here"), "--workers", "2"]
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(workers(process.pid)) == 2)  # they import for a while, and each has a stretch to begin with
    os.kill(workers(process.pid)[0], signal.SIGKILL)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "expected a worker that ends it. Received: signal 9 (the system may have been out of memory)" in said
    assert "1 of 40 stretches are not whole." in said
    assert jobs.run(data, out, bundle, part_rows=500, max_rejected=1) == 0
    assert json.loads((out / "_report.json").read_text())["answered"] == ROWS


def workers(parent: int) -> list[int]:
    """Return the processes that do stretches; multiprocessing has one of its own beside them."""
    words = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in words if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_disk_that_is_full_is_said_and_ends_the_run(tmp_path: Path, data: Path) -> None:
    bundle, out = jobs.model(tmp_path / "models"), tmp_path / "out"
    limit = "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limit += (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)); from app.__main__ import main; main(sys.argv[1:])"
    )
    words = scoring_kills.command(data, out, bundle, "here")
    done = subprocess.run(
        [sys.executable, "-c", limit, *words[3:]],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode in (1, 2)
    assert "a folder that can be written. Received: File too large" in done.stderr
    assert not scoring_kills.markers(out)


def test_planted_faults_are_set_aside_with_their_lines(tmp_path: Path) -> None:
    data, out = tmp_path / "rows.csv.gz", tmp_path / "out"
    expected = scoring_planted.planted(data, rows=4000)
    assert jobs.run(data, out, scoring_planted.BUNDLE, keep="key", part_rows=1500) == 0
    assert {row["row"]: row["line"] for row in jobs.rejected(out)} == expected
    assert len(jobs.answers(out)) == 4000 - len(expected) == 3992


def test_two_commands_at_once_write_what_one_writes(tmp_path: Path, data: Path) -> None:
    bundle, out, right = jobs.model(tmp_path / "models"), tmp_path / "out", tmp_path / "right"
    words = scoring_kills.command(data, out, bundle, "here")
    both = [subprocess.Popen(words, cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=PATIENCE_S) for process in both] == [0, 0]
    assert jobs.run(data, right, bundle, part_rows=500, max_rejected=1, quiet=True) == 0
    assert jobs.files(out) == jobs.files(right)
