"""All bodies together: room before bytes, who waits and who is refused, and that everything is given back."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.http.byte_budget import SMALL_BYTES, ByteBudget, Hold
from tests.support.serving import OPERATOR, operators
from tests.support.wire import Client, Running, request, running, until

DOORS = ("protocol", "asgi")
PATHS = ("/predict", "/v1/models/tiny:predict", "/v2/models/tiny/infer")
LIMIT = 2**23
LARGE = LIMIT // 4 + 1  # two of them are held at once
KEY = "a-callers-key-of-enough-length"
JSON = b'{"instances": [[1, 2]]}'


def head(size: int | None, *lines: str, path: str = "/predict") -> bytes:
    """The head of a request with so many bytes, or in chunks."""
    body = "transfer-encoding: chunked" if size is None else f"content-length: {size}"
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: x", body, *lines, "", ""]).encode()


def filled(size: int) -> bytes:
    """A good body of so many bytes."""
    return JSON + b" " * (size - len(JSON))


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def budget_of(served: Running) -> ByteBudget:
    return served.app.hot.budget


def kept(served: Running) -> int:
    """Bytes of bodies that connections keep."""
    cycles = [connection.cycle for connection in served.server.server_state.connections]  # type: ignore[union-attr]
    return sum(len(cycle.body) for cycle in cycles if cycle is not None)


@pytest.fixture(params=DOORS)
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, request.param, max_bytes_under_way=LIMIT) as it:
        yield it
        await it.leave()
        await until(lambda: not budget_of(it).used_bytes)


async def half(served: Running, size: int | None = LARGE, *lines: str) -> Client:
    """A client that has sent the head and the beginning of its body."""
    client = await served.connect()
    await client.send(head(size, *lines), JSON if size is not None else chunk(JSON))
    return client


async def fill(served: Running) -> list[Client]:
    """Two half bodies that leave no room for a third large one."""
    clients = [await half(served) for _ in range(2)]
    await until(lambda: budget_of(served).used_bytes == 2 * LARGE)
    return clients


async def finish(client: Client, size: int = LARGE) -> int:
    """Send the rest, and return the status of the answer."""
    await client.send(filled(size)[len(JSON) :])
    return (await client.answer())[0]


# ── the key ──


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", [5000, LARGE, None])
async def test_a_half_body_without_a_key_holds_nothing(path: str, door: str, size: int | None, tmp_path: Path) -> None:
    """It is refused at its head, over every protocol, whatever its length; nothing of it is kept."""
    keys = tmp_path / "keys"
    keys.write_text(KEY)
    async with running(tmp_path / "models", door, max_bytes_under_way=LIMIT, api_keys_file=keys) as served:
        client = await served.connect()
        await client.send(head(size, path=path), JSON if size is not None else chunk(JSON))
        assert (await client.answer())[0] == 401
        assert (budget_of(served).used_bytes, kept(served)) == (0, 0)
        other = await half(served, LARGE, "x-api-key: " + KEY)
        assert await finish(other) == 200


@pytest.mark.parametrize("door", DOORS)
async def test_who_is_refused_is_not_told_to_go_on(door: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(KEY)
    async with running(tmp_path / "models", door, api_keys_file=keys) as served:
        client = await served.connect()
        await client.send(head(LARGE, "expect: 100-continue"))
        assert (await client.answer())[0] == 401


# ── room ──


async def test_a_body_is_held_from_its_head_to_its_answer(served: Running) -> None:
    client = await half(served)
    await until(lambda: budget_of(served).used_bytes == LARGE)
    assert await finish(client) == 200
    await until(lambda: not budget_of(served).used_bytes)
    assert not kept(served)  # the connection stays, and what it sent does not


async def test_a_small_body_is_not_counted(served: Running) -> None:
    client = await served.connect()
    await client.send(head(4096), JSON)
    await client.send(request([[1, 2]]))
    await asyncio.sleep(0)
    assert budget_of(served).used_bytes == 0


async def test_large_bodies_wait_for_room_and_small_ones_do_not(served: Running) -> None:
    """Those that are here are answered, then those in line, in their order."""
    first, second = await fill(served)
    third = await half(served, LARGE, "x-request-timeout-ms: 100000")
    small = await served.connect()
    for size in (100, 5000, SMALL_BYTES):
        await small.send(head(size), filled(size))
        assert (await small.answer())[0] == 200
    assert await finish(first) == 200
    assert await finish(third) == 200
    assert await finish(second) == 200


async def test_who_waits_too_long_for_room_is_told_when_to_come_again(served: Running) -> None:
    await fill(served)
    third = await half(served, LARGE, "x-request-timeout-ms: 30")
    status, headers, body = await third.answer()
    assert (status, headers["retry-after"]) == (429, "1")
    assert b"The memory for bodies is full" in body


async def test_a_small_body_without_room_is_refused_at_once(served: Running) -> None:
    budget = budget_of(served)
    holds = taken(budget, SMALL_BYTES)
    client = await served.connect()
    await client.send(head(5000), JSON)
    status, headers, _ = await client.answer()
    assert (status, headers["retry-after"]) == (429, "1")
    other = await served.connect()
    await other.send(request([[1, 2]]))  # one that is too small to be counted is answered all the same
    assert (await other.answer())[0] == 200
    whole = await served.connect()
    for _ in range(3):  # in one piece, and with a head that may be known
        await whole.send(head(5000) + filled(5000))
        assert (await whole.answer())[0] == 429
    for hold in holds:
        hold.end()
    await whole.send(head(5000) + filled(5000))
    assert (await whole.answer())[0] == 200


def taken(budget: ByteBudget, size: int) -> list[Hold]:
    holds = []
    while (hold := budget.take(size)) is not None:
        holds.append(hold)
    return holds


async def test_a_client_that_waits_for_100_gets_it_with_its_room(served: Running) -> None:
    first, _ = await fill(served)
    third = await served.connect()
    await third.send(head(LARGE, "expect: 100-continue", "x-request-timeout-ms: 100000"))
    word = asyncio.ensure_future(third.reader.readuntil(b"\r\n\r\n"))
    small = await served.connect()
    await small.send(request([[1, 2]]))
    assert (await small.answer())[0] == 200
    assert not word.done()
    assert await finish(first) == 200
    assert await word == b"HTTP/1.1 100 Continue\r\n\r\n"
    await third.send(JSON)
    assert await finish(third) == 200


async def test_a_body_in_chunks_begins_as_a_small_one(served: Running) -> None:
    client = await half(served, None)
    await until(lambda: budget_of(served).used_bytes == SMALL_BYTES)
    await client.send(chunk(b" " * 100), b"0\r\n\r\n")
    assert (await client.answer())[0] == 200


@pytest.mark.parametrize("door", DOORS)
async def test_a_body_in_chunks_that_turns_out_large_takes_room_for_the_largest(door: str, tmp_path: Path) -> None:
    async with running(tmp_path, door, max_bytes_under_way=LIMIT, max_body_bytes=LIMIT // 2) as served:
        budget = budget_of(served)
        client = await half(served, None)
        await client.send(*[chunk(b" " * 1000)] * 70)
        await until(lambda: budget.used_bytes == LIMIT // 2)
        other = await half(served, None, "x-request-timeout-ms: 30")
        await other.send(*[chunk(b" " * 1000)] * 70)
        assert (await other.answer())[0] == 429
        await client.send(b"0\r\n\r\n")
        assert (await client.answer())[0] == 200
        await until(lambda: not budget.used_bytes)


async def test_whole_large_bodies_wait_in_line_too(served: Running) -> None:
    """What came in one piece is in memory, and waits for its room all the same."""
    first, second = await fill(served)
    third = await served.connect()
    size = SMALL_BYTES + 1000
    for _ in range(2):
        await third.send(head(size, "x-request-timeout-ms: 100000") + filled(size))
        assert (await third.answer())[0] == 200
    holds = taken(budget_of(served), SMALL_BYTES + 1)
    await third.send(head(size, "x-request-timeout-ms: 100000") + filled(size))
    await until(lambda: budget_of(served)._line)
    for hold in holds:
        hold.end()
    assert (await third.answer())[0] == 200
    assert await finish(first) == 200
    assert await finish(second) == 200


async def test_pipelined_bodies_are_counted_before_their_turn(tmp_path: Path) -> None:
    """One without room gets its refusal in its turn; the connection goes on."""
    async with running(tmp_path, max_bytes_under_way=LIMIT) as served:
        budget = budget_of(served)
        holds = taken(budget, SMALL_BYTES)
        used = budget.used_bytes
        client = await served.connect()
        await client.send(request([[1, 2]]) + head(5000) + filled(5000) + request([[3, 4]]))
        assert [(await client.answer())[0] for _ in range(2)] == [200, 429]
        assert (await client.answer())[0] in (200, 429)
        assert budget.used_bytes == used
        for hold in holds:
            hold.end()


# ── the end of it ──


async def test_who_leaves_the_line_makes_no_room_and_takes_none(served: Running) -> None:
    first, second = await fill(served)
    third = await half(served, LARGE, "x-request-timeout-ms: 100")
    third.writer.transport.abort()
    fourth = await half(served, LARGE, "x-request-timeout-ms: 100000")
    assert await finish(first) == 200
    assert await finish(fourth) == 200
    second.writer.transport.abort()
    await until(lambda: not budget_of(served).used_bytes)


@pytest.mark.parametrize("door", DOORS)
async def test_a_body_that_does_not_come_is_given_back(door: str, tmp_path: Path) -> None:
    async with running(tmp_path, "protocol", max_bytes_under_way=LIMIT, receive_timeout_s=0.1) as served:
        client = await half(served)
        assert (await client.answer())[0] == 408
        await until(lambda: not budget_of(served).used_bytes)


KINDS = (100, 5000, SMALL_BYTES, LARGE, LARGE // 2, None)
STATUSES = {200, 400, 408, 429, 504}


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_is_held_after_any_sequence(seed: int, served: Running) -> None:
    """Bodies of every kind in any pieces, pipelined or not, and clients that leave at any moment."""
    some = random.Random(seed)
    async with asyncio.TaskGroup() as group:
        for _ in range(15):
            group.create_task(_some_client(random.Random(some.random()), served))
    await until(lambda: not budget_of(served).used_bytes)
    assert not budget_of(served)._line
    assert not budget_of(served)._small_bytes + budget_of(served)._large_bytes


async def _some_client(some: random.Random, served: Running) -> None:
    client = await served.connect()
    count = some.choice((1, 1, 3))
    stream = b"".join([_some_request(some) for _ in range(count)])
    leaves_at = some.choice((None, some.randrange(len(stream))))
    with contextlib.suppress(ConnectionError):
        while stream:
            size = some.choice((1000, 70_000, len(stream)))
            await client.send(stream[:size])
            stream = stream[size:]
            await asyncio.sleep(some.choice((0, 0, 0.01)))
            if leaves_at is not None and len(stream) < leaves_at:
                client.writer.transport.abort()
                return
        for _ in range(count):
            status, headers, _ = await client.answer()
            assert status in STATUSES
            if headers.get("connection") == "close":
                return


def _some_request(some: random.Random) -> bytes:
    size, line = some.choice(KINDS), f"x-request-timeout-ms: {some.choice((20, 500, 60_000))}"
    if size is not None:
        return head(size, line) + filled(size)
    body = filled(some.choice((100, 5000, LARGE)))
    pieces = [body[start : start + 50_000] for start in range(0, len(body), 50_000)]
    return head(None, line) + b"".join(map(chunk, pieces)) + b"0\r\n\r\n"


# ── ordinary routes ──


@pytest.mark.parametrize("door", DOORS)
async def test_bodies_of_ordinary_routes_are_counted(door: str, tmp_path: Path) -> None:
    """While they come, and until the answer; without room they are refused, too."""
    async with running(tmp_path, door, max_bytes_under_way=LIMIT, feedback=True) as served:
        budget = budget_of(served)
        client = await served.connect()
        await client.send(head(5000, path="/feedback"), b"{")
        await until(lambda: budget.used_bytes == 5000)
        await client.send(b" " * 4999)
        assert (await client.answer())[0] == 400
        await until(lambda: not budget.used_bytes)
        holds = taken(budget, SMALL_BYTES)
        await client.send(head(5000, path="/feedback"), filled(5000))
        assert (await client.answer())[0] == 429
        for hold in holds:
            hold.end()


@pytest.mark.parametrize("length", [2**21, None])
async def test_what_an_operator_sends_is_bounded(length: int | None, tmp_path: Path) -> None:
    """FastAPI reads the bodies of these routes, however large."""
    async with running(tmp_path / "models", admin_keys_file=operators(tmp_path), max_bytes_under_way=2**22) as served:
        client = await served.connect()
        lines = [f"{name}: {value}" for name, value in OPERATOR.items()]
        sent = head(length, *lines, "content-type: application/json", path="/admin/models/tiny/canary")
        await client.send(sent.replace(b"POST", b"PUT"))
        data = b" " * 2**20
        await client.send(*([data, data] if length else [chunk(data), chunk(data), b"0\r\n\r\n"]))
        assert (await client.answer())[0] == 413
        await until(lambda: not budget_of(served).used_bytes)
