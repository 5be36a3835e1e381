"""Several processes on one port: one scrape for all, and one that dies is replaced."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving

ANSWERED = re.compile(r'^slipway_requests_total\{code="200".*\} (\S+)$', re.MULTILINE)


@pytest.fixture
def pair(models: Path, tmp_path: Path) -> Iterator[serving.Process]:
    """Two workers."""
    with serving.process(models, tmp_path, "--workers", "2") as started:
        yield started


def workers_of(process: serving.Process) -> list[int]:
    """The worker processes; Python's own helper beside them is none."""
    pid = process.popen.pid
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [child for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()]


def ask(process: serving.Process) -> int:
    return httpx.post(f"{process.address}/predict", content=body_of(GOOD), headers=JSON).status_code


def answered(process: serving.Process) -> float:
    """What one scrape says, whichever worker answers it."""
    return sum(float(value) for value in ANSWERED.findall(httpx.get(f"{process.address}/metrics").text))


def test_one_scrape_counts_for_all(pair: serving.Process) -> None:
    """Whoever answered the requests; SIGTERM then ends them all with code 0."""
    assert [ask(pair) for _ in range(8)] == [200] * 8
    deadline = time.monotonic() + serving.PATIENCE_S
    while answered(pair) < 8:
        assert time.monotonic() < deadline
    assert answered(pair) == 8
    workers = workers_of(pair)
    assert len(workers) == 2
    assert pair.stop() == 0
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_a_worker_that_dies_is_replaced(pair: serving.Process) -> None:
    """Nobody is refused meanwhile: the new one takes connections when its models are loaded."""
    first, *_ = workers_of(pair)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + serving.PATIENCE_S
    while f"Worker {first} ended with code -9" not in pair.complaints() or len(workers_of(pair)) < 2:
        assert time.monotonic() < deadline
        assert ask(pair) == 200
    assert first not in workers_of(pair)
    assert [ask(pair) for _ in range(20)] == [200] * 20
    assert pair.stop() == 0


def test_workers_do_not_outlive_their_supervisor(pair: serving.Process) -> None:
    """When it is killed outright, they finish and free the port."""
    assert ask(pair) == 200
    workers = workers_of(pair)
    pair.popen.kill()
    deadline = time.monotonic() + serving.PATIENCE_S
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < deadline


def alive(pid: int) -> bool:
    """A process that has ended and waits to be collected is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8, 0.95])
def test_a_signal_in_the_middle_of_a_start_ends_it(models: Path, tmp_path: Path, share: float) -> None:
    """Whatever was being imported: an exception in a module of C that is being initialised would be lost."""
    with serving.Process(models, tmp_path) as whole:
        began = time.monotonic()
        assert whole.address
        took_s = time.monotonic() - began
        assert whole.stop() == 0
    with serving.Process(models, tmp_path) as started:
        time.sleep(share * took_s)
        assert started.stop() in {0, -signal.SIGTERM}  # before the first line of Python, the signal itself ends it
        assert "Traceback" not in started.complaints()
