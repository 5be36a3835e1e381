"""The metrics parse, and move as their descriptions say."""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from app.main import Slipway
from app.metrics.histogram import FOLD_AT
from app.metrics.instruments import PROTOCOLS
from app.metrics.model_metrics import SOMEBODYS
from app.metrics.service_metrics import NOBODYS
from app.runtime.model import Model
from tests.app import graphs
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving, tiny

TINY = {"model": "tiny", "version": "1"}
NOBODY = {"model": "_unknown", "version": ""}
PREDICT = {"protocol": "predict"}
OPENMETRICS = {"accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}


class Scrape:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """The value of the sample with exactly these labels, or None."""
        return next((s.value for s in self.samples if s.name == name and s.labels == labels), None)

    def all(self, name: str) -> list[Any]:
        """The samples of a counter."""
        return [sample for sample in self.samples if sample.name == f"slipway_{name}_total"]

    def versions(self) -> set[str]:
        """Every version that any sample names."""
        named = [s for s in self.samples if s.name.startswith("slipway_") and "model" in s.labels]
        return {s.labels["version"] for s in named if "version" in s.labels}

    def labels(self, name: str) -> dict[str, str]:
        (sample,) = (s for s in self.samples if s.name == name)
        return sample.labels


async def scrape(client: httpx.AsyncClient) -> Scrape:
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    return Scrape(response.text)


async def post(client: httpx.AsyncClient, body: bytes, query: str = "") -> int:
    return (await client.post(f"/predict{query}", content=body, headers=JSON)).status_code


async def test_before_any_request(client: httpx.AsyncClient) -> None:
    """What is served and with what capacity; no requests yet."""
    metrics = await scrape(client)
    assert metrics.value("slipway_model_ready", **TINY) == 1
    assert metrics.value("slipway_model_loads_total", model="tiny", outcome="ready") == 1
    assert metrics.value("slipway_queue_rows", **TINY) == 0
    assert metrics.value("slipway_queue_capacity_rows", **TINY) == 20_000
    assert (metrics.value("slipway_model_load_seconds", **TINY) or 0) > 0
    assert (metrics.value("slipway_effective_cpus") or 0) > 0
    assert metrics.labels("slipway_model_info")["task"] == "binary"
    assert metrics.labels("slipway_engine_info")["run_on"] in ("loop", "thread")
    assert metrics.value("slipway_requests_in_flight", **TINY) == 0
    assert metrics.labels("slipway_build_info").keys() == {"version", "python", "onnxruntime"}
    assert {metrics.value("slipway_stuck", what=what) for what in ("engine", "load", "loop")} == {0}
    assert metrics.value("process_start_time_seconds") is not None
    assert metrics.value("python_gc_collections_total", generation="0") is not None


async def test_good_requests_are_counted(client: httpx.AsyncClient) -> None:
    """Each once, with its latency; rows and runs as they happened."""
    for rows in (1, 2, 3):
        assert await post(client, body_of(*[GOOD] * rows)) == 200
    metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **TINY, **PREDICT, code="200") == 3
    assert metrics.value("slipway_request_duration_seconds_count", **TINY) == 3
    assert metrics.value("slipway_batch_rows_count", **TINY) == 3
    assert metrics.value("slipway_batch_rows_sum", **TINY) == 6
    assert metrics.value("slipway_batch_rows_bucket", **TINY, le="2.0") == 2
    for stage in ("decode", "queue", "run", "encode"):
        assert metrics.value("slipway_stage_duration_seconds_count", **TINY, stage=stage) == 3
    assert metrics.value("slipway_batch_retries_total", **TINY) == 0


async def test_a_shared_run_is_one_run(client: httpx.AsyncClient) -> None:
    """Twenty requests, fewer runs, every row once."""
    assert await asyncio.gather(*(post(client, body_of(GOOD)) for _ in range(20))) == [200] * 20
    metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **TINY, **PREDICT, code="200") == 20
    assert metrics.value("slipway_batch_rows_sum", **TINY) == 20
    assert (metrics.value("slipway_batch_rows_count", **TINY) or 0) < 20


