"""A large body through a real socket and either door: read in steps, and whatever happens meanwhile."""

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from app.codecs import chunks as portions
from app.http import compression
from app.protocols.endpoint import LARGE_BYTES
from app.protocols.incremental import Reading
from tests.support.serving import PATIENCE_S
from tests.support.wire import Client, Running, expected, request, running, until

DOORS = ["protocol", "asgi"]
ROWS = [[number % 7, number % 5] for number in range(2000)]
FILLING = " " * (LARGE_BYTES // len(ROWS))  # with it the body is large enough
PREDICT = "/predict"
PROTOCOLS = {
    PREDICT: {"instances": ROWS},
    "/v1/models/tiny:predict": {"instances": ROWS},
    "/v2/models/tiny/infer": {
        "inputs": [
            {"name": "numeric", "datatype": "FP32", "shape": [len(ROWS), 2], "data": [n for row in ROWS for n in row]}
        ]
    },
}


def large(path: str = PREDICT, content: Any = None, *headers: str, packed: bool = False) -> bytes:
    between, filled = (", ", f",{FILLING}") if "infer" in path else ("], [", f"],{FILLING}[")
    body = json.dumps(content or PROTOCOLS[path]).replace(between, filled).encode()
    assert len(body) > LARGE_BYTES
    if packed:
        body = gzip.compress(body, 0)  # blanks alone would be too much out of too little
        headers = (*headers, "content-encoding: gzip")
    lines = [f"POST {path} HTTP/1.1", "host: x", "content-type: application/json", *headers]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def answers(body: bytes) -> list[Any]:
    """The numbers, whatever the protocol."""
    content = json.loads(body)
    if "outputs" in content:
        return list(content["outputs"][0]["data"])
    return [row["value"] if isinstance(row, dict) else row[0] for row in content["predictions"]]


@contextlib.asynccontextmanager
async def being_read(served: Running) -> AsyncIterator[Client]:
    """A client whose body is being read; there are hundreds of steps to go."""
    client = await served.connect()
    with patch.object(portions, "PORTION_BYTES", 500):
        await client.send(large())
        await until(lambda: served.model.batcher.readings)
        yield client


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("path", PROTOCOLS)
async def test_it_is_read_in_steps_and_answered_in_full(
    path: str, packed: bool, door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[Reading] = []
    step = Reading.step
    monkeypatch.setattr(Reading, "step", lambda reading: steps.append(reading) or step(reading))  # type: ignore[func-returns-value]
    monkeypatch.setattr(portions, "PORTION_BYTES", 1000)
    monkeypatch.setattr(compression, "STEP_BYTES", 1000)
    async with running(tmp_path, door) as served:
        client = await served.connect()
        await client.send(large(path, packed=packed))
        status, _, body = await client.answer()
        assert status == 200, body
        assert answers(body) == expected(ROWS)
        assert served.model.batcher.readings == 0
    assert len(steps) > (100 if packed else 10)


@pytest.mark.parametrize("door", DOORS)
async def test_a_small_request_is_answered_meanwhile(door: str, tmp_path: Path) -> None:
    async with running(tmp_path, door) as served, being_read(served) as client:
        other = await served.connect()
        await other.send(request([[1, 2]]))
        assert await other.values() == expected([[1, 2]])
        assert served.model.batcher.readings == 1
        assert await client.values() == expected(ROWS)


@pytest.mark.parametrize("door", DOORS)
async def test_a_model_whose_request_is_being_read_is_not_idle(door: str, tmp_path: Path) -> None:
    """Nor is it unloaded, and the request counts among those under way."""
    async with running(tmp_path, door) as served, being_read(served) as client:
        batcher = served.model.batcher
        assert (batcher.idle, batcher.under_way) == (False, 1)
        assert await client.values() == expected(ROWS)
        assert (batcher.idle, batcher.under_way) == (True, 0)


async def test_who_is_the_only_one_that_may_be_under_way_is_not_in_its_own_way(tmp_path: Path) -> None:
    async with running(tmp_path, max_concurrent_requests=1) as served, being_read(served) as client:
        other = await served.connect()
        await other.send(request([[1, 2]]))
        assert (await other.answer())[0] == 429
        assert await client.values() == expected(ROWS)


@pytest.mark.parametrize("door", DOORS)
async def test_a_client_that_leaves_is_read_no_further(door: str, tmp_path: Path) -> None:
    async with running(tmp_path, door) as served:
        async with being_read(served) as client:
            client.writer.transport.abort()
            await until(lambda: not served.model.batcher.readings)
        other = await served.connect()
        await other.send(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        _, _, text = await other.answer()
        assert b'slipway_rejections_total{model="tiny",reason="left",version="1"} 1.0' in text, text.decode()


@pytest.mark.parametrize("door", DOORS)
async def test_the_deadline_ends_it(door: str, tmp_path: Path) -> None:
    async with running(tmp_path, door) as served:
        client = await served.connect()
        with patch.object(portions, "PORTION_BYTES", 0):
            await client.send(large(PREDICT, None, "x-request-timeout-ms: 1"))
            assert (await client.answer())[0] == 504
        assert served.model.batcher.readings == 0


@pytest.mark.parametrize("door", DOORS)
async def test_a_fault_in_the_middle(door: str, tmp_path: Path) -> None:
    """Is told with its place, and the connection goes on."""
    rows: list[list[Any]] = [*ROWS[:1500], [1, "two"], *ROWS[1501:]]
    async with running(tmp_path, door) as served:
        client = await served.connect()
        await client.send(large(PREDICT, {"instances": rows}))
        status, _, body = await client.answer()
        message = json.loads(body)["error"]
        assert status == 400
        assert message.startswith('Invalid `instances[1500][1]`: expected a finite number. Received: "two"'), message
        await client.send(request([[1, 2]]))
        assert await client.values() == expected([[1, 2]])


async def test_many_compressed_bodies_are_no_more_than_they_weigh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each might be as large as is allowed once it is unpacked; none is refused for that."""
    monkeypatch.setattr(compression, "STEP_BYTES", 1000)
    async with running(tmp_path, max_queue_rows=10**6) as served:
        clients = [await served.connect() for _ in range(24)]
        await asyncio.gather(*[client.send(large(packed=True)) for client in clients])
        for client in clients:
            assert await client.values() == expected(ROWS)


async def test_the_bytes_that_may_wait_are_those_of_the_settings(tmp_path: Path) -> None:
    """For bodies that are being read as for those in the queue."""
    async with running(tmp_path, max_queue_bytes=LARGE_BYTES) as served, being_read(served) as client:
        other = await served.connect()
        await other.send(large())
        status, _, body = await other.answer()
        assert (status, b"bytes of large bodies" in body) == (429, True), body
        assert await client.values() == expected(ROWS)


async def test_pipelined_requests_stay_in_order(tmp_path: Path) -> None:
    """A small one behind a large one on the same connection has to wait for it."""
    async with running(tmp_path) as served, being_read(served) as client:
        await client.send(request([[1, 2]]))
        assert await client.values() == expected(ROWS)
        assert await client.values() == expected([[1, 2]])


async def test_a_process_that_is_told_to_end_answers_first(tmp_path: Path) -> None:
    async with running(tmp_path) as served, being_read(served) as client:
        served.server.should_exit = True
        assert await client.values() == expected(ROWS)
        await asyncio.wait_for(client.ended(), PATIENCE_S)


@pytest.mark.parametrize("end", ["answered", "left", "late", "wrong"])
async def test_what_came_out_of_a_compressed_body_is_counted_until_its_end(end: str, tmp_path: Path) -> None:
    rows: list[list[Any]] = [*ROWS[:-1], [1, "two"]] if end == "wrong" else ROWS
    headers = ["x-request-timeout-ms: 1"] if end == "late" else []
    async with running(tmp_path) as served:
        client, budget = await served.connect(), served.app.hot.budget
        with patch.object(portions, "PORTION_BYTES", 0 if end == "late" else 500):
            await client.send(large(PREDICT, {"instances": rows}, *headers, packed=True))
            if end != "late":  # which may be at once
                await until(lambda: budget.used_bytes > LARGE_BYTES)
            if end == "left":
                client.writer.transport.abort()
            else:
                assert (await client.answer())[0] == {"answered": 200, "late": 504, "wrong": 400}[end]
        await until(lambda: budget.used_bytes == 0)


async def test_half_a_body_goes_with_its_connection(tmp_path: Path) -> None:
    """Not when the garbage collector finds the connection and its last exchange, which know each other."""
    async with running(tmp_path) as served:
        client = await served.connect()
        await client.send(large()[:-9])
        connections: Any = served.server.server_state.connections
        [connection] = connections
        await until(lambda: connection.cycle is not None and len(connection.cycle.body) > LARGE_BYTES - 9)
        client.writer.transport.abort()
        await until(lambda: not connections)
        assert connection.cycle.body == b""
