"""Two workers, one scrape: every metric is there, joined as its page says, and a death takes no count away."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import Gauge
from prometheus_client.parser import text_string_to_metric_families

from app.metrics.service_metrics import Metrics
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.app.metrics.test_metrics_docs import PAGE, listed
from tests.app.metrics.test_service_metrics import TINY, Scrape
from tests.app.server.test_workers import workers_of
from tests.support import serving, tiny

REQUESTS = 12
ONE_PROCESS_ALONE = {
    "python_gc_objects_collected_total",
    "python_gc_objects_uncollectable_total",
    "python_gc_collections_total",
}
PREDICTED = {**TINY, "protocol": "predict", "code": "200"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two versions of a model whose drift is counted."""
    for version in (1, 2):
        tiny.write(tmp_path / "models", tiny.Tiny(version=version, profiled=True))
    return tmp_path / "models"


@pytest.fixture
def pair(folder: Path, tmp_path: Path) -> Iterator[serving.Process]:
    """Two workers, which are scraped where the files lie too."""
    with serving.process(folder, tmp_path, "--workers", "2", "--versions", "all", TMPDIR=str(tmp_path)) as started:
        yield started


def files(tmp_path: Path) -> list[str]:
    (folder,) = tmp_path.glob("slipway-metrics-*")
    return sorted(path.name for path in folder.glob("*.db"))


def ask(pair: serving.Process, times: int = REQUESTS) -> None:
    """On a connection of its own each, so that the kernel chooses a worker each time."""
    for _ in range(times):
        answer = httpx.post(f"{pair.address}/predict?version=1", content=body_of(GOOD, GOOD), headers=JSON)
        assert answer.status_code == 200


def scrape(pair: serving.Process) -> Scrape:
    return Scrape(httpx.get(f"{pair.address}/metrics").text)


def until(pair: serving.Process, holds: Callable[[Scrape], bool]) -> Scrape:
    """Scrape until `holds`: what the other worker counted is up to a second old."""
    deadline = time.monotonic() + serving.PATIENCE_S
    while not holds(found := scrape(pair)):
        assert time.monotonic() < deadline, sorted(str(s) for s in found.samples)
    return found


def counted(found: Scrape) -> float:
    return found.value("slipway_requests_total", **PREDICTED) or 0


def test_every_metric_is_joined_as_the_page_says(pair: serving.Process, tmp_path: Path) -> None:
    """Counts add up and stay whole; gauges are summed, or the least or most of the two, and none names a process."""
    ask(pair)
    until(pair, lambda metrics: metrics.value("slipway_queue_capacity_rows", **TINY) == 40_000)  # both have loaded it
    found = until(pair, lambda metrics: counted(metrics) == REQUESTS)
    for stage in ("decode", "queue", "run", "encode"):
        assert found.value("slipway_stage_duration_seconds_count", **TINY, stage=stage) == REQUESTS
    assert found.value("slipway_request_duration_seconds_count", **TINY) == REQUESTS
    assert found.value("slipway_batch_rows_sum", **TINY) == 2 * REQUESTS
    until(pair, lambda metrics: metrics.value("slipway_drift_rows_total", **TINY, kind="feature") == 2 * REQUESTS)
    assert found.value("slipway_queue_capacity_rows", **TINY) == 40_000
    assert found.value("slipway_queue_rows", **TINY) == 0
    assert found.value("slipway_requests_in_flight", **TINY) == 0
    assert found.value("slipway_model_ready", **TINY) == 1
    assert found.value("slipway_draining") == 0
    assert found.value("slipway_effective_cpus") == len(os.sched_getaffinity(0)) or found.value(
        "slipway_effective_cpus"
    )
    assert found.value("slipway_model_loads_total", model="tiny", outcome="ready") == 4
    assert [s.value for s in found.samples if s.name == "slipway_model_info"] == [1, 1]
    assert (found.value("slipway_event_loop_lag_seconds_count") or 0) > 0
    shares = [s.value for s in found.samples if s.name == "slipway_drift_training_share" and s.labels["version"] == "1"]
    assert 0 < max(shares) <= 1
    assert not any("pid" in sample.labels for sample in found.samples)
    resident = found.value("process_resident_memory_bytes") or 0
    biggest = max(_resident(pid) for pid in workers_of(pair))
    assert resident > 1.5 * biggest
    assert sum(name.startswith("gauge_livemax_") for name in files(tmp_path)) == 2


