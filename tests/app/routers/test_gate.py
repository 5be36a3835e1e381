"""Every route answers whom its audience says, on the ports that have it: each is walked, by every door."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.descriptor import ServiceDescriptor

from app.http.access import ROUTES, access_of
from app.main import OperationsApp, Slipway
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from tests.app.http.test_api_keys import ONE, keys
from tests.support import serving, tiny, wire

PUBLIC = {
    *("/", "/page", "/page/{path:path}", "/docs", "/docs/assets", "/openapi.json", "/metrics"),
    *("/health", "/health/live", "/health/ready", "/health/startup"),
    *("/v2/health/live", "/v2/health/ready"),
}
"""Written here once more, by hand: no other route may be public because somebody changed the table by mistake."""

OPERATIONS_ONLY = {"/metrics"}
BOTH = {"/health", "/health/live", "/health/ready", "/health/startup", "/models", "/models/{name}"}
AREAS = {"/v1", "/admin", "/page"}  # in the table for the unknown paths below them
WORDS = {"name": "tiny", "version": "1", "label": "stable", "verb": "load", "file": "card.md"}
HOT = {route for route, access in ROUTES.items() if access.counted and route.startswith(("/predict", "/v"))}
PROBES = {"ServerLive", "ServerReady"}
KEYS = {"none": {}, "caller": {"x-api-key": ONE}, "operator": serving.OPERATOR}


def audience(route: str) -> str:
    if route in PUBLIC:
        return "none"
    return "operator" if route.startswith("/admin") else "caller"


def routes(app: Slipway) -> Iterator[tuple[str, str]]:
    """Each method of each route."""
    for route in app.routes:
        for method in sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"}):  # whose answer has no text
            yield method, route.path  # type: ignore[attr-defined]


def path_of(route: str) -> str:
    if route == "/page/{path:path}":
        return "/page/main.js"
    return route.format_map(WORDS) + ("/favicon-32x32.png" if route == "/docs/assets" else "")


@asynccontextmanager
async def both_ports(folder: Path, **settings: object) -> AsyncIterator[tuple[Slipway, dict[str, httpx.AsyncClient]]]:
    """An application with keys and every route, and a client of each of its ports."""
    tiny.write(folder / "models")
    options = {"api_keys_file": keys(folder, [ONE]), "admin_keys_file": serving.operators(folder), **settings}
    app = serving.app_of(folder / "models", feedback=True, labels={"tiny": {"stable": 1}}, **options)
    transport = httpx.ASGITransport(OperationsApp(app))
    async with serving.running(app) as main, httpx.AsyncClient(transport=transport, base_url="http://ops") as other:
        yield app, {"main": main, "operations": other}


async def ask(client: httpx.AsyncClient, method: str, path: str, key: str) -> httpx.Response:
    return await client.request(method, path, headers=KEYS[key])


async def test_every_route_answers_its_audience_and_nobody_else(tmp_path: Path) -> None:
    """Whatever the method; a key of one audience opens nothing of the other's."""
    async with both_ports(tmp_path) as (app, clients):
        for (method, route), key in product(routes(app), KEYS):
            wanted = audience(route)
            status = (await ask(clients["main"], method, path_of(route), key)).status_code
            assert (status == 401) == (wanted not in ("none", key)), (method, route, key, status)


async def test_every_route_is_on_its_port_and_no_other(tmp_path: Path) -> None:
    """With the key that it asks for; where it is not, nothing tells that there is another port."""
    async with both_ports(tmp_path, operations_port=0) as (app, clients):
        for method, route in routes(app):
            where = {"main", "operations"} if route in BOTH else {"main"}
            if route in OPERATIONS_ONLY or route.startswith("/admin"):
                where = {"operations"}
            for port, client in clients.items():
                response = await ask(client, method, path_of(route), audience(route))
                elsewhere = response.status_code == 404 and "that this port answers" in response.text
                assert elsewhere == (port not in where), (port, method, route, response.text)


async def test_a_key_is_asked_for_on_the_other_port_too(tmp_path: Path) -> None:
    async with both_ports(tmp_path, operations_port=0) as (_, clients):
        for path, key in product(("/models", "/admin/models", "/metrics", "/health/live"), KEYS):
            status = (await ask(clients["operations"], "GET", path, key)).status_code
            assert (status == 401) == (audience(path) not in ("none", key)), (path, key)