async def test_bad_requests_are_counted_apart(client: httpx.AsyncClient) -> None:
    """By status and model; they have no latency and no run, and nobody can make labels."""
    assert await post(client, b"{") == 400
    assert await post(client, body_of(GOOD), "?model=invented") == 404
    assert await post(client, body_of(GOOD), "?version=7") == 404
    assert await post(client, body_of(GOOD), "?x=1") == 400
    metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **TINY, **PREDICT, code="400") == 1
    assert metrics.value("slipway_requests_total", **NOBODY, **PREDICT, code="404") == 2
    assert metrics.value("slipway_requests_total", **NOBODY, **PREDICT, code="400") == 1
    assert metrics.value("slipway_request_duration_seconds_count", **TINY) == 0
    assert metrics.value("slipway_batch_rows_count", **TINY) == 0
    assert "invented" not in {label for sample in metrics.samples for label in sample.labels.values()}


async def test_refusals_at_the_door_are_counted(models: Path) -> None:
    """A full queue and too many rows, each under its status."""
    async with serving.running(serving.app_of(models, max_queue_rows=5, max_request_rows=8)) as client:
        assert await post(client, body_of(*[GOOD] * 6)) == 429
        assert await post(client, body_of(*[GOOD] * 9)) == 413
        metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **TINY, **PREDICT, code="429") == 1
    assert metrics.value("slipway_requests_total", **TINY, **PREDICT, code="413") == 1


async def test_a_failing_batch_is_counted_as_a_retry(tmp_path: Path) -> None:
    """One failed batch, its requests counted by how they ended."""
    tiny.write(tmp_path, tiny.Tiny(task="regression", numbers=("a",), booleans=(), strings=(), optional=(), scale=1e4))
    async with serving.running(serving.app_of(tmp_path)) as client:
        codes = await asyncio.gather(*(post(client, body_of([value])) for value in (1.0, 3e38, 2.0)))
        assert codes == [200, 500, 200]
        metrics = await scrape(client)
    assert metrics.value("slipway_batch_retries_total", **TINY) == 1
    assert metrics.value("slipway_requests_total", **TINY, **PREDICT, code="200") == 2
    assert metrics.value("slipway_requests_total", **TINY, **PREDICT, code="500") == 1


async def test_a_failed_load_is_shown(tmp_path: Path) -> None:
    """0 and not absent, so that an alert can see it."""
    (tiny.write(tmp_path) / "card.md").unlink()
    async with serving.running(serving.app_of(tmp_path)) as client:
        metrics = await scrape(client)
    assert metrics.value("slipway_model_ready", **TINY) == 0
    assert metrics.value("slipway_model_loads_total", model="tiny", outcome="failed") == 1


async def test_two_applications_do_not_count_for_each_other(models: Path) -> None:
    """Nothing is global."""
    one, two = serving.app_of(models), serving.app_of(models)
    async with serving.running(one) as first, serving.running(two) as second:
        assert await post(first, body_of(GOOD)) == 200
        counts = [(await scrape(client)).value("slipway_batch_rows_sum", **TINY) for client in (first, second)]
    assert counts == [1, 0]


async def test_openmetrics_where_it_is_asked_for(client: httpx.AsyncClient) -> None:
    """The newer format parses too."""
    await post(client, body_of(GOOD))
    response = await client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    parse: Any = openmetrics.text_string_to_metric_families  # the client has not typed it
    names = {family.name for family in parse(response.text)}
    assert "slipway_requests" in names


async def test_every_metric_says_what_it_is(client: httpx.AsyncClient) -> None:
    """A help text on each, and units in the names of durations."""
    await post(client, body_of(GOOD))
    own = {n: f for n, f in (await scrape(client)).families.items() if n.startswith("slipway_")}
    own = {name: family for name, family in own.items() if not name.endswith("_created")}
    assert len(own) >= 10
    for name, family in own.items():
        assert family.documentation.endswith("."), name
        assert "duration" not in name or name.endswith("_seconds")