def _resident(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def test_no_metric_is_lost_but_those_that_the_page_names(pair: serving.Process) -> None:
    """Each family of the page, with its labels, whichever worker is asked; there is no shadow here."""
    ask(pair, 1)
    text = httpx.get(f"{pair.address}/metrics").text
    found = {
        f"{f.name}_total" if f.type == "counter" else f.name: (f.type, frozenset(f.samples[0].labels) - {"le"})
        for f in text_string_to_metric_families(text)
        if f.samples
    }
    for name, row in listed().items():
        optional = name.startswith(("slipway_shadow_", "slipway_feedback_")) or name == "slipway_memory_limit_bytes"
        if name in ONE_PROCESS_ALONE or (optional and name not in found):
            continue
        assert found[name] == (row.kind, row.labels), name


def test_a_death_takes_no_count_away(pair: serving.Process, tmp_path: Path) -> None:
    """Its gauges go, its counts go on; one file holds what the dead have counted, however many die."""
    ask(pair)
    until(pair, lambda metrics: counted(metrics) == REQUESTS)
    for deaths in (1, 2):
        victim, survivor = workers_of(pair)
        os.kill(victim, signal.SIGKILL)
        replaced = f"counter_{victim}.db"
        until(pair, lambda metrics: replaced not in files(tmp_path))  # noqa: B023  (asked at once)
        found = until(
            pair,
            lambda metrics: metrics.value("slipway_model_loads_total", model="tiny", outcome="ready") == 4 + 2 * deaths,  # noqa: B023
        )
        assert counted(found) == REQUESTS
        assert survivor in workers_of(pair)
        found = until(pair, lambda metrics: metrics.value("slipway_queue_capacity_rows", **TINY) == 40_000)
        assert found.value("slipway_model_ready", **TINY) == 1
        names = files(tmp_path)
        assert not any(f"_{victim}.db" in name for name in names), names
        assert sum(name.startswith("counter_") for name in names) == 3
        assert "counter_0.db" in names


def test_the_series_of_a_version_go_with_it(pair: serving.Process, folder: Path) -> None:
    """The files still have them; nobody shows them, once each worker has missed it."""
    ask(pair, 2)
    assert scrape(pair).versions() == {"", "1", "2"}
    shutil.rmtree(folder / "tiny" / "1")
    pair.popen.send_signal(signal.SIGHUP)
    for _ in range(10):
        until(pair, lambda metrics: metrics.versions() == {"", "2"})


def test_another_content_of_a_version_has_one_series_of_facts(pair: serving.Process, folder: Path) -> None:
    """The files have both, for they keep what they have; the old one is 0 there and is not shown."""
    until(pair, loaded(4))  # both workers have begun; one that begins later would load the new content at once
    old = {sample.labels["sha256"] for sample in facts(scrape(pair))}
    new = tiny.write(folder.parent / "new", tiny.Tiny(version=2, profiled=True, shift=1.0))
    (folder / "tiny" / "2").rename(folder.parent / "old")
    new.rename(folder / "tiny" / "2")
    pair.popen.send_signal(signal.SIGHUP)
    until(pair, loaded(6))
    for _ in range(10):
        found = until(pair, lambda metrics: [s.labels["version"] for s in facts(metrics)] == ["1", "2"])
        assert {sample.labels["sha256"] for sample in facts(found)} != old


def loaded(count: int) -> Callable[[Scrape], bool]:
    return lambda metrics: metrics.value("slipway_model_loads_total", model="tiny", outcome="ready") == count


def facts(metrics: Scrape) -> list[Any]:
    found = [sample for sample in metrics.samples if sample.name == "slipway_model_info"]
    return sorted(found, key=lambda sample: sample.labels["version"])


def test_every_gauge_is_joined_as_the_page_says() -> None:
    """None is left to a series for each process, and the dead have no say."""
    modes = {
        made._name: made._multiprocess_mode
        for made in Metrics().registry._collector_to_names
        if isinstance(made, Gauge)
    }
    table = PAGE.read_text().split("| joined by |")[1].split("\n\n")[0]
    words = {"sum": "livesum", "smallest": "livemin", "newest": "livemostrecent"}
    rows = {word: row for row in table.splitlines() for word in words if f"the {word} |" in row}
    listed_by = {words[word]: set(re.findall(r"`(\w+)`", row)) for word, row in rows.items()}
    assert listed_by.keys() == set(words.values())
    for mode, names in listed_by.items():
        assert names == {name for name, found in modes.items() if found == mode}
    assert set(modes.values()) == {*words.values(), "livemax"}