async def test_the_table_names_every_route_and_nothing_else(tmp_path: Path) -> None:
    """A name that no route has would be a mistake in the table."""
    methods = {f"{rpc().full_name}/{method.name}" for method in rpc().methods}
    async with both_ports(tmp_path) as (app, _):
        found = {route for _, route in routes(app)}
    assert found | methods | AREAS == set(ROUTES)


@pytest.mark.parametrize("door", ["protocol", "asgi"])
async def test_hot_routes_ask_for_a_callers_key(door: str, tmp_path: Path) -> None:
    """Each of them, by either door."""
    folder = tmp_path / "keys"
    folder.mkdir()
    files: dict[str, Any] = {"api_keys_file": keys(folder, [ONE]), "admin_keys_file": serving.operators(folder)}
    async with wire.running(tmp_path, door, labels={"tiny": {"stable": 1}}, **files) as served:
        assert len(HOT) == 12
        for route, key in product(sorted(HOT), KEYS):
            assert served.app.hot.find(path_of(route).encode()) is not None, route
            lines = "".join([f"{name}: {value}\r\n" for name, value in KEYS[key].items()])
            client = await served.connect()
            head = f"POST {path_of(route)} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n{lines}\r\n"
            await client.send(head.encode() + b"{}")
            assert ((await client.answer())[0] == 401) == (key != "caller"), (route, key)


def rpc() -> ServiceDescriptor:
    return pb.DESCRIPTOR.services_by_name["GRPCInferenceService"]


def channel_of(app: Slipway) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}")


async def test_every_method_of_grpc_asks_for_a_callers_key_but_the_probes(tmp_path: Path) -> None:
    async with both_ports(tmp_path, grpc_port=0) as (app, _), channel_of(app) as channel:
        for method, key in product(rpc().methods, KEYS):
            call: Any = channel.unary_unary(f"/{rpc().full_name}/{method.name}")
            code = await call(b"", metadata=tuple(KEYS[key].items())).code()
            refused = code is grpc.StatusCode.UNAUTHENTICATED
            assert refused == (method.name not in PROBES and key != "caller"), (method.name, key, code)


async def say_hello() -> str:
    return "hello"


@pytest.mark.parametrize(("operators", "statuses"), [(True, (401, 401, 200)), (False, (401, 401, 401))])
async def test_a_route_that_the_table_does_not_name_is_for_operators(
    operators: bool, statuses: tuple[int, ...], tmp_path: Path
) -> None:
    """It fails closed: where there are no operators nobody may ask, and the main port does not have it."""
    settings = {} if operators else {"admin_keys_file": None}
    async with both_ports(tmp_path, **settings) as (app, clients):
        app.add_api_route("/hello", say_hello)
        assert tuple([(await ask(clients["main"], "GET", "/hello", key)).status_code for key in KEYS]) == statuses
    async with both_ports(tmp_path / "models", operations_port=0, **settings) as (app, clients):
        app.add_api_route("/hello", say_hello)
        described = (await clients["main"].get("/openapi.json")).json()["paths"]
        assert "/hello" not in described
        assert "/models" in described
        for key, status in zip(KEYS, statuses, strict=True):
            assert (await ask(clients["main"], "GET", "/hello", key)).status_code == 404
            assert (await ask(clients["operations"], "GET", "/hello", key)).status_code == status


@pytest.mark.parametrize(
    ("path", "closed"),
    [
        ("/admin/none", True),
        ("/ADMIN/none", True),
        ("/v1/none", True),
        ("/V1/models/tiny/none/of/these", True),
        ("/v2/models/tiny/none", True),
        ("/models/tiny/none", True),
        ("/models" + "/x" * 5000, True),
        ("/none", False),
        ("/health/none", False),
        ("/v2/health/none", True),
        ("/x" + "/" * 5000, False),
    ],
)
async def test_an_unknown_path_is_as_closed_as_the_path_above_it(path: str, closed: bool, tmp_path: Path) -> None:
    async with both_ports(tmp_path) as (_, clients):
        response = await clients["main"].get(path)
        assert response.status_code == (401 if closed else 404)


async def test_a_wrong_method_is_told_to_the_audience_alone(tmp_path: Path) -> None:
    async with both_ports(tmp_path) as (_, clients):
        assert (await ask(clients["main"], "DELETE", "/models", "none")).status_code == 401
        assert (await ask(clients["main"], "DELETE", "/models", "caller")).status_code == 405
        assert (await ask(clients["main"], "DELETE", "/metrics", "none")).status_code == 405


def test_what_is_not_in_the_table_is_not_public() -> None:
    for name in ("", "/none", "/predict/", "inference.GRPCInferenceService/New"):
        assert access_of(name).audience.value == "operator"
