"""`make watch`: three processes that live and end together, and a load that asks as callers do."""

import contextlib
import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import Slipway
from monitoring import load, watch
from monitoring.load import Table, tables_of, tensors
from tests.monitoring.prometheus import until
from tests.support.serving import PATIENCE_S, ROOT, app_of, running
from tests.support.tools import tool

ADULT = ROOT / "models" / "adult-income" / "1" / "manifest.json"
DATA = ROOT / "examples" / "adult.csv.gz"


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((watch.HOST, 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def watching(*options: str) -> Iterator[tuple["subprocess.Popen[bytes]", int, int]]:
    """`python -m monitoring.watch` on free ports, until it has told where everything is."""
    tool("prometheus")
    service, prometheus = free_ports(2)
    command = [sys.executable, "-m", "monitoring.watch", "--port", str(service), "--prometheus-port", str(prometheus)]
    child = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield child, service, prometheus
    finally:
        child.terminate()
        child.communicate(timeout=PATIENCE_S)


def said(child: "subprocess.Popen[bytes]", pattern: str) -> str:
    assert child.stdout is not None
    text, deadline = "", time.monotonic() + 2 * PATIENCE_S
    while not re.search(pattern, text):
        ready, _, _ = select.select([child.stdout], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(child.stdout.fileno(), 65536) if ready else b""
        assert piece, text
        text += piece.decode()
    return text


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex((watch.HOST, port)) == 0


def test_it_starts_everything_tells_where_and_ends_everything() -> None:
    """Both addresses answer, the rules are loaded, the load is answered; Ctrl-C leaves nothing behind."""
    with watching("--rate", "200") as (child, service, prometheus):
        text = said(child, "Ctrl-C ends everything")
        assert f"http://127.0.0.1:{service}/docs" in text
        assert f"http://127.0.0.1:{prometheus}/alerts" in text
        assert (ROOT / re.findall(r"k8s/\S+\.json", text)[0]).is_file()
        with urllib.request.urlopen(f"http://127.0.0.1:{prometheus}/api/v1/rules") as answer:
            groups = json.loads(answer.read())["data"]["groups"]
        assert {group["name"] for group in groups} >= {"slipway-alerts", "slipway-drift"}

        def answered() -> int:
            with urllib.request.urlopen(f"http://127.0.0.1:{service}/metrics") as scraped:
                return sum(
                    int(float(n)) for n in re.findall(r'_requests_total{.*code="200".*} (\S+)', scraped.read().decode())
                )

        until(lambda: answered() > 20)
        child.send_signal(signal.SIGINT)
        assert child.wait(2 * PATIENCE_S) == 0
        assert not listens(service)
        assert not listens(prometheus)


def test_when_one_ends_so_do_the_others() -> None:
    """A port that is taken ends the service: nobody is left to watch an empty Prometheus."""
    with socket.socket() as taken:
        taken.bind((watch.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, prometheus = free_ports(2)
        command = [sys.executable, "-m", "monitoring.watch", "--port", str(port), "--prometheus-port", str(prometheus)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=4 * PATIENCE_S, check=False)
    assert ended.returncode == 1
    assert "The service has ended" in ended.stderr
    assert not listens(prometheus)


def test_without_prometheus_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence instead of a traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="apt install prometheus"):
        watch.prometheus(tmp_path, 9090, watch.configuration({"slipway": "127.0.0.1:8000"}))


def test_prometheus_likes_the_configurations(tmp_path: Path) -> None:
    """The one that is written for this machine, and the one of compose.yaml beside its rules."""
    (tmp_path / "watch.yml").write_text(watch.configuration({"slipway": "127.0.0.1:8000"}))
    composed = (ROOT / "monitoring" / "prometheus.yml").read_text()
    assert "/etc/prometheus/rules.yaml" in composed
    (tmp_path / "compose.yml").write_text(composed.replace("/etc/prometheus/rules.yaml", str(watch.RULES)))
    for name in ("watch.yml", "compose.yml"):
        checked = subprocess.run(
            [tool("promtool"), "check", "config", str(tmp_path / name)], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


# ── the load ──


@pytest.fixture(scope="module")
def table() -> Table:
    return Table(DATA, ADULT, limit=500)


@pytest.fixture
def app() -> Slipway:
    return app_of(ROOT / "models")


async def test_every_way_of_asking_is_understood(app: Slipway, table: Table) -> None:
    """The same rows, also those with missing cells, in each protocol: 200, and the same answers."""
    rows = [row for row in table.rows if None in row.values()][:3] + table.rows[:3]
    asked: list[tuple[str, Any]] = []

    class Told(load.Caller):
        def _post(self, path: str, body: Any) -> int:
            asked.append((path, body))
            return 200

    caller = Told("http://127.0.0.1:1", [table], random.Random(1))
    for way in (caller.predict, caller.classify, caller.infer, caller.err):
        way(table, rows)
    async with running(app) as client:
        answers = [await client.post(path, json=body) for path, body in asked]
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert answers[3].status_code in {400, 404}
    assert shares_of(answers[0]) == pytest.approx(shares_of(answers[2]), abs=1e-6)
    assert shares_of(answers[0]) == pytest.approx(shares_of(answers[1]), abs=1e-6)


def shares_of(answer: httpx.Response) -> list[float]:
    """The probability of the second label for each row, whatever protocol said it."""
    said = answer.json()
    if "predictions" in said:
        return [row["probabilities"][">50K"] for row in said["predictions"]]
    if "results" in said:
        return [dict(row)[">50K"] for row in said["results"]]
    return list(said["outputs"][0]["data"][1::2])


def test_a_shift_moves_one_number_by_its_own_deviation(table: Table) -> None:
    """And nothing else; a missing value stays missing."""
    before = Table(DATA, ADULT, limit=500).rows
    moved = Table(DATA, ADULT, limit=500)
    moved.shift("age", 2)
    steps = {after["age"] - row["age"] for after, row in zip(moved.rows, before, strict=True)}
    assert max(steps) - min(steps) < 1e-9
    assert 20 < max(steps) < 35  # the deviation of ages is about 13.7
    assert [row | {"age": 0} for row in moved.rows] == [row | {"age": 0} for row in before]
    with pytest.raises(SystemExit, match="expected a feature with numbers"):
        moved.shift("workclass", 1)
    with pytest.raises(SystemExit, match="Received: nothing"):
        moved.shift("nothing", 1)


def test_a_file_without_the_features_is_refused_by_name(tmp_path: Path) -> None:
    """Whoever serves a model of their own is told what the load is made of."""
    (tmp_path / "other.csv").write_text("age\n39\n")
    with pytest.raises(SystemExit, match="Invalid `--data`: expected a column for each feature of adult-income"):
        Table(tmp_path / "other.csv", ADULT)
    header = ",".join(feature["name"] for feature in json.loads(ADULT.read_text())["features"])
    (tmp_path / "empty.csv").write_text(header + "\n")
    with pytest.raises(SystemExit, match="expected rows"):
        Table(tmp_path / "empty.csv", ADULT)
    with pytest.raises(SystemExit, match="Invalid `--models`: expected bundles"):
        tables_of(tmp_path, DATA)


def test_the_load_finds_the_models_that_are_served(table: Table) -> None:
    """The newest version of each bundle; its inputs are the graph's own."""
    assert [found.model for found in tables_of(ROOT / "models", DATA)] == ["adult-income"]
    assert [(one["name"], one["shape"]) for one in tensors(table, table.rows[:4])] == [
        ("numeric", [4, 6]),
        ("categorical", [4, 8]),
    ]


def test_the_load_sends_doubles_where_the_graph_takes_them(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = [one | ({"dtype": "float64"} if one["name"] == "numeric" else {}) for one in table.manifest["inputs"]]
    monkeypatch.setattr(table, "manifest", table.manifest | {"inputs": inputs})
    assert [one["datatype"] for one in tensors(table, table.rows[:4])] == ["FP64", "BYTES"]


def test_the_load_and_the_watch_need_nothing_but_python() -> None:
    """They run in the serving set, and in an image that has no more than it."""
    alone = [sys.executable, "-S", "-c", "import monitoring.load, monitoring.watch"]
    assert subprocess.run(alone, cwd=ROOT, capture_output=True, check=False).returncode == 0
