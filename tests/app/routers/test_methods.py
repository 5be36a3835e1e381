"""HEAD and OPTIONS on every route, in the application and through both doors of a process."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.main import Slipway
from tests.app.routers.test_gate import KEYS, audience, both_ports, path_of
from tests.support import serving, wire


def paths(app: Slipway) -> Iterator[tuple[str, set[str]]]:
    """Each path of the application once, with its own methods."""
    found: dict[str, set[str]] = {}
    for route in app.routes:
        found.setdefault(route.path, set()).update(getattr(route, "methods", None) or {"GET"})  # type: ignore[attr-defined]
    yield from found.items()


async def test_head_gives_what_get_gives_without_the_body(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The status, every header but what names the one answer, with a key and without; and nothing is complained of."""
    async with both_ports(tmp_path) as (app, clients):
        for path, methods in paths(app):
            for key in dict.fromkeys(["none", audience(path)]):
                got, head = [
                    await clients["main"].request(method, path_of(path), headers=KEYS[key])
                    for method in ("GET", "HEAD")
                ]
                assert (head.status_code, head.content) == (got.status_code, b""), path
                same = [{k: v for k, v in r.headers.items() if k not in VARYING} for r in (got, head)]
                assert same[0] == same[1]
            if methods >= {"GET"}:
                assert got.status_code not in (401, 405)
        caplog.clear()
        assert (await clients["operations"].head("/health")).status_code == 200
        assert not caplog.records


VARYING = {"x-request-id", "content-length"}  # the second of metrics, which go on


async def test_options_says_what_a_path_is_for(tmp_path: Path) -> None:
    """Without a key, for every path, on its port alone; the methods that it names are those that work."""
    async with both_ports(tmp_path, operations_port=0) as (app, clients):
        for path, methods in paths(app):
            answers = [await client.options(path_of(path)) for client in clients.values()]
            answered = [answer for answer in answers if answer.status_code == 204]
            assert answered, path
            for answer in answered:
                named = set(answer.headers["allow"].split(", "))
                assert named == methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
                assert answer.content == b""
        verb = "/admin/models/tiny/canary"
        assert (await clients["operations"].options(verb)).headers["allow"] == "DELETE, PUT, OPTIONS"
        for client, path in (
            (clients["main"], verb),
            (clients["main"], "/metrics"),
            (clients["operations"], "/predict"),
        ):
            assert (await client.options(path)).status_code == 404
        assert (await clients["main"].options("/nothing")).status_code == 404


async def test_a_method_that_a_path_has_not_is_told_all_that_it_has(tmp_path: Path) -> None:
    """Also where two routes share it; a folder of files is read."""
    async with both_ports(tmp_path) as (_, clients):
        answer = await clients["main"].get("/admin/models/tiny/canary", headers=serving.OPERATOR)
        assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, PUT, OPTIONS")
        answer = await clients["main"].post("/docs/assets/favicon-32x32.png")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("door", ["protocol", "asgi"])
async def test_both_doors(door: str, tmp_path: Path) -> None:
    """On one connection: no byte of a body after HEAD, `OPTIONS *` and a load balancer's `OPTIONS /`."""
    async with wire.running(tmp_path, door) as served:
        client = await served.connect()
        await client.send(b"HEAD /health HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        head = await client.reader.readuntil(b"\r\n\r\n")
        status, headers, body = await client.answer()
        assert head.startswith(b"HTTP/1.1 200")
        assert b"content-length: %d\r\n" % len(body) in head.lower()
        for path in (b"*", b"/", b"/predict"):
            await client.send(b"OPTIONS %b HTTP/1.1\r\nhost: x\r\n\r\n" % path)
            status, headers, _ = await client.answer()
            assert (status, "OPTIONS" in headers["allow"]) == (204, True)
        await client.send(wire.request([[1, 2]]))
        assert await client.values() == wire.expected([[1, 2]])
        old = await served.connect()
        await old.send(b"OPTIONS / HTTP/1.0\r\n\r\n")  # HAProxy's `option httpchk`
        assert (await old.answer())[0] == 204


def test_a_process(http: httpx.Client) -> None:
    """As any client asks."""
    for path in ("/health/live", "/docs", "/openapi.json", "/models", "/v2", "/v1/models/tiny"):
        got, head = http.get(path), http.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
    assert http.options("/v1/models/tiny:predict").headers["allow"] == "POST, OPTIONS"
