"""Both doors on the wire: upgrades that are offered, heads that may not be, and bodies that are broken off."""

import asyncio
import gzip
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.wire import Client, Running, expected, request, running

DOORS = ("protocol", "asgi")
HEALTH = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
ROWS = [[1.0, 2.0]]
BODIES = {
    "/predict": {"instances": ROWS},
    "/v1/models/tiny:predict": {"instances": [{"a": 1.0, "b": 2.0}]},
    "/v2/models/tiny/infer": {"inputs": [{"name": "numeric", "shape": [1, 2], "datatype": "FP32", "data": [1.0, 2.0]}]},
}
OFFERS = {
    "h2c": "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAA",
    "websocket": "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==",
    "tls": "Connection: upgrade\r\nUpgrade: TLS/1.2",
}


@pytest.fixture(params=DOORS)
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, request.param) as it:
        yield it


def post(path: str = "/predict", *headers: str, chunked: bool = False) -> bytes:
    body = json.dumps(BODIES[path]).encode()
    framing = "transfer-encoding: chunked" if chunked else f"content-length: {len(body)}"
    head = "\r\n".join([f"POST {path} HTTP/1.1", "host: x", "content-type: application/json", *headers, framing])
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    return head.encode() + b"\r\n\r\n" + sent


async def answered(client: Client) -> bool:
    status, headers, body = await client.answer()
    assert status == 200, body
    return "0.5" in body.decode() and "upgrade" not in headers


# ── upgrades ──


@pytest.mark.parametrize("offer", OFFERS)
async def test_an_upgrade_is_ignored_and_its_body_answered(offer: str, served: Running) -> None:
    """By every protocol: whole, twice on a connection, in pieces, and with others behind it in the same packet."""
    for path, chunked in itertools.product(BODIES, (False, True)):
        client = await served.connect()
        whole = post(path, OFFERS[offer], chunked=chunked)
        for _ in range(2):
            await client.send(whole)
            assert await answered(client)
        end = whole.index(b"\r\n\r\n") + 4
        for cut in (10, end - 2, end, end + 3, len(whole) - 1):
            client.writer.write(whole[:cut])
            await asyncio.sleep(0.001)
            await client.send(whole[cut:])
            assert await answered(client)
        await client.send(whole + HEALTH + whole + post(path) + whole)
        assert await answered(client)
        assert (await client.answer())[2] == b'{"live":true}'
        for _ in range(3):
            assert await answered(client)


async def test_upgrades_of_every_other_kind_of_request_are_ignored(served: Running) -> None:
    """Without a body, by an old version, with a body that is waited for, and many in one packet."""
    client = await served.connect()
    offer = OFFERS["h2c"]
    get = HEALTH[:-2] + OFFERS["websocket"].encode() + b"\r\n\r\n"
    await client.send(get * 300 + HEALTH)
    for _ in range(301):
        assert (await client.answer())[2] == b'{"live":true}'
    head, _, body = request(ROWS, offer, "expect: 100-continue").partition(b"\r\n\r\n")
    await client.send(head + b"\r\n\r\n")
    assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(body)
    assert await client.values() == expected(ROWS)
    await client.send(request(ROWS, offer.replace("Upgrade,", "Upgrade, close,")))
    status, headers, _ = await client.answer()
    assert (status, headers["connection"]) == (200, "close")
    old = await served.connect()
    await old.send(request(ROWS, offer, version="1.0"))
    assert await old.values() == expected(ROWS)
    assert await old.ended()


async def test_what_differs_is_judged_behind_an_upgrade_as_without(served: Running) -> None:
    """A body that is packed, one that is wrong, and two lengths."""
    client = await served.connect()
    packed = gzip.compress(json.dumps({"instances": ROWS}).encode())
    head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\n{OFFERS['h2c']}\r\n"
    await client.send(head.encode() + b"content-length: %d\r\n\r\n%b" % (len(packed), packed))
    assert await client.values() == expected(ROWS)
    await client.send(request([[1, 2, 3]], OFFERS["h2c"]))
    assert (await client.answer())[0] == 400
    await client.send(request(ROWS, OFFERS["h2c"], "content-length: 3"))
    assert (await client.answer())[0] == 400
    assert await client.ended()


async def test_connect_is_refused(served: Running) -> None:
    """This is no proxy: nothing that follows is read as anything."""
    client = await served.connect()
    await client.send(b"CONNECT x:80 HTTP/1.1\r\nhost: x:80\r\n\r\n" + request(ROWS))
    status, _, body = await client.answer()
    assert (status, "proxy" in body.decode()) == (400, True)
    assert await client.ended()


# ── heads ──


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /predict HTTP/1.1\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nhost: x\r\nhost: x\r\n", 400),
        (b"GET /health HTTP/1.1\r\nhost: x\r\nHost: y\r\n", 400),
        (b"POST /predict HTTP/1.0\r\nhost: x\r\nhost: y\r\n", 400),
        (b"POST /predict HTTP/2.0\r\nhost: x\r\n", 505),
        (b"POST /predict HTTP/0.9\r\nhost: x\r\n", 505),
    ],
    ids=["no host", "two hosts", "two hosts of an ordinary request", "two hosts by 1.0", "2.0", "0.9"],
)
async def test_a_head_that_may_not_be_is_refused(head: bytes, status: int, served: Running) -> None:
    """RFC 9112, section 3.2; with its upgrade as without; the next connection is served."""
    body = b'{"instances": [[1, 2]]}'
    for more in (b"", OFFERS["h2c"].encode() + b"\r\n"):
        client = await served.connect()
        await client.send(head + more + b"content-length: %d\r\n\r\n" % len(body) + body)
        found, headers, said = await client.answer()
        assert (found, headers["connection"]) == (status, "close")
        assert "expected" in json.loads(said)["error"]
        assert await client.ended()


