"""Answers that nobody reads are counted, and after a while their connections end, through both doors."""

import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.http.byte_budget import ByteBudget
from app.transport.unread_answers import UnreadAnswers
from tests.support.wire import Client, Running, expected, request, running, until

DOORS = ["protocol", "asgi"]
METRICS = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"
ROWS = [[1, 2]] * 2000  # 60 KB of answer
MANY = 200  # of them are more than the kernel takes for a client that does not read


async def asking(served: Running, what: bytes) -> Client:
    """A client that asks, and reads nothing, until some of the answers wait in the service."""
    client = await served.connect(receive_buffer_bytes=4096)
    client.reader._limit = 1  # type: ignore[attr-defined]  # or the stream would read by itself
    sending = asyncio.ensure_future(client.send(*[what] * MANY))
    connections: Any = served.server.server_state.connections
    await until(lambda: any(connection.flow.write_paused for connection in connections))
    sending.cancel()
    return client


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("what", [request(ROWS), METRICS], ids=["hot", "ordinary"])
async def test_what_is_not_read_is_counted_and_ends(
    what: bytes, door: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "slipway.unread")
    async with running(tmp_path, door, send_timeout_s=1, keep_alive_s=75) as served:
        budget = served.app.hot.budget
        await asking(served, what)
        [connection] = served.server.server_state.connections
        assert budget.used_bytes >= connection.transport.get_write_buffer_size() > 0
        await until(lambda: not served.server.server_state.connections)
        await until(lambda: budget.used_bytes == 0)
        assert "Ended 1 connections: nothing of their answers was read for 1 s." in caplog.text
        other = await served.connect()
        await other.send(METRICS)
        assert b"slipway_unread_answers_total 1.0" in (await other.answer())[2]


@pytest.mark.parametrize("door", DOORS)
async def test_who_reads_gets_all_of_it(door: str, tmp_path: Path) -> None:
    async with running(tmp_path, door) as served:
        client = await asking(served, request(ROWS))
        client.reader._limit = 2**20  # type: ignore[attr-defined]
        for _ in range(20):
            assert await client.values() == expected(ROWS)


class Stalled:
    """A connection whose transport holds so much."""

    def __init__(self, size_bytes: int) -> None:
        self.now, self.size_bytes, self.aborted = 0.0, size_bytes, False
        self.loop: Any = SimpleNamespace(time=lambda: self.now, call_later=lambda _, *call: self.calls.append(call))
        self.transport: Any = SimpleNamespace(get_write_buffer_size=lambda: self.size_bytes, abort=self._abort)
        self.calls: list[Any] = []

    def _abort(self) -> None:
        self.aborted = True

    def look(self, now: float, size_bytes: int) -> None:
        self.now, self.size_bytes = now, size_bytes
        (call,), self.calls = self.calls, []
        call[0](*call[1:])


def test_only_who_reads_nothing_at_all_is_late() -> None:
    budget, stalled = ByteBudget(), Stalled(1000)
    unread = UnreadAnswers(budget, send_timeout_s=30)
    unread.begin(stalled)
    for now, left_bytes in ((29, 999), (58, 998), (87, 998)):
        stalled.look(now, left_bytes)
        assert budget.used_bytes == left_bytes
    assert not stalled.aborted
    stalled.look(88, 998)
    assert (stalled.aborted, budget.used_bytes, stalled.calls) == (True, 0, [])
    unread.end(stalled)  # as it does when the connection is lost
    assert budget.used_bytes == 0
