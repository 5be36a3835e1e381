"""What workers leave behind: gauges go, counts stay, and one file is enough for all the dead."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from app.metrics.multiprocess import VARIABLE, Workers, bury, processes
from tests.support import serving

WORKER = """
import os, sys
from prometheus_client import CollectorRegistry, Gauge
from app.metrics.instruments import Instruments
made = Instruments("1.2.3")
made.requests.labels("m", "1", "predict", "200").inc(float(sys.argv[1]))
made.latency.labels("m", "1").observe_all([float(sys.argv[1]) / 1000] * 2)
made.queue_rows.labels("m", "1").set(float(sys.argv[1]))
made.model_ready.labels("m", "1").set(sys.argv[1] != "5")
made.model_load_s.labels("m", "1").set(float(sys.argv[1]))
print(os.getpid())
"""
ONE = {"model": "m", "version": "1"}
ANSWERED = {**ONE, "protocol": "predict", "code": "200"}


def worker(folder: Path, value: int) -> int:
    """A process that counts `value` and ends; its number."""
    environment = {**os.environ, VARIABLE: str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(value)],
        cwd=serving.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def joined(folder: Path) -> Any:
    """What a scrape of the workers finds: a sample's name and labels -> value."""
    registry = CollectorRegistry()
    registry.register(Workers(folder))
    return registry.get_sample_value


@pytest.fixture
def pair(tmp_path: Path) -> tuple[int, int]:
    """Two workers, which counted 3 and 5."""
    return worker(tmp_path, 3), worker(tmp_path, 5)


def test_each_kind_is_joined_in_its_own_way(pair: tuple[int, int], tmp_path: Path) -> None:
    """Counts and histograms add up, waiting rows too; ready is the least, seconds and information the most."""
    value = joined(tmp_path)
    assert value("slipway_requests_total", ANSWERED) == 8
    assert value("slipway_request_duration_seconds_count", ONE) == 4
    assert value("slipway_request_duration_seconds_sum", ONE) == pytest.approx(0.016)
    assert value("slipway_request_duration_seconds_bucket", {**ONE, "le": "0.005"}) == 4
    assert value("slipway_request_duration_seconds_bucket", {**ONE, "le": "0.001"}) == 0
    assert value("slipway_queue_rows", ONE) == 8
    assert value("slipway_model_ready", ONE) == 0
    assert value("slipway_model_load_seconds", ONE) == 5
    assert value("slipway_stuck", {"what": "loop"}) == 0


def test_no_sample_names_a_process(pair: tuple[int, int], tmp_path: Path) -> None:
    """A gauge without a way to be joined would have a series for each worker that ever was."""
    labels = {label for family in Workers(tmp_path).collect() for sample in family.samples for label in sample.labels}
    assert "model" in labels
    assert "pid" not in labels


def test_what_the_dead_counted_stays_and_what_they_were_goes(pair: tuple[int, int], tmp_path: Path) -> None:
    """One after the other; in the end one file holds the counts of both."""
    first, second = pair
    bury(tmp_path, second)
    value = joined(tmp_path)
    assert value("slipway_requests_total", ANSWERED) == 8
    assert value("slipway_request_duration_seconds_bucket", {**ONE, "le": "0.005"}) == 4
    assert value("slipway_queue_rows", ONE) == 3
    assert value("slipway_model_ready", ONE) == 1
    bury(tmp_path, first)
    value = joined(tmp_path)
    assert value("slipway_requests_total", ANSWERED) == 8
    assert value("slipway_request_duration_seconds_sum", ONE) == pytest.approx(0.016)
    assert value("slipway_queue_rows", ONE) is None
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["counter_0.db", "histogram_0.db"]


def test_the_dead_do_not_pile_up(tmp_path: Path) -> None:
    """However many die, and however often one is buried."""
    for _ in range(3):
        pid = worker(tmp_path, 1)
        bury(tmp_path, pid)
        bury(tmp_path, pid)
    assert joined(tmp_path)("slipway_requests_total", ANSWERED) == 3
    assert len(list(tmp_path.glob("*.db"))) == 2
    assert not list(tmp_path.glob("*.new"))


def test_a_burial_waits_for_a_scrape(pair: tuple[int, int], tmp_path: Path) -> None:
    """Else the scrape would find half of the files: it holds the lock while it reads them."""
    held = "import fcntl, sys; fcntl.flock(open(sys.argv[1], 'a'), fcntl.LOCK_EX | fcntl.LOCK_NB)"

    tried: list[int] = []

    class Client:
        def collect(self) -> list[Any]:
            tried.append(
                subprocess.run(
                    [sys.executable, "-c", held, str(tmp_path / "lock")], capture_output=True, check=False
                ).returncode
            )
            return []

    workers: Any = Workers(tmp_path)
    workers._joined = Client()
    workers.collect()
    assert tried == [1]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the processes are read from /proc")
def test_the_processes_are_seen_as_one() -> None:
    """This process and its children, under the names that the client gives a process that is alone."""
    before = {family.name: family.samples[0].value for family in processes(os.getpid())}
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        after = {family.name: family.samples[0].value for family in processes(os.getpid())}
    finally:
        child.kill()
        child.communicate()
    assert after["process_resident_memory_bytes"] > before["process_resident_memory_bytes"] > 2**20
    assert after["process_open_fds"] >= before["process_open_fds"] + 3
    assert after["process_max_fds"] > before["process_max_fds"]
    assert after["process_start_time_seconds"] == before["process_start_time_seconds"]
    ended = {family.name: family.samples[0].value for family in processes(os.getpid())}
    assert ended["process_cpu_seconds"] >= after["process_cpu_seconds"] > 0
