"""The page as it is sent: compressed, known by its tag, one version at a time, behind any prefix, open to all."""

import gzip
import re
from pathlib import Path

import httpx
import pytest

from app.page.assets import STATIC
from tests.app.http.test_api_keys import ONE, keys
from tests.support import serving, tiny


async def address_of(client: httpx.AsyncClient, file: str = "page.js", **headers: str) -> str:
    """Find in the document where a file lies."""
    found = re.search(rf'="([^"]*{re.escape(file)})"', (await client.get("/", headers=headers)).text)
    assert found is not None
    return found[1]


async def test_a_browser_gets_the_page_with_its_headers(client: httpx.AsyncClient) -> None:
    for path in ("/", "/" + await address_of(client), "/page/main.js"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-encoding"] == "gzip"
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert (policy["require-trusted-types-for"], policy["trusted-types"]) == ("'script'", "'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "accept-encoding" in answer.headers.get_list("vary", split_commas=True)


@pytest.mark.parametrize(("accepted", "packed"), [("gzip", True), ("br, gzip;q=0", False), ("", False)])
async def test_it_is_sent_as_the_client_takes_it(accepted: str, packed: bool, client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/page/style.css", headers={"accept-encoding": accepted}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert ("content-encoding" in answer.headers) == packed
    assert (gzip.decompress(raw) if packed else raw) == (STATIC / "style.css").read_bytes()


async def test_what_is_known_is_not_sent_again(client: httpx.AsyncClient) -> None:
    """Nor taken for the other form of itself."""
    for path in ("/", "/page/main.js"):
        first = await client.get(path)
        again = await client.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
        plain = await client.get(path, headers={"if-none-match": first.headers["etag"], "accept-encoding": ""})
        assert plain.status_code == 200
        head = await client.head(path)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])
        assert head.headers["content-length"] == first.headers["content-length"]


async def test_the_document_is_asked_for_anew_and_its_files_are_kept(client: httpx.AsyncClient) -> None:
    """Whoever asks for a file of another version gets none, rather than another."""
    address = "/" + await address_of(client)
    assert (await client.get("/")).headers["cache-control"] == "no-cache"
    assert (await client.get("/page/main.js")).headers["cache-control"] == "no-cache"
    assert (await client.get(address)).headers["cache-control"] == "public, max-age=31536000, immutable"
    other = await client.get(re.sub(r"[0-9a-f]{16}", "0" * 16, address))
    assert other.status_code == 404
    assert "of another version" in other.json()["error"]
    assert "cache-control" not in other.headers


async def test_files_of_the_document_are_all_there(client: httpx.AsyncClient) -> None:
    text = (await client.get("/")).text
    for address in re.findall(r'(?:src|href)="(page/[^"]+)"', text):
        assert (await client.get(f"/{address}")).status_code == 200, address


@pytest.mark.parametrize(
    ("root_path", "forwarded", "start"),
    [
        (None, "", "page/"),
        ("/models/api", "", "/models/api/page/"),
        ("/models/api", "/team", "/team/page/"),
        (None, "/team/slipway/", "/team/slipway/page/"),
        (None, "//evil.org/x", "page/"),
        (None, '/"><script>', "page/"),
    ],
)
async def test_behind_a_proxy_addresses_are_right_without_a_slash_at_the_end(
    root_path: str | None, forwarded: str, start: str, models: Path
) -> None:
    async with serving.running(serving.app_of(models, root_path=root_path)) as client:
        headers = {"x-forwarded-prefix": forwarded} if forwarded else {}
        assert (await address_of(client, **headers)).startswith(start)
        assert "x-forwarded-prefix" in (await client.get("/")).headers.get_list("vary", split_commas=True)


@pytest.mark.parametrize(
    "path", ["/page/", "/page/none.js", "/page/..%2fassets.py", "/page/../main.py", "/page/%2e%2e/%2e%2e/main.py"]
)
async def test_nothing_else_is_sent(path: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"http://slipway{path}")
    assert answer.status_code in (400, 404)
    assert list(answer.json()) == ["error"]


async def test_the_shell_is_public_and_nothing_else_of_the_page(tmp_path: Path) -> None:
    """What it asks for itself wants a key."""
    tiny.write(tmp_path / "models")
    app = serving.app_of(tmp_path / "models", api_keys_file=keys(tmp_path, [ONE]))
    async with serving.running(app) as client:
        for path in ("/", "/" + await address_of(client), "/page/features/none.js"):
            assert (await client.get(path)).status_code == 200
        at = "/models/tiny/versions/1"
        for path in ("/models", "/models/tiny", f"{at}/profile", f"{at}/examples", f"{at}/files/card.md"):
            assert (await client.get(path)).status_code == 401, path
            assert (await client.get(path, headers={"x-api-key": ONE})).status_code in (200, 404), path


async def test_without_the_page_none_of_it_is_there(models: Path) -> None:
    async with serving.running(serving.app_of(models, page=False)) as client:
        assert (await client.get("/")).status_code == 307
        assert (await client.get("/page/main.js")).status_code == 404
