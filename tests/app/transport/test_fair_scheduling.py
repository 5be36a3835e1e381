"""Turns of the loop are short, whatever comes in: requests are put off, large bodies come piece by piece."""

import asyncio
import json
import socket
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from app.transport import fair_scheduling
from app.transport.fair_scheduling import PIECE_BYTES, STALE_S, TURN_S, FairScheduler, Reader
from tests.support.serving import PATIENCE_S
from tests.support.wire import Client, Running, expected, request, running, until

HEALTH = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"


class Connection:
    """Keeps what happened to it, in a list that it shares with others."""

    def __init__(self, name: str, seen: list[str], *, refused: bool = False) -> None:
        self.loop = asyncio.get_running_loop()
        self.refused = refused
        self.name = name
        self.seen = seen

    def take(self, arrived: float) -> bool:
        assert arrived <= monotonic()
        self.seen.append(f"{self.name} takes")
        until = monotonic() + TURN_S
        while monotonic() < until:  # this one request takes the turn
            pass
        return self.refused

    def hold(self) -> None:
        self.seen.append(f"{self.name} holds")

    def read_on(self) -> None:
        self.seen.append(f"{self.name} reads on")


async def turn(count: int = 1) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_is_put_off_is_taken_in_order_a_little_each_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_scheduling, "STALE_S", 1000.0)  # nothing is late, however slow the machine is
    seen: list[str] = []
    scheduler = FairScheduler()
    for name in "abc":
        scheduler.put_off(Connection(name, seen))
    taken = []
    while scheduler.late:
        await turn()
        taken.append(len(seen))
    assert seen == ["a takes", "b takes", "c takes"]
    assert taken == [1, 2, 3]


async def test_once_the_oldest_has_waited_for_long_the_newest_have_every_other_place() -> None:
    """All would be too late otherwise; and whoever came first is still heard."""
    seen: list[str] = []
    scheduler = FairScheduler()
    scheduler.late.extend((Connection(f"old {n}", seen), monotonic() - 10 * STALE_S) for n in range(3))
    for n in range(3):
        scheduler.put_off(Connection(f"new {n}", seen))
    asyncio.get_running_loop().call_soon(scheduler._take_late, asyncio.get_running_loop())
    while scheduler.late:
        await turn()
    assert seen[:5] == ["new 2 takes", "old 0 takes", "new 1 takes", "old 1 takes", "new 0 takes"]


async def test_refusals_take_no_more_than_their_share_of_the_time() -> None:
    """When it is used up only the newest are taken, and after one that is refused the model has its turn."""
    seen: list[str] = []
    scheduler, loop = FairScheduler(), asyncio.get_running_loop()
    scheduler.late.extend((Connection(f"old {n}", seen, refused=True), monotonic() - 10 * STALE_S) for n in range(2))
    scheduler.late.extend((Connection(f"new {n}", seen), monotonic()) for n in range(2))
    scheduler._refusing_s, scheduler._looked = -1.0, monotonic()
    loop.call_soon(scheduler._take_late, loop)
    while scheduler.late:
        await turn()
    assert seen == ["new 1 takes", "new 0 takes", "old 1 takes", "old 0 takes"]
    assert scheduler._refusing_s < -1.0 - TURN_S  # two of them, less what was added meanwhile


async def test_the_clock_of_a_turn_starts_with_the_first_question() -> None:
    """A turn that has taken long is full; the next one is not."""
    scheduler, loop = FairScheduler(), asyncio.get_running_loop()
    assert not scheduler.full(loop)
    began = monotonic()
    while monotonic() < began + TURN_S:
        pass
    assert scheduler.full(loop)
    await turn()
    assert not scheduler.full(loop)


async def test_one_that_fails_keeps_nobody_from_being_taken() -> None:
    """The loop is told, and goes on with the next."""
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    seen: list[str] = []
    scheduler, good, bad = FairScheduler(), Connection("good", seen), Connection("bad", seen)
    bad.take = lambda arrived: bool(1 / 0)  # type: ignore[method-assign]
    scheduler.put_off(bad)
    scheduler.put_off(good)
    await turn(3)
    assert seen == ["good takes"]
    assert [type(error) for error in told] == [ZeroDivisionError]


async def test_bodies_come_in_one_piece_a_turn() -> None:
    """Each is held until it is its turn."""
    seen: list[str] = []
    scheduler = FairScheduler()
    for name in "abc":
        scheduler.wait(Connection(name, seen))
    assert seen == ["a holds", "b holds", "c holds"]
    for count in (1, 2, 3):
        await turn()
        assert len(seen) == 3 + count
    assert seen[3:] == ["a reads on", "b reads on", "c reads on"]


