"""What a connection may do through the protocol door: TLS, its limits, who is cut off, and what is logged."""

import asyncio
import json
import logging
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.wire import expected, request, running, until

HEALTH = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
DOORS = ("protocol", "asgi")


def error_of(body: bytes) -> str:
    message: str = json.loads(body)["error"]
    return message


@pytest.mark.parametrize("door", DOORS)
async def test_tls(door: str, tmp_path: Path) -> None:
    """Requests on one encrypted connection, in pieces and pipelined, hot and ordinary."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    paths = [tmp_path / "key.pem", tmp_path / "chain.pem"]
    certificate.private_key_pem.write_to_path(paths[0])
    certificate.cert_chain_pems[0].write_to_path(paths[1])
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    options = {"ssl_keyfile": str(paths[0]), "ssl_certfile": str(paths[1])}
    async with running(tmp_path / "models", door, options) as served:
        client = await served.connect(ssl=trust, server_hostname="localhost")
        whole = request([[1, 2]])
        await client.send(whole[:30], whole[30:-5], whole[-5:])
        assert await client.values() == expected([[1, 2]])
        await client.send(request([[3, 4]]) + HEALTH + request([[5, 6]]))
        assert await client.values() == expected([[3, 4]])
        assert (await client.answer())[2] == b'{"live":true}'
        assert await client.values() == expected([[5, 6]])


async def test_above_the_concurrency_limit_everybody_is_told_so(tmp_path: Path) -> None:
    """uvicorn's own limit holds for hot requests too, remembered heads or not."""
    async with running(tmp_path, uvicorn_options={"limit_concurrency": 2}) as served:
        first = await served.connect()
        await first.send(request([[1, 2]]))
        assert await first.values() == expected([[1, 2]])
        for route in (HEALTH, request([[1, 2]]), request([[1, 2]], "x-new: head")):
            above = await served.connect()
            await above.send(route)
            assert (await above.answer())[0] == 503
            assert await above.ended()
        await until(lambda: len(served.server.server_state.connections) == 1)
        await first.send(request([[3, 4]]))
        assert await first.values() == expected([[3, 4]])


@pytest.mark.parametrize("door", DOORS)
async def test_the_access_log_if_asked(door: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line a request, hot or not, with its status."""
    caplog.set_level(logging.INFO, "uvicorn.access")
    async with running(tmp_path, door, {"access_log": True}) as served:
        client = await served.connect()
        await client.send(request([[1, 2]]) + request([[1]]) + HEALTH)
        for _ in range(3):
            await client.answer()
    said = [record.getMessage().partition('"')[2] for record in caplog.records if record.name == "uvicorn.access"]
    assert [line.replace(" HTTP/1.1", "") for line in said] == [
        'POST /predict" 200',
        'POST /predict" 400',
        'GET /health/live" 200',
    ]


# ── heads without end ──


@pytest.mark.parametrize(
    "head",
    [
        b"POST /predict HTTP/1.1\r\nhost: x\r\n" + b"x-filler: " + b"a" * 3000 + b"\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nhost: x\r\n" + b"".join(b"x-%d: abcdefghijklmnop\r\n" % n for n in range(200)),
        b"GET /health HTTP/1.1\r\nx-endless: " + b"a" * 3000,
        b"GET /" + b"a" * 3000,
    ],
    ids=["one long header", "many headers", "no end of a header", "no end of the address"],
)
async def test_a_head_that_is_too_large_is_refused(head: bytes, tmp_path: Path) -> None:
    """In one piece and in small ones, as soon as it is; the next connection is served."""
    async with running(tmp_path, max_head_bytes=2000) as served:
        for size in (len(head), 100):
            client = await served.connect()
            for place in range(0, min(len(head), 2050), size):  # more would find the connection closed
                client.writer.write(head[place : place + size])
                await asyncio.sleep(0.001)
            status, _, body = await client.answer()
            assert (status, error_of(body)) == (
                431,
                "Invalid head: expected at most 2000 bytes of URL and headers. Received: more.",
            )
            assert await client.ended()
        client = await served.connect()
        await client.send(request([[1, 2]]))
        assert await client.values() == expected([[1, 2]])


# ── slow senders ──


@pytest.mark.parametrize(
    "part",
    [b"POST /pre", b"POST /predict HTTP/1.1\r\nhost: x\r\n", request([[1, 2]])[:-3], b"GET /health HTTP/1.1\r\nh"],
    ids=["the address", "the head", "the body", "an ordinary request"],
)
async def test_who_does_not_send_the_rest_is_cut_off(part: bytes, tmp_path: Path) -> None:
    """Whatever part of the request is missing; who is quick is not disturbed."""
    async with running(tmp_path, receive_timeout_s=0.2) as served:
        slow, quick = await served.connect(), await served.connect()
        await slow.send(part)
        await quick.send(request([[1, 2]]))
        assert await quick.values() == expected([[1, 2]])
        status, _, body = await slow.answer()
        assert (status, error_of(body)) == (408, "The request did not arrive within 0.2 s.")
        assert await slow.ended()
        await quick.send(request([[3, 4]]))
        assert await quick.values() == expected([[3, 4]])


async def test_who_sends_the_rest_in_time_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer of one request is gone when the next one comes in pieces; minutes pass on the loop's clock alone."""
    loop = asyncio.get_running_loop()
    real, timers, ahead_s = loop.time, timers_of(loop, 4000, monkeypatch), 0
    async with running(tmp_path, receive_timeout_s=4000, keep_alive_s=10**6) as served:
        client = await served.connect()
        whole = request([[1, 2]])
        for number in (1, 2, 3):
            await client.send(whole[:20])
            await until(lambda number=number: len(timers) == number)
            ahead_s += 2500
            monkeypatch.setattr(loop, "time", lambda ahead_s=ahead_s: real() + ahead_s)
            await client.send(whole[20:])
            assert await client.values() == expected([[1, 2]])


def timers_of(loop: asyncio.AbstractEventLoop, delay_s: float, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays of the timers that were begun with just this one."""
    found: list[float] = []
    call_later = loop.call_later

    def note(delay: float, *args: Any, **options: Any) -> asyncio.TimerHandle:
        found.extend([delay] if delay == delay_s else [])
        return call_later(delay, *args, **options)

    monkeypatch.setattr(loop, "call_later", note)
    return found


async def test_a_connection_on_which_nothing_comes_is_closed(tmp_path: Path) -> None:
    """Like one that fell idle after its requests."""
    async with running(tmp_path, keep_alive_s=1) as served:
        client = await served.connect()
        assert await client.ended()
