"""The metrics parse, and move as their descriptions say."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests import serving, tiny
from tests.app.bad_requests import GOOD, JSON, body_of

TINY = {"model": "tiny", "version": "1"}


class Scrape:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """The value of the sample with exactly these labels, or None."""
        return next((s.value for s in self.samples if s.name == name and s.labels == labels), None)

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
    assert metrics.value("slipway_requests_total", **TINY, code="200") in (0, None)
    assert metrics.value("process_start_time_seconds") is not None
    assert metrics.value("python_gc_collections_total", generation="0") is not None


async def test_good_requests_are_counted(client: httpx.AsyncClient) -> None:
    """Each once, with its latency; rows and runs as they happened."""
    for rows in (1, 2, 3):
        assert await post(client, body_of(*[GOOD] * rows)) == 200
    metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **TINY, code="200") == 3
    assert metrics.value("slipway_request_duration_seconds_count", **TINY) == 3
    assert metrics.value("slipway_batch_rows_count", **TINY) == 3
    assert metrics.value("slipway_batch_rows_sum", **TINY) == 6
    assert metrics.value("slipway_batch_rows_bucket", **TINY, le="2.0") == 2
    for stage in ("decode", "queue", "run"):
        assert metrics.value("slipway_stage_duration_seconds_count", **TINY, stage=stage) == 3
    assert metrics.value("slipway_batch_retries_total", **TINY) == 0


async def test_a_shared_run_is_one_run(client: httpx.AsyncClient) -> None:
    """Twenty requests, fewer runs, every row once."""
    assert await asyncio.gather(*(post(client, body_of(GOOD)) for _ in range(20))) == [200] * 20
    metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **TINY, code="200") == 20
    assert metrics.value("slipway_batch_rows_sum", **TINY) == 20
    assert (metrics.value("slipway_batch_rows_count", **TINY) or 0) < 20


async def test_bad_requests_are_counted_apart(client: httpx.AsyncClient) -> None:
    """By status and model; they have no latency and no run, and nobody can make labels."""
    assert await post(client, b"{") == 400
    assert await post(client, body_of(GOOD), "?model=invented") == 404
    assert await post(client, body_of(GOOD), "?version=7") == 404
    assert await post(client, body_of(GOOD), "?x=1") == 400
    metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **TINY, code="400") == 1
    assert metrics.value("slipway_requests_total", model="_unknown", version="", code="404") == 2
    assert metrics.value("slipway_requests_total", model="_unknown", version="", code="400") == 1
    assert metrics.value("slipway_request_duration_seconds_count", **TINY) == 0
    assert metrics.value("slipway_batch_rows_count", **TINY) == 0
    assert "invented" not in {label for sample in metrics.samples for label in sample.labels.values()}


async def test_refusals_at_the_door_are_counted(models: Path) -> None:
    """A full queue and too many rows, each under its status."""
    async with serving.running(serving.app_of(models, max_queue_rows=5, max_request_rows=8)) as client:
        assert await post(client, body_of(*[GOOD] * 6)) == 429
        assert await post(client, body_of(*[GOOD] * 9)) == 413
        metrics = await scrape(client)
    assert metrics.value("slipway_requests_total", **TINY, code="429") == 1
    assert metrics.value("slipway_requests_total", **TINY, code="413") == 1


async def test_a_failing_batch_is_counted_as_a_retry(tmp_path: Path) -> None:
    """One failed batch, its requests counted by how they ended."""
    tiny.write(tmp_path, tiny.Tiny(task="regression", numbers=("a",), booleans=(), strings=(), optional=(), scale=1e4))
    async with serving.running(serving.app_of(tmp_path)) as client:
        codes = await asyncio.gather(*(post(client, body_of([value])) for value in (1.0, 3e38, 2.0)))
        assert codes == [200, 500, 200]
        metrics = await scrape(client)
    assert metrics.value("slipway_batch_retries_total", **TINY) == 1
    assert metrics.value("slipway_requests_total", **TINY, code="200") == 2
    assert metrics.value("slipway_requests_total", **TINY, code="500") == 1


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
    assert metrics.value("slipway_requests_total", model="_unknown", version="", code="413") == 1