async def test_draining_is_not_shown_while_serving(client: httpx.AsyncClient) -> None:
    """0, not absent."""
    assert (await scrape(client)).value("slipway_draining") == 0


async def test_a_body_over_the_limit_is_counted(models: Path) -> None:
    """It never reached a model, so it is nobody's."""
    async with serving.running(serving.app_of(models, max_body_bytes=20)) as client:
        assert await post(client, body_of(GOOD)) == 413
        metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **NOBODY, **PREDICT, code="413") == 1


# ── from zero ──


async def test_every_series_that_a_rate_is_taken_of_begins_at_zero(client: httpx.AsyncClient) -> None:
    """So that the first error is seen; and no series for what is not served or cannot happen."""
    metrics = await scrape(client)
    served = [protocol for protocol in PROTOCOLS if protocol != "grpc"]
    requests = {(s.labels["model"], s.labels["protocol"], s.labels["code"]): s.value for s in metrics.all("requests")}
    assert requests == {("tiny", protocol, "200"): 0 for protocol in served}
    rejections = {(s.labels["model"], s.labels["reason"]): s.value for s in metrics.all("rejections")}
    assert rejections == {("tiny", reason): 0 for reason in SOMEBODYS} | {("_unknown", reason): 0 for reason in NOBODYS}
    loads = {s.labels["outcome"]: s.value for s in metrics.all("model_loads")}
    assert loads == {"ready": 1, "failed": 0}
    assert metrics.value("slipway_batch_retries_total", **TINY) == 0
    assert metrics.value("slipway_request_duration_seconds_count", **TINY) == 0


async def test_grpc_has_series_where_it_is_served(models: Path) -> None:
    async with serving.running(serving.app_of(models, grpc_port=0)) as client:
        metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **TINY, protocol="grpc", code="200") == 0


# ── by protocol and reason ──

