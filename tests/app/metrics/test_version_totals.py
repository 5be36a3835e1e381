"""The totals of one version: of this process from the client's values, of several workers from their files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client.mmap_dict import MmapedDict

from app.metrics.instruments import LATENCY_S, Instruments
from app.metrics.multiprocess import bury
from app.metrics.version_totals import ANSWERED, PREVIEWS, REFUSED, ROWS, RUNS, Places, Process, Workers
from tests.app.metrics.test_multiprocess import worker

BOUNDS = [*LATENCY_S, np.inf]
PLACES = Places(BOUNDS, None)


def filled(made: Instruments, *labels: str) -> None:
    made.requests.labels(*labels, "predict", "200").inc(5)
    made.requests.labels(*labels, "grpc", "200").inc()
    made.requests.labels(*labels, "predict", "400").inc(2)
    made.previews.labels(*labels, "200").inc(3)
    made.previews.labels(*labels, "429").inc()
    made.latency.labels(*labels).observe_all([0.00005, 0.004, 0.004, 99.0])
    made.batch_rows.labels(*labels).observe_all([1, 8, 9])


def test_of_this_process() -> None:
    """Another version is not in it; series that came later are."""
    made = Instruments()
    filled(made, "m", "1")
    filled(made, "m", "2")
    counted = (made.requests, made.previews, made.latency, made.batch_rows)
    totals = Process(counted, ("m", "1"), PLACES)
    found = totals.read()
    assert found[[ANSWERED, REFUSED, PREVIEWS, RUNS, ROWS]].tolist() == [6, 2, 4, 3, 18]
    latency = dict(zip(BOUNDS, found[PLACES.latency].tolist(), strict=True))
    assert {bound: count for bound, count in latency.items() if count} == {0.0001: 1, 0.005: 2, np.inf: 1}
    made.requests.labels("m", "1", "predict", "503").inc()
    assert totals.read()[REFUSED] == 3


def test_of_all_workers_also_of_the_dead(tmp_path: Path) -> None:
    numbers = [worker(tmp_path, value) for value in (3, 5)]
    totals = Workers(tmp_path, ("m", "1"), PLACES)
    assert (totals.read()[ANSWERED], totals.read()[PLACES.latency].sum()) == (8, 4)
    for number in numbers:
        bury(tmp_path, number)
        assert totals.read()[ANSWERED] == 8
    worker(tmp_path, 7)
    assert (totals.read()[ANSWERED], totals.read()[PLACES.latency].sum()) == (15, 6)
    assert Workers(tmp_path, ("m", "2"), PLACES).read().sum() == 0


@pytest.mark.parametrize("padding", range(9))
def test_a_file_that_grows(padding: int, tmp_path: Path) -> None:
    """Each key is read once, however long, and its value each time."""
    file: Any = MmapedDict(str(tmp_path / "counter_7.db"))  # type: ignore[no-untyped-call]
    labels = {"model": "m", "version": "1", "protocol": "p" * padding}

    def key(code: str) -> str:
        return json.dumps(["slipway_requests", "slipway_requests_total", {**labels, "code": code}, "help"])

    totals = Workers(tmp_path, ("m", "1"), PLACES)
    assert totals.read().sum() == 0
    file.write_value(key("200"), 4.0, 0.0)
    assert totals.read()[ANSWERED] == 4
    for number in range(3000):  # beyond the file's first length
        file.write_value(json.dumps(["other", "other_total", {"number": str(number)}, "help"]), 1.0, 0.0)
    file.write_value(key("200"), 6.0, 0.0)
    file.write_value(key("400"), 1.0, 0.0)
    assert (totals.read()[ANSWERED], totals.read()[REFUSED], totals.read().sum()) == (6, 1, 7)
    file.close()
