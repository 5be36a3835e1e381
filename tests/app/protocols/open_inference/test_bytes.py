"""Whatever bytes come to whichever route below /v2: an answer below 500, and a server that answers on.

Only a model may fail: with a number that is not finite, which JSON cannot carry.
"""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.app.protocols.open_inference import cases as wire
from tests.app.protocols.open_inference.cases import LENGTH, Infer
from tests.clients import models
from tests.support import serving, tiny

MODELS = ("identity_FP32", "identity_BYTES", "add_sub", "fixed", "tiny", "other")
GOOD = {
    "identity_FP32": wire.floats(),
    "identity_BYTES": Infer([("x", "BYTES", [1, 2], wire.raw_of("BYTES", ["a", "ü"]))], wire.ALL_BINARY),
    "add_sub": Infer([wire.PAIR[0], wire.PAIR_RAW[1]], wire.wanting({"name": "OUTPUT1", **wire.BINARY})),
    "fixed": Infer([("x", "FP32", [2, 3], wire.raw_of("FP32", [0] * 6))]),
    "tiny": Infer(wire.MEMBER, wire.wanting({"name": "probabilities", "parameters": {"classification": 1}})),
}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner))
sizes = st.integers(-1, 4) | st.sampled_from([8, 2**31, 2**63, 10**30])


def _mostly(usual: st.SearchStrategy[Any], else_: st.SearchStrategy[Any] = values) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda number: else_ if number == 9 else usual)


own_parameters = st.fixed_dictionaries(
    {},
    optional={
        "binary_data_size": _mostly(sizes),
        "binary_data": _mostly(st.booleans()),
        "classification": _mostly(sizes),
    },
)
parameters = st.fixed_dictionaries(
    {},
    optional={
        "timeout": st.integers(max_value=0) | st.integers(10**8) | st.floats() | st.text(max_size=3),
        "binary_data_output": _mostly(st.booleans()),
        "priority": values,
    },
)
tensors = st.fixed_dictionaries(
    {},
    optional={
        "name": _mostly(st.sampled_from(["x", "INPUT0", "INPUT1", "numeric", "categorical"])),
        "datatype": _mostly(st.sampled_from(["FP32", "BYTES", "INT32", "BF16"])),
        "shape": _mostly(st.lists(sizes, max_size=3)),
        "data": _mostly(st.lists(st.integers(-9, 9), max_size=6)),
        "parameters": _mostly(own_parameters),
    },
)
outputs = st.fixed_dictionaries(
    {"name": st.sampled_from(["y", "OUTPUT0", "OUTPUT1", "probabilities", "z"])},
    optional={"parameters": own_parameters},
)
requests = st.fixed_dictionaries(
    {"inputs": _mostly(st.lists(tensors, max_size=3))},
    optional={"id": values, "parameters": _mostly(parameters), "outputs": _mostly(st.lists(outputs, max_size=3))},
)
JSON_BODIES = (values | requests).map(lambda value: json.dumps(value).encode())
LENGTHS = st.integers(-2, 200).map(str) | st.text("0123456789 -+.x", max_size=24).map(str.strip)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes, dict[str, str]]:
    """A good request, cut and glued, with a header that may not fit any more."""
    model = draw(st.sampled_from(sorted(GOOD)))
    body, headers = GOOD[model].encode()
    place, cut = draw(st.integers(0, len(body))), draw(st.integers(0, 9))
    body = body[:place] + draw(st.binary(max_size=4)) + body[place + cut :]
    return f"/v2/models/{model}/infer", body, headers


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every list or object of a JSON value, with every index or key."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, bytes, dict[str, str]]:
    """A good request with one value of its JSON replaced, or left out."""
    model = draw(st.sampled_from(sorted(GOOD)))
    body, headers = GOOD[model].encode()
    length = int(headers.get(LENGTH, len(body)))
    head, rest = json.loads(body[:length]), body[length:]
    where, key = draw(st.sampled_from(list(_places(head))))
    if draw(st.integers(0, 4)):
        where[key] = draw(st.one_of(values, sizes, tensors, st.lists(tensors, max_size=2), own_parameters))
    else:
        del where[key]
    head = json.dumps(head).encode()
    return f"/v2/models/{model}/infer", head + rest, {LENGTH: str(len(head))} if headers else {}