async def test_after_a_piece_that_took_long_the_others_have_as_long() -> None:
    """Two large bodies that are whole one after the other do not make one long stop."""
    seen: list[str] = []
    scheduler = FairScheduler()
    first, second = Connection("first", seen), Connection("second", seen)
    first.read_on = lambda: first.take(0.0)  # type: ignore[method-assign,assignment]
    scheduler.wait(first)
    scheduler.wait(second)
    await turn(2)
    assert seen[-1] == "first takes"
    async with asyncio.timeout(PATIENCE_S):
        while seen[-1] != "second reads on":
            await turn()


async def test_what_nobody_wants_is_read_now_and_then() -> None:
    """Not in the next turn, and one after the other."""
    seen: list[str] = []
    scheduler = FairScheduler()
    for name in "ab":
        scheduler.discard(Connection(name, seen))
    await turn(3)
    assert seen == ["a holds", "b holds"]
    async with asyncio.timeout(PATIENCE_S):
        while len(seen) < 4:  # noqa: ASYNC110  (it tells nobody)
            await asyncio.sleep(0.001)
    assert seen[2:] == ["a reads on", "b reads on"]


async def test_flush_takes_everything_at_once() -> None:
    seen: list[str] = []
    scheduler = FairScheduler()
    for name in "ab":
        scheduler.put_off(Connection(name, seen))
    scheduler.flush()
    assert seen == ["a takes", "b takes"]
    await turn(2)
    assert len(seen) == 2


# ── on the wire ──


class FullAlways(FairScheduler):
    """Puts off whatever it may; counts it, and takes nothing while it is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.shut = False

    def full(self, loop: asyncio.AbstractEventLoop) -> bool:
        return True

    def put_off(self, reader: Reader) -> None:
        self.count += 1
        super().put_off(reader)

    def _take_late(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self.shut:
            super()._take_late(loop)

    def open(self) -> None:
        self.shut = False
        self._take_late(asyncio.get_running_loop())


async def crowded(served: Running, *, shut: bool = False) -> tuple[Client, FullAlways]:
    """A connection to a service whose turns are all too long."""
    scheduler = served.app.hot.scheduler = FullAlways()
    scheduler.shut = shut
    client = await served.connect()
    scheduler.taken = 7  # asked at every eighth
    return client, scheduler


async def test_requests_that_were_put_off_are_answered_in_order(tmp_path: Path) -> None:
    """One, several at once, a burst that is longer than a connection may put off, and half of one."""
    async with running(tmp_path) as served:
        client, scheduler = await crowded(served)
        await client.send(request([[1, 2]]))
        assert await client.values() == expected([[1, 2]])
        assert scheduler.count == 1
        rows = [[[n, n + 1]] for n in range(50)]
        scheduler.taken = 7
        for row in rows:
            client.writer.write(request(row))
            await asyncio.sleep(0)
        for row in rows:
            assert await client.values() == expected(row)
        whole = request([[5, 6]])
        scheduler.taken = 7
        await client.send(whole[:30])
        await asyncio.sleep(0.01)
        await client.send(whole[30:])
        assert await client.values() == expected([[5, 6]])
        assert scheduler.count > 2


async def test_health_is_never_put_off(tmp_path: Path) -> None:
    """Unless its own connection has something before it: answers come in order."""
    async with running(tmp_path) as served:
        client, scheduler = await crowded(served)
        await client.send(HEALTH)
        assert (await client.answer())[2] == b'{"live":true}'
        assert scheduler.count == 0
        scheduler.taken = 7
        await client.send(request([[1, 2]]) + HEALTH)
        assert await client.values() == expected([[1, 2]])
        assert (await client.answer())[2] == b'{"live":true}'


async def test_what_follows_on_a_connection_waits_for_what_was_put_off(tmp_path: Path) -> None:
    """Even health, and what comes after it waits in the socket; afterwards the connection is read again."""
    async with running(tmp_path) as served:
        client, scheduler = await crowded(served, shut=True)
        await client.send(request([[1, 2]]))
        await until(lambda: len(scheduler.late) == 1)
        (reader, _) = scheduler.late[0]
        await client.send(HEALTH)
        await until(lambda: len(reader._put_off) == 2)  # type: ignore[attr-defined]
        await client.send(request([[3, 4]]))
        scheduler.open()
        assert await client.values() == expected([[1, 2]])
        assert (await client.answer())[2] == b'{"live":true}'
        assert await client.values() == expected([[3, 4]])


async def test_the_wait_for_a_turn_is_of_the_time_that_a_request_has(tmp_path: Path) -> None:
    """Its deadline counts from when it came, and not from when it was looked at."""
    async with running(tmp_path, timeout_ms=60_000) as served:
        client, scheduler = await crowded(served, shut=True)
        await client.send(request([[1, 2]]))
        await until(lambda: len(scheduler.late) == 1)
        reader, arrived = scheduler.late.pop()
        scheduler.late.append((reader, arrived - 61))
        scheduler.open()
        status, _, body = await client.answer()
        assert (status, json.loads(body)["error"]) == (504, "The deadline passed before the answer was there.")
        await client.send(request([[3, 4]]))
        assert await client.values() == expected([[3, 4]])


async def test_the_wait_of_one_request_is_not_the_next_one_s(tmp_path: Path) -> None:
    """Not even where taking it went wrong."""
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    async with running(tmp_path) as served:
        client, scheduler = await crowded(served, shut=True)
        await client.send(request([[1, 2]]))
        await until(lambda: len(scheduler.late) == 1)
        reader: Any = scheduler.late[0][0]
        reader._take = lambda data: 1 / 0
        with pytest.raises(ZeroDivisionError):
            scheduler.open()
        del reader._take
        assert reader.arrived == 0.0
        await client.send(request([[3, 4]]))
        assert await client.values() == expected([[3, 4]])


async def test_who_leaves_while_put_off_disturbs_nobody(tmp_path: Path) -> None:
    """Nothing is made of what it sent."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    async with running(tmp_path) as served:
        client, scheduler = await crowded(served, shut=True)
        await client.send(request([[1, 2]]))
        await until(lambda: len(scheduler.late) == 1)
        client.writer.transport.abort()
        await until(lambda: not served.server.server_state.connections)
        scheduler.open()
        other = await served.connect()
        await other.send(request([[3, 4]]))
        assert await other.values() == expected([[3, 4]])
    assert told == []


