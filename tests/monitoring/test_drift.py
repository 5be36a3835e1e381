"""One feature moves by a standard deviation: Prometheus says so, of that one alone, as the offline table does."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.monitoring.prometheus import Prometheus, started, until
from tests.support.drift_traffic import Instance, adult_rows, send, shifted, write_csv
from tests.support.serving import PATIENCE_S, ROOT, process

ROWS = 4000
PSI = "feature:slipway_drift_psi:increase1h"


def offline(folder: Path, rows: Sequence[Instance]) -> dict[str, float]:
    """The table of `python -m app drift` for these rows: feature -> index."""
    command = [sys.executable, "-m", "app", "drift", str(write_csv(folder / "rows.csv", rows)), "--json"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode in {0, 1}, told.stderr
    return {found["feature"]: found["psi"] for found in json.loads(told.stdout)["features"]}


def told_by(prometheus: Prometheus, job: str) -> dict[str, float]:
    found = prometheus.values(f'{PSI}{{job="{job}"}}')
    return {dict(labels)["feature"]: value for labels, value in found.items()}


def ask_all(address: str, rows: Sequence[Instance]) -> None:
    def ask(body: bytes) -> None:
        request = urllib.request.Request(f"{address}/predict", body, {"content-type": "application/json"})
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()

    send(ask, rows, lambda: urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE_S).close())


def test_a_shift_of_one_feature_is_seen_and_nothing_else(tmp_path: Path) -> None:
    """Two services get the same rows, one with `age` moved: only that index passes 0.2, all others stay below 0.1."""
    steady = adult_rows(ROWS)
    traffic = {"steady": steady, "moved": shifted(steady, "age")}
    with process(ROOT / "models", tmp_path) as one, process(ROOT / "models", tmp_path) as other:
        addresses = {"steady": one.address, "moved": other.address}
        jobs = {job: address.removeprefix("http://") for job, address in addresses.items()}
        with started(tmp_path / "prometheus", jobs) as prometheus:
            until(lambda: prometheus.value("count(slipway_drift_rows_total == 0)") == 4)  # the start is on record
            for job, rows in traffic.items():
                ask_all(addresses[job], rows)
            until(lambda: prometheus.value(f"count(slipway_drift_rows_total == {ROWS})") == 4)
            prometheus.evaluated()
            told = {job: told_by(prometheus, job) for job in traffic}
    assert told["moved"]["age"] > 0.2
    others = {name: value for name, value in told["moved"].items() if name not in {"age", "income"}}
    assert len(others) == 13
    assert max(others.values()) < 0.1
    assert max(told["steady"].values()) < 0.1
    for job, rows in traffic.items():
        assert told[job] == pytest.approx(offline(tmp_path, rows), abs=1e-3), job
