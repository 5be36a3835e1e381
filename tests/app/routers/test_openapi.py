"""The OpenAPI document: well formed, made of the models' own features, and its examples work."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from pydantic import ValidationError

from app.settings import Settings
from tests.support import serving, tiny

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}


async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    response = await client.get("/openapi.json")
    assert response.status_code == 200
    found = response.json()
    assert isinstance(found, dict)
    return found


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def check_structure(found: dict[str, Any]) -> None:
    """What OpenAPI 3.1 asks of every document: its parts, their keys, and references that lead somewhere."""
    assert re.fullmatch(r"3\.1\.\d+", found["openapi"])
    assert found["info"]["title"]
    assert found["info"]["version"]
    identifiers = []
    for path, item in found["paths"].items():
        assert path.startswith("/")
        for method, operation in item.items():
            assert method in METHODS
            identifiers.append(operation["operationId"])
            check_operation(path, operation)
    assert len(identifiers) == len(set(identifiers))
    for node in nodes(found):
        if "$ref" in node:
            target: Any = found
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]


def check_operation(path: str, operation: dict[str, Any]) -> None:
    assert operation["responses"]
    for code, response in operation["responses"].items():
        assert re.fullmatch(r"[1-5]\d\d", code)
        assert response["description"]
    declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
    assert declared == set(re.findall(r"{(\w+)}", path))
    for parameter in operation.get("parameters", []):
        check_schema(parameter["schema"])
    contents = [operation.get("requestBody", {}), *operation["responses"].values()]
    for media in (media for content in contents for media in content.get("content", {}).values()):
        check_schema(media.get("schema", {}))


def check_schema(schema: dict[str, Any]) -> None:
    """Types that exist, and `required` names that are properties."""
    for node in nodes(schema):
        kinds = node.get("type", [])
        if isinstance(kinds, str):
            kinds = [kinds]
        if isinstance(kinds, list):
            assert set(kinds) <= TYPES
        if isinstance(node.get("required"), list):
            assert set(node["required"]) <= set(node["properties"])


async def test_the_document_is_well_formed(client: httpx.AsyncClient) -> None:
    """With one model."""
    check_structure(await document(client))


async def test_every_route_is_described(client: httpx.AsyncClient) -> None:
    """And every status that `/predict` may answer."""
    found = await document(client)
    assert {path for path in found["paths"] if not path.startswith(("/v1", "/v2"))} == {
        "/predict",
        "/health",
        "/health/live",
        "/health/ready",
        "/health/startup",
        "/metrics",
        "/models",
        "/models/{name}",
        "/models/{name}/versions/{version}/profile",
        "/models/{name}/versions/{version}/examples",
        "/models/{name}/versions/{version}/files/{file}",
        "/models/{name}/versions/{version}/now",
    }
    assert set(found["paths"]["/predict"]["post"]["responses"]) == {
        "200",
        "400",
        "401",
        "404",
        "413",
        "415",
        "429",
        "500",
        "503",
        "504",
    }


def request_of(found: dict[str, Any]) -> Any:
    return found["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]


async def test_features_and_labels_are_the_models_own(client: httpx.AsyncClient) -> None:
    """What a caller must send is in the document."""
    found = await document(client)
    record = request_of(found)["schema"]["properties"]["instances"]["items"]["anyOf"][0]
    assert list(record["properties"]) == ["age", "hours-per-week", "member", "level"]
    answer = found["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["properties"]["predictions"]["items"]["properties"]["label"]["enum"] == ["no", "yes"]


async def test_the_example_works(client: httpx.AsyncClient) -> None:
    """The golden row in the document answers 200 when posted."""
    examples = request_of(await document(client))["examples"]
    assert list(examples) == ["tiny/1"]
    for example in examples.values():
        response = await client.post("/predict", json=example["value"])
        assert response.status_code == 200
        assert len(response.json()["predictions"]) == 1


async def test_several_models(tmp_path: Path) -> None:
    """Each is described and has an example, which answers where it is sent."""
    tiny.write(tmp_path, tiny.Tiny(name="classes"))
    tiny.write(tmp_path, tiny.Tiny(name="numbers", task="regression", numbers=("a.b", "größe %"), optional=("level",)))
    async with serving.running(serving.app_of(tmp_path)) as client:
        found = await document(client)
        check_structure(found)
        assert len(request_of(found)["schema"]["anyOf"]) == 2
        for key, example in request_of(found)["examples"].items():
            name, _, version = key.partition("/")
            response = await client.post(f"/predict?model={name}&version={version}", json=example["value"])
            assert response.status_code == 200, response.text


async def test_without_a_model(tmp_path: Path) -> None:
    """Still a document, without `/predict`."""
    async with serving.running(serving.app_of(tmp_path)) as client:
        found = await document(client)
    check_structure(found)
    assert "/predict" not in found["paths"]


async def test_the_page_needs_no_network(client: httpx.AsyncClient) -> None:
    """Scripts and styles come from the service itself, and are there."""
    page = await client.get("/docs")
    assert page.status_code == 200
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert assets
    for asset in assets:
        where = urljoin(str(page.url), asset)
        assert where.startswith(str(client.base_url)), asset
        assert (await client.get(where)).status_code == 200, asset
    assert "http://" not in page.text
    assert "https://" not in page.text


SERVERS: list[tuple[str | None, str, list[str]]] = [
    (None, "", []),
    ("/models/api", "", ["/models/api"]),
    (None, "/team/slipway/", ["/team/slipway"]),
    ("/models/api", "/team", ["/team"]),
    (None, "/first, /second", ["/first"]),
    (None, "//evil.org/x", []),
    (None, "https://evil.org", []),
    (None, "/../admin", []),
    (None, '/"><script>', []),
]


@pytest.mark.parametrize(("root_path", "forwarded", "servers"), SERVERS)
async def test_servers_behind_a_proxy(root_path: str | None, forwarded: str, servers: list[str], models: Path) -> None:
    """A client that is made of the document asks where the proxy answers; what is no path changes nothing."""
    async with serving.running(serving.app_of(models, root_path=root_path)) as client:
        answer = await client.get("/openapi.json", headers={"x-forwarded-prefix": forwarded} if forwarded else {})
        assert [server["url"] for server in answer.json().get("servers", [])] == servers
        assert answer.headers["vary"] == "x-forwarded-prefix"
        assert "/predict" in answer.json()["paths"]
        again = await client.get("/openapi.json")  # what one caller says is not told the next
        assert [server["url"] for server in again.json().get("servers", [])] == ([root_path] if root_path else [])


@pytest.mark.parametrize("root_path", ["models", "/", "/a/", "https://x", "/a\n", "/../a"])
def test_a_prefix_that_is_no_path_is_refused(root_path: str) -> None:
    with pytest.raises(ValidationError, match="expected a path such as"):
        Settings(root_path=root_path)