@st.composite
def anything(draw: st.DrawFn) -> tuple[str, str, bytes, dict[str, str]]:
    """A method, a path below /v2, a body and headers."""
    kind = draw(st.integers(0, 2))
    if kind:
        path, body, headers = draw(mutated() if kind == 1 else edited())
    else:
        path = draw(PATHS)
        body = draw(st.binary(max_size=40) | JSON_BODIES | st.tuples(JSON_BODIES, st.binary(max_size=9)).map(b"".join))
        headers = {}
    if draw(st.integers(0, 5)) == 5:
        headers[LENGTH] = draw(LENGTHS)
    if draw(st.integers(0, 3)) == 3:
        headers["accept-encoding"] = draw(st.sampled_from(["gzip", "gzip;q=0", "*", ",;", "identity"]))
    if draw(st.integers(0, 5)) == 5:
        headers["content-encoding"] = draw(st.sampled_from(["gzip", "deflate", "br", "identity"]))
        body = gzip.compress(body) if draw(st.booleans()) else body
    usual = "POST" if "infer" in path or "repository" in path else "GET"
    method = draw(_mostly(st.just(usual), st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])))
    return method, path, body, headers


PATHS = st.one_of(
    st.sampled_from(MODELS).map(lambda name: f"/v2/models/{name}/infer"),
    st.sampled_from(MODELS).map(lambda name: f"/v2/models/{name}/versions/1/infer"),
    st.tuples(
        st.sampled_from(MODELS) | st.text(max_size=5).map(lambda text: quote(text, safe="")),
        st.sampled_from(["", "/versions/1", "/versions/0", "/versions/x", "/versions/%31", "/versions/"]),
        st.sampled_from(["", "/", "/infer", "/ready", "/config", "/stats", "/inf%65r", "/infer%0a", "/infer/"]),
    ).map(lambda parts: "/v2/models/" + "".join(parts)),
    st.sampled_from(["/v2", "/v2/", "/v2/health/live", "/v2/models", "/v2/models/stats", "/v2/repository/index"]),
    st.sampled_from(["/v2/repository/models/fixed/load", "/v2/repository/models/fixed/unload", "/v2/%2e%2e", "/v2//"]),
    st.text(max_size=8).map(lambda text: "/v2/" + quote(text)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    graphs = {
        "identity_FP32": models.identity("FP32"),
        "identity_BYTES": models.identity("BYTES"),
        "add_sub": models.add_sub("INT32"),
        "fixed": models.fixed(),
    }
    for name, graph in graphs.items():
        models.write(root, name, graph)
    tiny.write(root)
    return root


def check(ask: Callable[..., httpx.Response], method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    """One answer, in the protocol's form, and the next request is answered as ever."""
    response = ask(method, path, content=body, headers=headers)
    if response.status_code >= 500:
        assert "not finite" in response.json()["error"], (response.status_code, response.text)
    if response.status_code >= 400 and method != "HEAD":
        assert list(response.json()) == ["error"]
    elif path.endswith("/infer") and method == "POST":
        wire.parse(response)
    content, own = GOOD["add_sub"].encode()
    after = ask("POST", "/v2/models/add_sub/infer", content=content, headers=own)
    assert wire.parse(after)["outputs"] == [wire.DIFFERENCE | {"binary": True}]


def test_any_bytes_get_an_answer_below_500(folder: Path) -> None:
    """Through the application, as any ASGI server has it."""
    with asyncio.Runner() as runner:
        running = serving.running(serving.app_of(folder))
        client = runner.run(running.__aenter__())

        def ask(*arguments: Any, **options: Any) -> httpx.Response:
            return runner.run(client.request(*arguments, **options))

        @settings(max_examples=200, deadline=None)
        @given(anything())
        def property_holds(request: tuple[str, str, bytes, dict[str, str]]) -> None:
            check(ask, *request)

        property_holds()
        runner.run(running.__aexit__(None, None, None))


def test_any_bytes_get_an_answer_below_500_on_the_wire(folder: Path, tmp_path: Path) -> None:
    """Through the protocol door and a real socket."""
    with serving.process(folder, tmp_path) as process, httpx.Client(base_url=process.address) as client:

        @settings(max_examples=100, deadline=None)
        @given(anything())
        def property_holds(request: tuple[str, str, bytes, dict[str, str]]) -> None:
            check(client.request, *request)

        property_holds()