@pytest.mark.parametrize(
    "path",
    [
        "/predict%0A",
        "/predict%0a",
        "/v1/models/tiny%0A:predict",
        "/v2/models/tiny%00/infer",
        "/health%0D%0A",
        "/%C2%85",
    ],
)
async def test_control_characters_in_a_path_are_refused(path: str, served: Running) -> None:
    """Before it is compared with anything; other characters that are percent-encoded are as they were."""
    client = await served.connect()
    await client.send(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{}}".encode())
    status, _, body = await client.answer()
    assert (status, "control characters" in json.loads(body)["error"]) == (400, True)
    assert await client.ended()
    client = await served.connect()
    await client.send(b"GET /h%65alth/live?x=%0A HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await client.answer())[0] == 200


async def test_an_old_client_needs_no_host(served: Running) -> None:
    client = await served.connect()
    await client.send(b"GET /health/live HTTP/1.0\r\n\r\n")
    assert (await client.answer())[2] == b'{"live":true}'


# ── chunks ──

CHUNKED = b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
MALFORMED = {
    "hexadecimal": b"0x10\r\n",
    "negative": b"-10\r\n",
    "line feed alone": b"5\n",
    "line feed in the extension": b"5;a\nb\r\n",
    "far too long": b"fffffffffffffffff\r\n",
    "no end of a chunk": b"1\r\n{{",
}
HOT = [*BODIES, "/v2/models/tiny/versions/1/infer"]


@pytest.mark.parametrize("chunk", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_chunk_is_refused_with_a_reason(chunk: bytes, served: Running) -> None:
    """Hot routes say why before they close, as the others do; also when a good piece came before."""
    for path, before in itertools.product(HOT, (b"", b"1\r\n{\r\n")):
        client = await served.connect()
        head = CHUNKED % path.encode()
        client.writer.write(head + before)
        await asyncio.sleep(0.001)
        client.writer.write(chunk)
        status, headers, body = await client.answer()
        assert (status, headers["connection"]) == (400, "close")
        assert "Invalid HTTP request" in json.loads(body)["error"]
        assert await client.ended()


async def test_an_unknown_transfer_encoding_is_refused(served: Running) -> None:
    client = await served.connect()
    await client.send(b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n")
    assert (await client.answer())[0] == 400
    assert await client.ended()


async def test_what_came_before_a_malformed_request_is_answered_first(served: Running) -> None:
    """In one packet: good ones, hot and ordinary, and then what is no HTTP or ends in a malformed chunk."""
    for broken in (CHUNKED % b"/predict" + b"0x1\r\n", CHUNKED % b"/nowhere" + b"0x1\r\n", b"nonsense\r\n\r\n"):
        for before in ([request(ROWS)], [request(ROWS), HEALTH], [HEALTH, request(ROWS)]):
            client = await served.connect()
            await client.send(b"".join(before) + broken)
            for one in before:
                status, _, body = await client.answer()
                assert (status, b"live" in body) == (200, one == HEALTH)
            status, headers, _ = await client.answer()
            assert (status in (400, 404), headers["connection"]) == (True, "close")
            assert await client.ended()


@pytest.mark.parametrize("length", [b"0", b"5", b"9999999"])
async def test_a_length_behind_a_chunked_body_is_no_length_of_it(length: bytes, served: Running) -> None:
    """A field of the trailer, as a proxy may leave it; the next request begins where this one ends."""
    client = await served.connect()
    body = b'{"instances": [[1, 2]]}'
    whole = CHUNKED % b"/predict" + b"%x\r\n%b\r\n0\r\ncontent-length: %b\r\n\r\n" % (len(body), body, length)
    await client.send(whole + whole + request(ROWS))
    for _ in range(3):
        assert await client.values() == expected(ROWS)
    await client.send(CHUNKED[:-2] % b"/predict" + b"content-length: 5\r\n\r\n")
    assert (await client.answer())[0] == 400  # in a head it stays ambiguous


async def test_a_trailer_adds_nothing_to_a_head(served: Running) -> None:
    """It comes after the head was judged: it names no request and holds no key."""
    client = await served.connect()
    for path in (b"/predict", b"/nowhere"):
        body = b'{"instances": [[1, 2]]}'
        await client.send(CHUNKED % path + b"%x\r\n%b\r\n0\r\nx-request-id: late\r\n\r\n" % (len(body), body), HEALTH)
        assert (await client.answer())[1].get("x-request-id") != "late"
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize("coding", [b"chunked, gzip", b"chunked, xchunked", b"identity", b"gzip"])
async def test_a_body_of_which_nobody_knows_the_end_is_refused(coding: bytes, served: Running) -> None:
    """Only `chunked`, as the last coding, says where a body ends."""
    client = await served.connect()
    await client.send(b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: %b\r\n\r\n" % coding)
    assert (await client.answer())[0] == 400
    assert await client.ended()