INFER = msgspec.json.encode({"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [[1, 2, 3, 4]]}]})
ROUTES = {
    "tensorflow-serving": ("/v1/models/linear:predict", b'{"instances": [[1, 2, 3, 4]]}'),
    "open-inference": ("/v2/models/linear/infer", INFER),
}


@pytest.mark.parametrize("protocol", ROUTES)
async def test_each_protocol_is_counted_as_itself(protocol: str, tmp_path: Path) -> None:
    """Answers, errors, and each stage once: no rows are written together there."""
    graphs.write(tmp_path, graphs.linear(), "linear")
    route, body = ROUTES[protocol]
    labels = {"model": "linear", "version": "1"}
    async with serving.running(serving.app_of(tmp_path)) as client:
        codes = [
            (await client.post(route, content=content, headers=JSON)).status_code for content in (body, body, b"{")
        ]
        assert codes == [200, 200, 400]
        metrics = await scrape(client)
    for other in ROUTES:
        expected = 2 if other == protocol else 0
        assert metrics.value("slipway_requests_total", **labels, protocol=other, code="200") == expected
    assert metrics.value("slipway_requests_total", **labels, protocol=protocol, code="400") == 1
    assert metrics.value("slipway_rejections_total", **labels, reason="invalid") == 1
    assert metrics.value("slipway_request_duration_seconds_count", **labels) == 2
    for stage in ("decode", "queue", "run", "encode"):
        assert metrics.value("slipway_stage_duration_seconds_count", **labels, stage=stage) == 2, stage


async def rejected(app: Slipway, *asked: Any) -> dict[tuple[str, str], float]:
    """Which reasons were counted for whom, after requests with these contents, queries and headers."""
    async with serving.running(app) as client:
        for content, query, headers in asked:
            await client.post(f"/predict{query}", content=content, headers=JSON | headers)
        samples = (await scrape(client)).all("rejections")
    return {(s.labels["model"], s.labels["reason"]): s.value for s in samples if s.value}


async def test_what_is_wrong_with_a_request_has_a_reason(models: Path, tmp_path: Path) -> None:
    """Under the model where one was found."""
    fine = body_of(GOOD)
    app = serving.app_of(models, max_request_rows=3)
    asked = [
        (b"{", "", {}),
        (fine, "", {"x-request-timeout-ms": "soon"}),
        (fine, "", {"content-type": "text/plain"}),
        (body_of(*[GOOD] * 4), "", {}),
        (fine, "?model=nobody", {}),
        (fine, "?version=9", {}),
    ]
    assert await rejected(app, *asked) == {
        ("tiny", "invalid"): 2,
        ("_unknown", "invalid"): 1,
        ("tiny", "too_large"): 1,
        ("_unknown", "unknown_model"): 2,
    }


async def test_limits_have_reasons(models: Path, tmp_path: Path) -> None:
    """Bytes, the queue, the key, the rate."""
    fine = body_of(GOOD)
    keys = tmp_path / "keys"
    keys.write_text("a-key-of-enough-length\n")
    key = {"x-api-key": "a-key-of-enough-length"}
    assert await rejected(serving.app_of(models, max_body_bytes=20), (fine, "", {})) == {("_unknown", "too_large"): 1}
    many: Any = (body_of(*[GOOD] * 6), "", {})
    assert await rejected(serving.app_of(models, max_queue_rows=5), many) == {("tiny", "queue_full"): 1}
    app = serving.app_of(models, api_keys_file=keys, max_requests_per_s=0.001)
    assert await rejected(app, (fine, "", {}), (fine, "", key), (fine, "", key)) == {
        ("_unknown", "unauthorized"): 1,
        ("_unknown", "rate"): 1,
    }


async def test_a_version_that_does_not_serve_is_counted_under_its_own_name(tmp_path: Path) -> None:
    """It was found, so its name is none that a caller made up."""
    (tiny.write(tmp_path) / "card.md").unlink()
    found = await rejected(serving.app_of(tmp_path), (body_of(GOOD), "?model=tiny", {}))
    assert found == {("tiny", "not_ready"): 1}


async def test_a_run_that_fails_is_counted_as_failed(app: Slipway, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is what nobody foresaw: the caller sees a 500 in both cases."""
    async with serving.running(app) as client:
        model: Model = app.state.registry.find()

        def broken(*_: Any) -> Any:
            raise ValueError("broken")

        monkeypatch.setattr(model.batcher, "_run", broken)
        assert await post(client, body_of(GOOD)) == 500
        monkeypatch.setattr(model.batcher, "submit", broken)
        assert await post(client, body_of(GOOD)) == 500
        metrics = await scrape(client)
    assert metrics.value("slipway_rejections_total", **TINY, reason="failed") == 2
    assert metrics.value("slipway_requests_total", **TINY, **PREDICT, code="500") == 2


# ── under way ──


@contextlib.asynccontextmanager
async def held(app: Slipway, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[httpx.AsyncClient, Model]]:
    """Run the application; what it runs waits for the end of the block."""
    gate = threading.Event()
    async with serving.running(app) as client:
        model: Model = app.state.registry.find()
        real = model.run
        monkeypatch.setattr(model.batcher, "_run", lambda pieces: (gate.wait(serving.PATIENCE_S), real(pieces))[1])
        try:
            yield client, model
        finally:
            gate.set()


async def test_what_waits_and_runs_is_in_flight(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not in the queue, once it runs; one that leaves is counted at once, one too late at its deadline."""
    async with held(serving.app_of(models, run_on="thread"), monkeypatch) as (client, model):
        first = asyncio.create_task(post(client, body_of(GOOD)))
        await serving.until(lambda: model.batcher.under_way == 1 and not model.batcher.queue.rows)
        late = asyncio.create_task(
            client.post("/predict", content=body_of(GOOD, GOOD), headers=JSON | {"x-request-timeout-ms": "60000"})
        )
        await serving.until(lambda: model.batcher.queue.rows == 2)
        metrics = await scrape(client)
        assert metrics.value("slipway_requests_in_flight", **TINY) == 2
        assert metrics.value("slipway_queue_rows", **TINY) == 2
        work = next(iter(model.batcher.queue))
        work.cancel()  # type: ignore[attr-defined]  # as a door does when its client has left
        work.cancel()  # type: ignore[attr-defined]
        metrics = await scrape(client)
        assert metrics.value("slipway_requests_in_flight", **TINY) == 1
        assert metrics.value("slipway_rejections_total", **TINY, reason="left") == 1
        late.cancel()
        headers = JSON | {"x-request-timeout-ms": "1"}
        assert (await client.post("/predict", content=body_of(GOOD), headers=headers)).status_code == 504
        metrics = await scrape(client)
        assert metrics.value("slipway_rejections_total", **TINY, reason="deadline") == 1
        assert metrics.value("slipway_rejections_total", **TINY, reason="left") == 1
        first.cancel()


async def test_the_limit_of_requests_at_once_has_a_reason(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with held(serving.app_of(models, run_on="thread", max_concurrent_requests=1), monkeypatch) as (client, model):
        first = asyncio.create_task(post(client, body_of(GOOD)))
        await serving.until(lambda: model.batcher.under_way == 1)
        assert await post(client, body_of(GOOD)) == 429
        metrics = await scrape(client)
        assert metrics.value("slipway_rejections_total", **TINY, reason="concurrency") == 1
        first.cancel()


async def test_a_wait_that_would_be_too_long_has_a_reason(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the pace of the last runs, which is made up here."""
    async with held(serving.app_of(models, run_on="thread"), monkeypatch) as (client, model):
        first = asyncio.create_task(post(client, body_of(GOOD)))
        await serving.until(lambda: model.batcher.under_way == 1 and not model.batcher.queue.rows)
        second = asyncio.create_task(post(client, body_of(GOOD)))
        await serving.until(lambda: model.batcher.queue.rows == 1)
        model.batcher.pace.turn_s = 1000.0
        assert await post(client, body_of(GOOD)) == 429
        metrics = await scrape(client)
        assert metrics.value("slipway_rejections_total", **TINY, reason="wait") == 1
        for task in (first, second):
            task.cancel()


async def test_how_late_the_loop_is_is_counted(client: httpx.AsyncClient) -> None:
    """Ten times a second, whether or not anybody asks for anything."""
    async with asyncio.timeout(serving.PATIENCE_S):
        while not (await scrape(client)).value("slipway_event_loop_lag_seconds_count"):  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.01)


# ── runs ──


async def test_what_writing_the_answers_took_is_not_the_run_s(client: httpx.AsyncClient, app: Slipway) -> None:
    """Each second of a run is in one of the two stages; where nothing was written there, all of it is the run's."""
    model: Model = app.state.registry.find()
    before = await scrape(client)
    model.encode_s = 0.25
    model.metrics.ran(3, 1.0, [0.5])
    model.encode_s = 0.0
    model.metrics.ran(3, 1.0, [0.5])
    after = await scrape(client)

    def grown(stage: str, what: str) -> float:
        name = f"slipway_stage_duration_seconds_{what}"
        return (after.value(name, **TINY, stage=stage) or 0) - (before.value(name, **TINY, stage=stage) or 0)

    assert {stage: grown(stage, "sum") for stage in ("run", "encode", "queue")} == {
        "run": 1.75,
        "encode": 0.25,
        "queue": 1,
    }
    assert {stage: grown(stage, "count") for stage in ("run", "encode", "queue")} == {"run": 2, "encode": 1, "queue": 2}


async def test_much_that_waits_is_counted_before_anybody_asks(client: httpx.AsyncClient, app: Slipway) -> None:
    """Else the lists would grow for as long as the loop is too busy for its look each second."""
    model: Model = app.state.registry.find()
    runs = app.state.metrics.instruments.batch_rows.labels("tiny", "1")
    model.metrics.ran(1, 0.1, [0.0] * (FOLD_AT - 1))
    assert runs._sum.get() == 0
    model.metrics.ran(1, 0.1, [0.0])
    assert runs._sum.get() == 2


# ── buckets and examples ──


async def test_the_objective_is_a_bound_of_the_latency(models: Path) -> None:
    """Wherever it lies; 0.1 s is one anyway."""
    async with serving.running(serving.app_of(models, objective_ms=30)) as client:
        assert await post(client, body_of(GOOD)) == 200
        metrics = await scrape(client)
    bounds = [s.labels["le"] for s in metrics.samples if s.name == "slipway_request_duration_seconds_bucket"]
    assert {"0.0001", "0.03", "0.1"} <= set(bounds)
    assert bounds == sorted(bounds, key=float)


async def test_a_traced_request_is_the_example_of_its_bucket(client: httpx.AsyncClient, app: Slipway) -> None:
    """With its trace, where OpenMetrics is asked for; it is not counted once more."""
    assert await post(client, body_of(GOOD)) == 200
    app.state.registry.find().metrics.traced(0.03, "0af7651916cd43dd8448eb211c80319c")
    response = await client.get("/metrics", headers=OPENMETRICS)
    assert response.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    parse: Any = openmetrics.text_string_to_metric_families
    (family,) = (family for family in parse(response.text) if family.name == "slipway_request_duration_seconds")
    (example,) = (sample for sample in family.samples if sample.exemplar)
    assert (example.labels["le"], example.exemplar.labels) == ("0.05", {"trace_id": "0af7651916cd43dd8448eb211c80319c"})
    assert example.exemplar.value == 0.03
    plain = await client.get("/metrics")
    assert "trace_id" not in plain.text
    assert Scrape(plain.text).value("slipway_request_duration_seconds_count", **TINY) == 1


# ── versions come and go ──


async def test_another_content_of_a_version_has_one_series_of_facts(tmp_path: Path) -> None:
    """Two of them would make every join with `slipway_model_info` ambiguous; what was counted goes on."""
    tiny.write(tmp_path)
    app = serving.app_of(tmp_path, watch_s=0)
    async with serving.running(app) as client:
        assert await post(client, body_of(GOOD)) == 200
        before = (await scrape(client)).labels("slipway_model_info")
        shutil.rmtree(tmp_path / "tiny")
        tiny.write(tmp_path, tiny.Tiny(scale=2.0))
        await app.state.reloader.reload()
        assert await post(client, body_of(GOOD)) == 200
        metrics = await scrape(client)
    after = metrics.labels("slipway_model_info")  # which fails if there are two
    assert after["sha256"] != before["sha256"]
    assert metrics.labels("slipway_engine_info")
    assert metrics.value("slipway_requests_total", **TINY, **PREDICT, code="200") == 2
    assert metrics.value("slipway_model_loads_total", model="tiny", outcome="ready") == 2


async def test_the_series_of_a_version_go_with_it(tmp_path: Path) -> None:
    """All of them, drift's too; the model's own and the other version's stay."""
    for version in (1, 2):
        tiny.write(tmp_path, tiny.Tiny(version=version, profiled=True))
    app = serving.app_of(tmp_path, watch_s=0, versions="all")
    async with serving.running(app) as client:
        assert await post(client, body_of(GOOD), "?version=1") == 200
        metrics = await scrape(client)
        assert metrics.versions() == {"", "1", "2"}
        assert {s.labels["version"] for s in metrics.all("drift_rows")} == {"1", "2"}
        shutil.rmtree(tmp_path / "tiny" / "1")
        await app.state.reloader.reload()
        await serving.until(lambda: len(app.state.metrics._models) == 1)
        metrics = await scrape(client)
    assert metrics.versions() == {"", "2"}
    assert metrics.value("slipway_model_loads_total", model="tiny", outcome="ready") == 2
