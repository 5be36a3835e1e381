"""A preview is answered like any request, and is no traffic: whatever judges the service stays as it was."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.drift.sampling import Previewed
from app.features.rows import rows_of
from app.http.purpose import is_preview
from app.runtime.model import Model
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving, tiny

PREVIEW = "/predict?purpose=preview"
PROFILED = tiny.Tiny(profiled=True)
# What runs and waits, whoever asked for it; everything else of a version must not know of previews.
WORK = r"slipway_(preview_requests|batch_rows|requests_in_flight|stage_duration_seconds.* (run|encode)\b)"


@pytest.fixture
def profiled(tmp_path: Path) -> Path:
    tiny.write(tmp_path / "models", PROFILED)
    return tmp_path / "models"


@pytest.fixture
async def client(profiled: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving.running(serving.app_of(profiled, feedback=True)) as client:
        yield client


async def ask(client: httpx.AsyncClient, path: str = PREVIEW, *rows: Any, **headers: str) -> httpx.Response:
    return await client.post(path, content=body_of(*(rows or (GOOD,))), headers={**JSON, **headers})


async def series(client: httpx.AsyncClient) -> dict[str, float]:
    """Every sample of the versions, by name and labels."""
    text = (await client.get("/metrics")).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {" ".join([s.name, *s.labels.values()]): s.value for s in samples if "model" in s.labels}


def previews(app: Any, code: str, model: str = "tiny", version: str = "1") -> float | None:
    app.state.metrics.fold()
    labels = {"model": model, "version": version, "code": code}
    found: float | None = app.state.metrics.registry.get_sample_value("slipway_preview_requests_total", labels)
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", False),
        ("model=purpose", False),
        ("model=a&purpose=preview", True),
        ("%70urpose=p%72eview", True),
        ("purpose=previews", False),
        ("purpose=preview&purpose=x", False),
    ],
)
def test_what_a_query_says(query: str, expected: bool) -> None:
    assert is_preview(query.encode()) is expected


def test_the_answer_is_the_same_to_the_byte(http: httpx.Client) -> None:
    """Through each door, and with every header but those that say which request it is."""
    body = body_of(GOOD, {**GOOD, "age": 70.0})
    plain, preview = (http.post(path, content=body, headers=JSON) for path in ("/predict", PREVIEW))
    assert (preview.status_code, preview.content) == (plain.status_code, plain.content) == (200, preview.content)
    assert preview.headers["x-slipway-version"] == "tiny/1"
    named = http.post("/predict?model=tiny&version=1&purpose=preview", content=body, headers=JSON)
    assert named.content == plain.content


def test_a_preview_is_checked_like_any_request(http: httpx.Client) -> None:
    bad = http.post(PREVIEW, content=body_of({**GOOD, "age": "old"}), headers=JSON)
    assert (bad.status_code, "instances[0].age" in bad.json()["error"]) == (400, True)
    assert http.post(PREVIEW, content=body_of(GOOD), headers={"content-type": "text/plain"}).status_code == 415
    assert http.post(f"{PREVIEW}&model=none", content=body_of(GOOD), headers=JSON).status_code == 404
    assert http.post(PREVIEW, content=b" " * 100_001, headers=JSON).status_code == 413


def test_another_purpose_is_refused_by_name(http: httpx.Client) -> None:
    answer = http.post("/predict?purpose=trial", content=body_of(GOOD), headers=JSON)
    expected = "Invalid `purpose`: expected `preview`, or nothing. Received: `trial`."
    assert (answer.status_code, answer.json()["error"]) == (400, expected)


async def test_nothing_that_judges_the_service_knows_of_a_thousand_previews(client: httpx.AsyncClient) -> None:
    """Drift, feedback, requests, latency, rejections, stages of requests, the queue, and the model's statistics."""
    app: Any = client._transport
    assert (await ask(client, "/predict")).status_code == 200
    before, stats = await series(client), (await client.get("/v2/models/tiny/stats")).json()
    for _ in range(97):
        assert {(await ask(client, PREVIEW, *[GOOD] * 3)).status_code for _ in range(10)} == {200}
    named = [(await ask(client, **{"x-request-id": f"preview-{number}"})) for number in range(10)]
    assert {answer.status_code for answer in named} == {200}
    refused = [(await ask(client, PREVIEW, {"age": "old"})).status_code for _ in range(20)]
    assert set(refused) == {400}
    after = await series(client)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed
    assert [name for name in changed if not re.match(WORK, name)] == []
    assert (await client.get("/v2/models/tiny/stats")).json() == stats
    assert (previews(app.app, "200"), previews(app.app, "400")) == (980, 20)
    for answer in named:  # the truth finds nothing
        known = await client.post("/feedback", json={"id": answer.headers["x-request-id"], "value": "yes"})
        assert known.status_code == 404


