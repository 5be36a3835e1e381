"""What pages of other origins may do, through both doors: those that are named may read, and nobody else."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings
from tests.app.http.test_api_keys import ONE, keys
from tests.support.wire import Client, expected, request, running

DOORS = ("protocol", "asgi")
PAGE, STRANGER = "https://app.example.com", "https://app.example.com.evil.org"
ORIGINS = f"http://localhost:3000, {PAGE}"
GRANTED = "access-control-allow-origin"


async def preflight(client: Client, origin: str, path: str = "/predict") -> tuple[int, dict[str, str], bytes]:
    lines = [f"OPTIONS {path} HTTP/1.1", "host: x", f"origin: {origin}", "access-control-request-method: POST"]
    await client.send("\r\n".join([*lines, "access-control-request-headers: x-api-key", "", ""]).encode())
    return await client.answer()


@pytest.mark.parametrize("door", DOORS)
async def test_a_page_of_a_named_origin_may_ask_with_a_key(door: str, tmp_path: Path) -> None:
    """The preflight without one; then good answers and errors of hot and ordinary routes, head known or not."""
    async with running(tmp_path / "models", door, cors_origins=ORIGINS, api_keys_file=keys(tmp_path, [ONE])) as served:
        client = await served.connect()
        status, headers, body = await preflight(client, PAGE)
        assert (status, body, headers[GRANTED]) == (204, b"", PAGE)
        assert headers["access-control-allow-methods"] == "POST, OPTIONS"
        assert "x-api-key" in headers["access-control-allow-headers"].split(", ")
        assert int(headers["access-control-max-age"]) > 0
        assert headers["vary"] == "origin"
        for _ in range(2):
            await client.send(request([[1, 2]], f"origin: {PAGE}", f"x-api-key: {ONE}"))
            status, headers, body = await client.answer()
            assert (status, headers[GRANTED], headers["vary"]) == (200, PAGE, "origin")
            assert "x-request-id" in headers["access-control-expose-headers"]
        await client.send(request([[1, 2]], f"origin: {PAGE}", f"x-api-key: {ONE}", "x-request-id: mine"))
        _, headers, _ = await client.answer()
        assert (headers[GRANTED], headers["x-request-id"]) == (PAGE, "mine")
        await client.send(request([[1, 2]], f"origin: {PAGE}"))
        status, headers, _ = await client.answer()
        assert (status, headers[GRANTED]) == (401, PAGE)
        for path, wanted in (("/models", 401), ("/health", 200), ("/nothing", 404)):
            await client.send(f"GET {path} HTTP/1.1\r\nhost: x\r\norigin: {PAGE}\r\n\r\n".encode())
            status, headers, _ = await client.answer()
            assert (status, headers[GRANTED]) == (wanted, PAGE)


@pytest.mark.parametrize("door", DOORS)
async def test_others_get_what_they_got(door: str, tmp_path: Path) -> None:
    """Another page may read nothing, nor may any where no origin is named; who is no page sees no difference."""
    for at, (origins, origin) in enumerate(((ORIGINS, STRANGER), (ORIGINS, "null"), ("", PAGE), (ORIGINS, ""))):
        async with running(tmp_path / str(at), door, cors_origins=origins) as served:
            client = await served.connect()
            for _ in range(2):
                await client.send(request([[1, 2]], *([f"origin: {origin}"] if origin else [])))
                status, headers, _ = await client.answer()
                assert (status, GRANTED in headers) == (200, False)
                assert origin or door == "asgi" or "vary" not in headers
            status, headers, _ = await preflight(client, origin)
            assert (status, headers["allow"]) == (204, "POST, OPTIONS")
            assert not [name for name in headers if name.startswith("access-control")]
            await client.send(request([[3, 4]]))
            assert await client.values() == expected([[3, 4]])


@pytest.mark.parametrize("door", DOORS)
async def test_a_known_head_of_one_page_is_not_that_of_another(door: str, tmp_path: Path) -> None:
    async with running(tmp_path, door, cors_origins=ORIGINS) as served:
        client = await served.connect()
        for origin in (PAGE, "http://localhost:3000", PAGE, "http://localhost:3000"):
            await client.send(request([[1, 2]], f"origin: {origin}"))
            assert (await client.answer())[1][GRANTED] == origin


@pytest.mark.parametrize(
    "origins", ["*", "app.example.com", "https://a.example/", f"{PAGE} {PAGE}", "null", "https://A"]
)
def test_what_no_browser_sends_is_refused(origins: str, tmp_path: Path) -> None:
    """And `*`, which is every page."""
    assert Settings(models=tmp_path, cors_origins="http://[::1]:3000").cors_origins
    with pytest.raises(ValidationError, match="expected origins as browsers send them"):
        Settings(models=tmp_path, cors_origins=origins)
