"""Both doors on the wire: what a client may send, in whichever pieces, and what it must get."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.transport.known_heads import HEADS_MAX
from app.transport.uvicorn_compat import fits
from tests.support.serving import PATIENCE_S
from tests.support.wire import Running, expected, request, running, until

DOORS = ("protocol", "asgi")


@pytest.fixture(params=DOORS)
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, request.param) as it:
        yield it


async def test_a_connection_is_kept_for_many_requests(served: Running) -> None:
    """The same head again and again, with other bodies of the same and of other lengths."""
    client = await served.connect()
    batches: list[list[list[float]]] = [[[1, 2]], [[3, 4]], [[5.25, 6.5], [7, 8]], [[9, 1]], [[1, 2]]]
    for rows in batches:
        await client.send(request(rows))
        assert await client.values() == expected(rows)


async def test_connection_close_is_said_and_done(served: Running) -> None:
    """A client that asks for it finds the connection closed after the answer."""
    client = await served.connect()
    await client.send(request([[1, 2]], "connection: close"))
    status, headers, _ = await client.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert await client.ended()


async def test_http_1_0_gets_its_answer_and_the_end(served: Running) -> None:
    """An old client reads until the connection closes."""
    client = await served.connect()
    await client.send(request([[1, 2]], version="1.0"))
    assert await client.values() == expected([[1, 2]])
    assert await client.ended()


async def test_pipelined_requests_are_answered_in_order(served: Running) -> None:
    """Predictions, errors and ordinary routes, sent at once, come back in the order of the requests."""
    client = await served.connect()
    health = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
    bad = request([[1, 2, 3]])
    await client.send(request([[1, 2]]) + health + bad + request([[3, 4]]) + health + request([[5, 6]]))
    assert await client.values() == expected([[1, 2]])
    assert (await client.answer())[2] == b'{"live":true}'
    assert (await client.answer())[0] == 400
    assert await client.values() == expected([[3, 4]])
    assert (await client.answer())[2] == b'{"live":true}'
    assert await client.values() == expected([[5, 6]])


async def test_a_thousand_pipelined_errors_do_not_nest(served: Running) -> None:
    """Answers that are there at once are still given one after the other."""
    client = await served.connect()
    await client.send(request([[1, 2]]) + request([[1]]) * 1000 + request([[3, 4]]))
    assert await client.values() == expected([[1, 2]])
    assert {(await client.answer())[0] for _ in range(1000)} == {400}
    assert await client.values() == expected([[3, 4]])


async def test_a_chunked_body_is_joined(served: Running) -> None:
    """A body without a length, in chunks."""
    client = await served.connect()
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    for _ in range(2):
        await client.send(head, b'10\r\n{"instances": [[\r\n', b"6\r\n1, 2]]\r\n", b"1\r\n}\r\n", b"0\r\n\r\n")
        assert await client.values() == expected([[1, 2]])


async def test_100_continue_is_sent_before_the_body(served: Running) -> None:
    """A client that waits for the word is given it, once."""
    client = await served.connect()
    whole = request([[1, 2]], "expect: 100-continue")
    head, _, body = whole.partition(b"\r\n\r\n")
    for _ in range(2):
        await client.send(head + b"\r\n\r\n")
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(body)
        assert await client.values() == expected([[1, 2]])


@pytest.mark.parametrize("door", DOORS)
async def test_a_body_over_the_limit_is_refused_and_the_connection_goes_on(door: str, tmp_path: Path) -> None:
    """With a length at once, in chunks when the limit is passed; the next good request is answered."""
    async with running(tmp_path, door, max_body_bytes=64) as served:
        client = await served.connect()
        for _ in range(2):
            await client.send(request([[1, 2]] * 20))
            status, _, body = await client.answer()
            assert status == 413
            assert b"at most 64 bytes" in body
        await client.send(b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        await client.send(*[b"20\r\n" + b" " * 32 + b"\r\n"] * 4, b"0\r\n\r\n")
        assert (await client.answer())[0] == 413
        await client.send(request([[1, 2]]))
        assert await client.values() == expected([[1, 2]])


@pytest.mark.parametrize("door", DOORS)
async def test_a_body_over_the_limit_is_not_asked_for(door: str, tmp_path: Path) -> None:
    """A client that waits for 100 gets 413 in its place."""
    async with running(tmp_path, door, max_body_bytes=64) as served:
        client = await served.connect()
        await client.send(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\nexpect: 100-continue\r\n\r\n")
        assert (await client.answer())[0] == 413


async def test_an_idle_connection_is_closed_after_the_keep_alive_time(tmp_path: Path) -> None:
    """Idle means since the last answer."""
    async with running(tmp_path, keep_alive_s=1) as served:
        client = await served.connect()
        for _ in range(3):
            await client.send(request([[1, 2]]))
            assert await client.values() == expected([[1, 2]])
        assert await client.ended()


async def test_what_is_no_http_is_refused_as_json(tmp_path: Path) -> None:
    """Even this error has the form of all others."""
    async with running(tmp_path) as served:
        client = await served.connect()
        await client.send(b"nonsense\r\n\r\n")
        status, headers, body = await client.answer()
        assert (status, headers["connection"]) == (400, "close")
        assert "error" in json.loads(body)
        assert await client.ended()


async def test_two_lengths_are_refused(served: Running) -> None:
    """Requests cannot be smuggled past a proxy by a second length, with a known head or without."""
    client = await served.connect()
    await client.send(request([[1, 2]]))
    assert await client.values() == expected([[1, 2]])
    await client.send(request([[1, 2]], "content-length: 3"))
    assert (await client.answer())[0] == 400


async def test_other_methods_of_a_hot_path_go_the_ordinary_way(served: Running) -> None:
    """405 with the method that is allowed."""
    client = await served.connect()
    await client.send(b"GET /predict HTTP/1.1\r\nhost: x\r\n\r\n")
    status, headers, _ = await client.answer()
    assert (status, headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("door", DOORS)
async def test_a_client_that_leaves_disturbs_nobody(door: str, tmp_path: Path) -> None:
    """Its work is dropped while it waits, and the others get their answers."""
    async with running(tmp_path, door, run_on="thread") as served:
        gate = threading.Event()
        run = served.model.batcher._run
        served.model.batcher._run = lambda pieces: run(pieces) if gate.wait(PATIENCE_S) else []
        first, leaver, last = [await served.connect() for _ in range(3)]
        await first.send(request([[1, 2]]))
        await until(lambda: bool(served.model.batcher._running))
        await leaver.send(request([[3, 4]]))
        await until(lambda: served.model.batcher.queue.rows == 1)
        await last.send(request([[5, 6]]))
        await until(lambda: served.model.batcher.queue.rows == 2)
        leaver.writer.close()
        await until(lambda: served.model.batcher.queue.rows == 1)
        gate.set()
        assert await first.values() == expected([[1, 2]])
        assert await last.values() == expected([[5, 6]])


@pytest.mark.parametrize("door", DOORS)
async def test_a_request_under_way_is_answered_before_the_server_stops(door: str, tmp_path: Path) -> None:
    """The answer comes, says that the connection closes, and the connection closes."""
    async with running(tmp_path, door, run_on="thread") as served:
        gate = threading.Event()
        run = served.model.batcher._run
        served.model.batcher._run = lambda pieces: run(pieces) if gate.wait(PATIENCE_S) else []
        client, idle = await served.connect(), await served.connect()
        await idle.send(request([[9, 9]]))
        await client.send(request([[1, 2]]))
        await until(lambda: bool(served.model.batcher._running))
        served.server.should_exit = True
        await until(lambda: bool(served.app.state.health.draining))
        gate.set()
        status, headers, _ = await client.answer()
        assert (status, headers.get("connection")) == (200, "close")
        assert await client.ended()


async def test_a_client_that_does_not_read_is_not_read_from(tmp_path: Path) -> None:
    """Answers that nobody takes do not pile up without bound, and nothing is lost when they are taken."""
    async with running(tmp_path) as served:
        rows = [[1.5, 2.5]] * 2000
        client = await served.connect(receive_buffer_bytes=4096)
        count = 300
        sending = asyncio.create_task(client.send(*[request(rows)] * count))
        await until(lambda: bool(served.server.server_state.connections))
        protocol: Any = next(iter(served.server.server_state.connections))
        await until(lambda: protocol.flow.write_paused)
        await until(lambda: protocol.flow.read_paused)
        for _ in range(count):
            assert len(await client.values()) == len(rows)
        await sending


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_answers_do_not_depend_on_how_the_bytes_arrive(data: st.DataObject, tmp_path_factory: Any) -> None:
    """Any cutting of a stream of requests, known heads or not, gives the answers of the uncut stream."""
    requests = data.draw(st.lists(st.sampled_from([*STREAM]), min_size=1, max_size=8))
    stream = b"".join(STREAM[name] for name in requests)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    async def run() -> None:
        async with running(tmp_path_factory.mktemp("models")) as served:
            client = await served.connect()
            for _ in range(2):  # the second time with known heads
                for piece in pieces:
                    await client.send(piece)
                    await asyncio.sleep(0)
                for name in requests:
                    status, _, body = await client.answer()
                    assert status == (400 if name == "bad" else 200), (name, body)
                    if name in ROWS:
                        values = [p["value"] for p in json.loads(body)["predictions"]]
                        assert values == expected(ROWS[name])

    asyncio.run(run())


ROWS = {"one": [[1, 2]], "two": [[3, 4], [5, 6]], "other": [[7, 8]]}
STREAM = {
    **{name: request(rows) for name, rows in ROWS.items()},
    "bad": request([[1, 2, 3]]),
    "health": b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n",
    "chunked": b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    b'16\r\n{"instances": [[1, 2]]\r\n1\r\n}\r\n0\r\n\r\n',
}


async def test_heads_that_never_come_again_do_not_pile_up(tmp_path: Path) -> None:
    """A request id in each head must not fill the memory."""
    async with running(tmp_path) as served:
        client = await served.connect()
        for number in range(2 * HEADS_MAX + 10):
            await client.send(request([[1, 2]], f"x-request-id: {number}"))
            await client.values()
        assert 0 < len(served.app.hot.heads) <= HEADS_MAX


def test_the_installed_uvicorn_fits() -> None:
    """The locked version is the one that the protocol door was written for."""
    assert fits()


def test_another_class_does_not_fit(caplog: pytest.LogCaptureFixture) -> None:
    """A class without the parts leaned on is told by one warning."""
    assert not fits(H11Protocol)
    (record,) = [record for record in caplog.records if record.name.startswith("slipway")]
    assert "ASGI path" in record.getMessage()