async def test_of_a_run_that_mixes_both_only_the_traffic_is_counted(profiled: Path) -> None:
    """Whatever the order and the protocol; each piece gets its own answer."""
    app = serving.app_of(profiled)
    async with serving.running(app):
        model: Model = app.state.registry.find()
        assert model.watch is not None

        def rows(previewed: bool, *ages: float) -> Any:
            found = model.row_reader.decode(body_of(*[{**GOOD, "age": age} for age in ages]))
            return rows_of(found.features, found, Previewed) if previewed else found

        alone = [model.run([rows(False, age)])[0].texts for age in (20.0, 30.0, 40.0, 50.0)]
        model.watch.take()
        pieces = [rows(True, 20.0), rows(False, 30.0, 40.0), rows(True, 50.0)]
        mixed = [text for answer in model.run(pieces) for text in answer.texts]
        assert mixed == [text for texts in alone for text in texts]
        assert counted_ages(model) == (2, by_bin(model, 30.0, 40.0))
        tensors = rows(False, 30.0).arrays()
        model.run([model.signature.check(tensors), *pieces])
        assert counted_ages(model) == (3, by_bin(model, 30.0, 30.0, 40.0))
        model.run([rows(True, 20.0), rows(True, 50.0)])
        assert model.watch.take() is None


def by_bin(model: Model, *ages: float) -> list[float]:
    """The bins of `age`, counted by a run of traffic alone."""
    model.run([model.row_reader.decode(body_of(*[{**GOOD, "age": age} for age in ages]))])
    return counted_ages(model)[1]


def counted_ages(model: Model) -> tuple[int, list[float]]:
    assert model.watch is not None
    counts = model.watch.take()
    assert counts is not None
    column = next(column for column in model.watch.table.features if column.name == "age")
    return counts.rows, counts.values[column.place].tolist()


async def test_a_mixed_run_on_the_wire(profiled: Path) -> None:
    """Statistics and the stage `queue` know the traffic alone; the run's own series know all of it."""
    async with held(profiled) as (app, client, gate):
        asked = [asyncio.create_task(ask(client, path)) for path in ("/predict", PREVIEW, PREVIEW)]
        await serving.until(lambda: app.state.registry.find().batcher.queue.rows == 3)
        app.state.metrics.fold()
        assert value(app, "slipway_queue_rows") == 1
        gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 3
        app.state.metrics.fold()
        assert (value(app, "slipway_batch_rows_count"), value(app, "slipway_batch_rows_sum")) == (2, 4)
        assert value(app, "slipway_stage_duration_seconds_count", stage="queue") == 1
        assert value(app, "slipway_drift_rows_total", kind="feature") == 1
        (stats,) = (await client.get("/v2/models/tiny/stats")).json()["model_stats"]
        assert (stats["inference_count"], stats["execution_count"]) == (1, 1)
        assert stats["inference_stats"]["compute_infer"]["count"] == 1


