"""The real service, a real Prometheus, real traffic: every query of every panel and every rule is answered."""

import contextlib
import json
import math
import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from app.cgroup import limit_bytes
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from monitoring.dashboard import ROWS
from monitoring.load import Caller, Table, tensors
from monitoring.objectives import Objectives
from monitoring.panels import Query
from tests.app.protocols.open_inference_grpc.cases import Tensor, infer
from tests.monitoring.prometheus import Prometheus, started, until
from tests.support.serving import ROOT, Process, process

ADULT = ROOT / "models" / "adult-income" / "1"
DATA = ROOT / "examples" / "adult.csv.gz"
CANARY = {"adult-income": {"version": 2, "share": 0.3}}
SHADOW = {"adult-income": {"version": 3, "share": 1.0}}
VARIABLES = {
    "$namespace": ".*",
    "$job": ".+",
    "$instance": ".+",
    "$model": ".*",
    "$version": ".*",
    "$__rate_interval": "10s",
    "$__range": "1m",
    "$__interval": "5s",
}
QUERIES = [(panel.title, query) for _, make in ROWS for panel in make(Objectives()) for query in panel.queries]


def models(folder: Path) -> Path:
    """Write the committed model as three versions: who answers, a canary and a shadow."""
    for version in (1, 2, 3):
        copy = shutil.copytree(ADULT, folder / "adult-income" / str(version))
        manifest = json.loads((copy / "manifest.json").read_text()) | {"version": version}
        (copy / "manifest.json").write_text(json.dumps(manifest))
    return folder


class Asking:
    """Callers that ask until the test has seen enough; `statuses` counts what they were told."""

    def __init__(self, address: str, grpc_address: str) -> None:
        self._table = Table(DATA, ADULT / "manifest.json", limit=5000)
        self._address, self._grpc_address = address, grpc_address
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(seed,)) for seed in range(2)]
        self._threads.append(threading.Thread(target=self._call))
        self.statuses: set[int] = set()

    def __enter__(self) -> "Asking":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, seed: int) -> None:
        with contextlib.closing(Caller(self._address, [self._table], random.Random(seed))) as caller:
            while not self._stop.wait(0.01):
                self.statuses.add(caller.ask())

    def _call(self) -> None:
        """Ask over gRPC."""
        with grpc.insecure_channel(self._grpc_address) as channel:
            stub = GRPCInferenceServiceStub(channel)
            while not self._stop.wait(0.05):
                stub.ModelInfer(infer(self._table.model, *map(flat, tensors(self._table, self._table.rows[:2]))))


def flat(tensor: dict[str, Any]) -> Tensor:
    """A tensor as gRPC wants it: its numbers in one list, NaN where one is missing."""
    values = [math.nan if value is None else value for row in tensor["data"] for value in row]
    return tensor["name"], tensor["datatype"], tensor["shape"], values


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("live")
    with process(
        models(folder / "models"),
        folder,
        "--grpc-port",
        "0",
        SLIPWAY_CANARY=json.dumps(CANARY),
        SLIPWAY_SHADOW=json.dumps(SHADOW),
        SLIPWAY_VERSIONS="1",
        SLIPWAY_FEEDBACK="true",
    ) as made:
        yield made


@pytest.fixture(scope="module")
def watched(service: Process, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Traffic that goes on, and a Prometheus that has seen a minimum of it."""
    folder = tmp_path_factory.mktemp("prometheus")
    target, grpc_address = service.address.removeprefix("http://"), service.wait_for(r"grpc://(\S+)")[1]
    with started(folder, {"slipway": target}) as prometheus, Asking(service.address, grpc_address) as asking:
        until(lambda: (prometheus.value("sum(slipway_drift_rows_total{kind='feature',version='1'})") or 0) > 1500)
        until(lambda: {200, 400, 404} <= asking.statuses)
        tell_the_truth(service.address)
        prometheus.evaluated()
        yield prometheus


def tell_the_truth(address: str) -> None:
    """Predict, and say later what it really was."""
    row = Table(DATA, ADULT / "manifest.json", limit=1).rows[0]
    with httpx.Client(base_url=address) as client:
        answer = client.post("/predict", json={"instances": [row]})
        told = client.post("/feedback", json={"id": answer.headers["x-request-id"], "value": "<=50K"})
    assert told.status_code == 200, told.text


def chosen(expr: str) -> str:
    """Put in what Grafana would put in for its variables."""
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    assert "$" not in expr, expr
    return expr


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=lambda given: given if isinstance(given, str) else "")
def test_every_query_of_every_panel_is_answered(watched: Prometheus, title: str, query: Query) -> None:
    """No panel stays empty on a healthy service, unless it says why and shows words in place of a number."""
    unlimited = "slipway_memory_limit_bytes" in query.expr and limit_bytes() is None
    if unlimited or "slipway_model_passed_over" in query.expr:
        assert query.absent
        watched.values(chosen(query.expr))  # it is a query at least
    else:
        until(lambda: watched.values(chosen(query.expr)))


def test_every_rule_is_evaluated_and_every_recorded_series_is_there(watched: Prometheus) -> None:
    """A rule that fails, or has nothing to say on a service with traffic, would be a silent alert."""
    for rule in watched.rules():
        assert rule["health"] == "ok", rule
        if rule["type"] == "recording":
            assert watched.values(rule["name"]), rule["name"]


def test_no_alert_fires_on_a_healthy_service(watched: Prometheus) -> None:
    """Two in a hundred of these requests are wrong, one version is a canary and one a shadow: nothing of it is news."""
    watched.evaluated()
    assert not watched.values('ALERTS{alertstate="firing"}')


def test_whatever_was_refused_has_a_reason(watched: Prometheus) -> None:
    """The objective counts by reason, the panels by code: both must speak of the same requests."""
    codes, reasons = 'sum(slipway_requests_total{code!="200"})', 'sum(slipway_rejections_total{reason!="left"})'
    until(lambda: watched.value(codes))
    assert watched.value(f"{codes} - {reasons}") == 0
    counted, answered = "sum(slipway_request_duration_seconds_count)", 'sum(slipway_requests_total{code="200"})'
    assert watched.value(f"{counted} - {answered}") == 0


def test_every_protocol_is_counted_by_its_name(watched: Prometheus) -> None:
    """A caller that moves from one protocol to another is seen to move."""
    by = 'sum by (protocol) (rate(slipway_requests_total{code="200"}[10s])) > 0'
    protocols = {"predict", "tensorflow-serving", "open-inference", "grpc"}
    until(lambda: {dict(labels)["protocol"] for labels in watched.values(by)} == protocols)


def test_a_canary_and_a_shadow_can_be_told_apart(watched: Prometheus) -> None:
    """Who answers is on the panels by version; a copy to a shadow is no request of a caller's."""
    by = 'sum by (version) (rate(slipway_requests_total{code="200"}[10s])) > 0'
    until(lambda: {dict(labels)["version"] for labels in watched.values(by)} == {"1", "2"})
    assert watched.value('sum(slipway_shadow_requests_total{version="3",outcome="answered"})')