async def test_what_was_put_off_is_answered_before_the_end(tmp_path: Path) -> None:
    """Accepted is accepted."""
    async with running(tmp_path) as served:
        client, scheduler = await crowded(served, shut=True)
        await client.send(request([[1, 2]]))
        await until(lambda: len(scheduler.late) == 1)
        served.server.should_exit = True
        assert await client.values() == expected([[1, 2]])


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_sender_who_goes_on_after_the_refusal_is_read_slowly(chunked: bool, tmp_path: Path) -> None:
    """It has its 413 at once, gets rid of all of it, and then the connection ends."""
    size = 20 * PIECE_BYTES * 8
    async with running(tmp_path, max_body_bytes=1000) as served:
        client = await served.connect()
        kind = "transfer-encoding: chunked" if chunked else f"content-length: {size}"
        await client.send(f"POST /predict HTTP/1.1\r\nhost: x\r\n{kind}\r\n\r\n".encode())
        piece = b" " * PIECE_BYTES * 8
        for _ in range(20):
            await client.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            await client.send(b"0\r\n\r\n")
        status, headers, body = await client.answer()
        assert (status, "at most 1000 bytes" in json.loads(body)["error"]) == (413, True)
        if chunked:
            await client.send(request([[1, 2]]))
            assert await client.values() == expected([[1, 2]])
        else:
            assert headers["connection"] == "close"
            assert await client.ended()


async def test_who_never_sends_the_rest_of_what_was_refused_is_cut_off(tmp_path: Path) -> None:
    """Without a second answer."""
    async with running(tmp_path, max_body_bytes=1000, receive_timeout_s=0.2) as served:
        client = await served.connect()
        await client.send(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 90000000\r\n\r\n")
        assert (await client.answer())[0] == 413
        assert await client.ended()


async def test_a_large_body_is_read_in_turns_and_whole(tmp_path: Path) -> None:
    """Whatever its size and however it comes; the rows are all there."""
    rows = [[n % 7, n % 5] for n in range(5000)]
    async with running(tmp_path, max_request_rows=5000) as served:
        client = await served.connect()
        sock: socket.socket = client.writer.get_extra_info("socket")
        assert sock is not None
        padded = request(rows).replace(b"[1, 1]", b"[1, 1" + b" " * 3000 + b"]")
        head, _, body = padded.partition(b"\r\n\r\n")
        head = head.rpartition(b"content-length: ")[0] + b"content-length: %d" % len(body)
        assert len(body) > 5 * PIECE_BYTES
        for _ in range(2):
            await client.send(head + b"\r\n\r\n" + body)
            assert await client.values() == expected(rows)