async def test_previews_are_refused_before_callers(profiled: Path) -> None:
    """Beside what waits they have half of the queue, and half of the requests under way; a caller has the rest."""
    async with held(profiled, max_queue_rows=8) as (app, client, gate):
        asked = [asyncio.create_task(ask(client, PREVIEW, GOOD, GOOD)) for _ in range(2)]
        await serving.until(lambda: app.state.registry.find().batcher.queue.rows == 4)
        refused = await ask(client)
        assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (429, True)
        assert "expected at most 4 waiting rows. Received: 1 beside 4." in refused.json()["error"]
        asked.append(asyncio.create_task(ask(client, "/predict", *[GOOD] * 4)))
        await serving.until(lambda: app.state.registry.find().batcher.queue.rows == 8)
        gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 3
        assert previews(app, "429") == 1
        assert value(app, "slipway_rejections_total", reason="queue_full") == 0
        assert (await ask(client, PREVIEW, *[GOOD] * 8)).status_code == 200  # where nothing waits, all of it


async def test_of_the_requests_under_way_previews_may_be_half(profiled: Path) -> None:
    async with held(profiled, max_concurrent_requests=4) as (app, client, gate):
        asked = [asyncio.create_task(ask(client))]
        await serving.until(lambda: app.state.registry.find().batcher.under_way == 2)
        assert "expected at most 2 under way" in (await ask(client)).json()["error"]
        asked += [asyncio.create_task(ask(client, "/predict")) for _ in range(2)]
        await serving.until(lambda: app.state.registry.find().batcher.under_way == 4)
        gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 3


async def test_neither_canary_nor_shadow_get_previews(tmp_path: Path) -> None:
    """Who names no version is answered by the one that serves."""
    for version in (1, 2, 3):
        tiny.write(tmp_path, tiny.Tiny(version=version, shift=float(version)))
    rules = {"canary": {"tiny": {"version": 2, "share": 1.0}}, "shadow": {"tiny": {"version": 3}}}
    app = serving.app_of(tmp_path, watch_s=0, versions="1,2,3", **rules)
    async with serving.running(app) as client:
        assert (await ask(client, "/predict")).json()["version"] == 2
        assert {(await ask(client)).json()["version"] for _ in range(20)} == {1}
        assert (await ask(client, f"{PREVIEW}&version=2")).json()["version"] == 2
        await asyncio.sleep(0)  # a copy is made in the next turn
        copied = [name for name, count in (await series(client)).items() if "shadow_requests" in name and count]
        assert copied == []


async def test_previews_of_nobody_are_counted_for_nobody(client: httpx.AsyncClient) -> None:
    app: Any = client._transport
    before = await series(client)
    assert (await ask(client, f"{PREVIEW}&model=none")).status_code == 404
    assert previews(app.app, "404", "_unknown", "") == 1
    changed = {name for name, count in (await series(client)).items() if count != before.get(name)}
    assert all("preview_requests" in name for name in changed)


async def test_keys_and_rates_are_those_of_predict(profiled: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("ann:a-callers-key-of-enough-length\n")
    app = serving.app_of(profiled, api_keys_file=keys, max_requests_per_s=1)
    key = {"x-api-key": "a-callers-key-of-enough-length"}
    async with serving.running(app) as client:
        assert (await ask(client)).status_code == 401
        found = [(await ask(client, path, **key)).status_code for path in (PREVIEW, "/predict", PREVIEW)]
        assert 429 in found


@asynccontextmanager
async def held(models: Path, **settings: Any) -> AsyncIterator[tuple[Any, httpx.AsyncClient, threading.Event]]:
    """An application that runs one preview until the gate opens; what comes meanwhile is the next run."""
    app = serving.app_of(models, run_on="thread", **settings)
    async with serving.running(app) as client:
        model: Any = app.state.registry.find()
        gate = threading.Event()
        model._executor.submit(gate.wait, serving.PATIENCE_S)
        first = asyncio.create_task(ask(client))
        await serving.until(lambda: model.batcher.run_started is not None)
        try:
            yield app, client, gate
        finally:
            gate.set()
            await first


def value(app: Any, name: str, **labels: str) -> float | None:
    app.state.metrics.fold()
    found: float | None = app.state.metrics.registry.get_sample_value(name, {"model": "tiny", "version": "1", **labels})
    return found
