"""The statistics add up to what was asked, and agree with the metrics."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from app.metrics.histogram import Histogram
from app.metrics.model_statistics import Statistics
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.app.protocols.open_inference import cases as wire
from tests.clients import models
from tests.support import serving


def histogram(*seconds: float) -> Histogram:
    made = Histogram("x", "x", buckets=(0.1, 1.0), registry=CollectorRegistry())
    if seconds:
        made.observe_all(list(seconds))
    return made


def made(*latency: float) -> Statistics:
    return Statistics("m", "1", histogram(*latency), histogram(0.25), histogram(0.5, 2.0))


def test_nothing_has_happened_yet() -> None:
    """Zeros, and no batch size."""
    found = Statistics("m", "1", histogram(), histogram(), histogram()).report(0)
    assert (found["name"], found["version"]) == ("m", "1")
    assert (found["last_inference"], found["inference_count"], found["execution_count"]) == (0, 0, 0)
    assert all(duration == {"count": 0, "ns": 0} for duration in found["inference_stats"].values())
    assert found["batch_stats"] == []


def test_runs_are_counted_by_their_rows() -> None:
    """Rows and runs in total, and the time of each size; a request's share of a run is the run's whole time."""
    statistics = made()
    for rows, run_s, pieces in ((4, 0.5, 2), (1, 0.25, 1), (4, 1.0, 4)):
        statistics.ran(rows, run_s, pieces)
    found = statistics.report(0)
    assert (found["inference_count"], found["execution_count"]) == (9, 3)
    assert found["inference_stats"]["compute_infer"] == {"count": 7, "ns": 5_250_000_000}
    assert [(size["batch_size"], size["compute_infer"]) for size in found["batch_stats"]] == [
        (1, {"count": 1, "ns": 250_000_000}),
        (4, {"count": 2, "ns": 1_500_000_000}),
    ]


def test_the_histograms_give_the_rest() -> None:
    """Count and sum in nanoseconds; failures have a count alone."""
    found = made(1.0, 0.5, 3.0).report(7)["inference_stats"]
    assert found["success"] == {"count": 3, "ns": 4_500_000_000}
    assert found["compute_input"] == {"count": 1, "ns": 250_000_000}
    assert found["queue"] == {"count": 2, "ns": 2_500_000_000}
    assert found["fail"] == {"count": 7, "ns": 0}


def test_a_fold_between_runs_loses_nothing() -> None:
    statistics = made()
    for _ in range(3):
        statistics.ran(2, 0.125, 1)
        statistics.fold()
        statistics.fold()
    found = statistics.report(0)
    assert (found["inference_count"], found["execution_count"]) == (6, 3)
    assert statistics.report(0) == found


def test_the_last_run_has_a_date() -> None:
    """In milliseconds since 1970."""
    statistics = made()
    before = time.time()
    statistics.ran(1, 0.1, 1)
    assert int(before * 1000) <= statistics.report(0)["last_inference"] <= time.time() * 1000


# ── of a running service ──


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    for name, version in (("one", 1), ("one", 2), ("stats", 1)):
        models.write(root, name, models.identity("FP32"), version)
    return root


async def statistics_of(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    response = await client.get(f"/v2/models{path}/stats")
    assert response.status_code == 200, response.text
    assert list(response.json()) == ["model_stats"]
    found: list[dict[str, Any]] = response.json()["model_stats"]
    return found


async def test_requests_are_counted_where_they_went(folder: Path) -> None:
    """By version: rows, requests and failures; not those of another, nor those of no model."""
    async with serving.running(serving.app_of(folder, versions="all", max_queue_rows=10)) as client:
        for version, rows in ((1, 2), (2, 3), (1, 4)):
            body = wire.plain(shape=[rows, 1], data=[1] * rows)
            response = await client.post(f"/v2/models/one/versions/{version}/infer", json=body)
            assert response.status_code == 200
        for body in (wire.plain(shape=[11, 1], data=[1] * 11), {}):
            assert (await client.post("/v2/models/one/versions/1/infer", json=body)).status_code in (429, 400)
        assert (await client.post("/v2/models/other/infer", json={})).status_code == 404
        found = {(one["name"], one["version"]): one for one in await statistics_of(client, "")}
        assert set(found) == {("one", "1"), ("one", "2"), ("stats", "1")}
        (first,) = await statistics_of(client, "/one/versions/1")
        assert [one["version"] for one in await statistics_of(client, "/one")] == ["1", "2"]
    assert first == found["one", "1"]
    assert (first["inference_count"], first["execution_count"]) == (6, 2)
    times = first["inference_stats"]
    assert {name: times[name]["count"] for name in ("success", "fail", "queue", "compute_infer")} == {
        "success": 2,
        "fail": 2,
        "queue": 2,
        "compute_infer": 2,
    }
    assert 0 < times["compute_infer"]["ns"] < times["success"]["ns"]
    assert [size["batch_size"] for size in first["batch_stats"]] == [2, 4]
    second = found["one", "2"]
    assert (second["inference_count"], second["inference_stats"]["fail"]["count"]) == (3, 0)
    assert found["stats", "1"]["inference_count"] == 0


async def test_every_protocol_counts(client: httpx.AsyncClient) -> None:
    """`/predict` and infer go through one batcher; each row counts once, however runs were shared."""
    content, headers = wire.Infer(wire.MEMBER).encode()
    answers = await asyncio.gather(
        *(client.post("/predict", content=body_of(GOOD, GOOD), headers=JSON) for _ in range(10)),
        *(client.post("/v2/models/tiny/infer", content=content, headers=headers) for _ in range(10)),
    )
    assert {answer.status_code for answer in answers} == {200}
    (found,) = await statistics_of(client, "/tiny")
    assert found["inference_count"] == 30
    assert found["inference_stats"]["success"]["count"] == 20
    assert found["execution_count"] == sum(size["compute_infer"]["count"] for size in found["batch_stats"])
    assert sum(size["batch_size"] * size["compute_infer"]["count"] for size in found["batch_stats"]) == 30
