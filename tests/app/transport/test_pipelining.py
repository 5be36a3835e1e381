"""Requests behind one that is not answered yet, over both doors: few are read ahead, and all are answered in order."""

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.http.byte_budget import ByteBudget
from app.transport.pipelining import AHEAD_MAX, BODY_STEP_BYTES, HEAD_END, next_cut
from tests.support.wire import Client, Running, expected, request, running, until

DOORS = ("protocol", "asgi")
LIMIT = 2**22
HEALTH = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
MANY = 5000


@pytest.fixture(params=DOORS)
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, request.param, max_bytes_under_way=LIMIT) as it:
        yield it
        await it.leave()
        await until(lambda: not budget_of(it).used_bytes)


def budget_of(served: Running) -> ByteBudget:
    return served.app.hot.budget


def waiting(served: Running) -> int:
    """The most requests that a connection has read behind the one that it answers."""
    return max((len(each.pipeline) for each in served.server.server_state.connections), default=0)  # type: ignore[union-attr]


def large(rows: list[list[float]], space: bytes) -> bytes:
    """A request of many kilobytes, mostly of `space`."""
    body = json.dumps({"instances": rows}).encode() + space * 20_000
    return b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def chunked(rows: list[list[float]]) -> bytes:
    body = json.dumps({"instances": rows}).encode()
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


async def all_alive(client: Client, count: int) -> None:
    for _ in range(count):
        status, _, body = await client.answer()
        assert (status, body) == (200, b'{"live":true}')


async def test_few_are_read_ahead(served: Running) -> None:
    """A read of 200 kB held five thousand requests, a kilobyte and more each, for every connection."""
    most = 0

    clients = [await served.connect() for _ in range(2)]
    for client in clients:
        client.writer.write(HEALTH * MANY)
    for client in clients:
        for _ in range(MANY):
            await client.answer()
            most = max(most, waiting(served))
    assert 0 < most <= AHEAD_MAX + 1


async def test_answers_come_in_order_whatever_the_pieces(served: Running) -> None:
    """Hot ones and others, with lengths and in chunks, with bodies that hold what ends a head, cut anywhere."""
    rng = random.Random(7)
    for _ in range(12):
        client = await served.connect()
        sent: list[bytes] = []
        rows: list[list[list[float]] | None] = []
        for place in range(120):
            row = [[float(place), 1.0]]
            kind = rng.randrange(5)
            rows.append(row if kind else None)
            sent.append([HEALTH, request(row), chunked(row), large(row, b" "), large(row, b"\r\n\r\n ")][kind])
        data, start = b"".join(sent), 0
        while start < len(data):
            end = start + rng.choice([1, 7, 300, 5_000, 70_000, 250_000])
            client.writer.write(data[start:end])
            start = end
        await client.writer.drain()
        for asked in rows:
            if asked is None:
                await all_alive(client, 1)
            else:
                assert await client.values() == expected(asked)


async def test_what_is_not_read_ahead_is_counted_and_refused_without_room(served: Running) -> None:
    held = budget_of(served).hold(LIMIT)
    client = await served.connect()
    client.writer.write(HEALTH * 3000)
    status = 200
    answers = 0
    while status == 200:
        status, headers, _ = await client.answer()
        answers += 1
    assert (status, headers["retry-after"]) == (429, "1")
    assert answers > AHEAD_MAX
    assert await client.ended()
    held.end()


async def test_whole_requests_before_a_head_are_no_part_of_it(served: Running) -> None:
    """With a limit of 64 KiB for heads; found by `python -m tests.fuzz.wire --seed 301`."""
    client = await served.connect()
    before = large([[1.0, 2.0]], b" ") * 9
    client.writer.write(before + HEALTH[:20])
    for _ in range(9):
        assert await client.values() == expected([[1.0, 2.0]])
    await client.send(HEALTH[20:])
    await all_alive(client, 1)


def test_a_cut_is_behind_a_head_or_some_way_into_a_body() -> None:
    data = b"a" + HEAD_END + b"b" * 2000 + HEAD_END + b"c"
    first = 1 + len(HEAD_END)
    assert next_cut(data, 0, in_body=False) == first
    assert next_cut(data, first, in_body=True) == len(data) - 1
    assert next_cut(HEAD_END * 1000, 0, in_body=True) == BODY_STEP_BYTES + len(HEAD_END)
    assert next_cut(data, len(data) - 1, in_body=False) == len(data)
