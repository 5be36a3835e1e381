"""TensorFlow Serving's protocol on the wire: its contract through both doors, and what surrounds it."""

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.main import Slipway
from app.repository.versions import Entry, Versions
from tests.app.protocols.tfserving import models as tfserving_models
from tests.app.protocols.tfserving.cases import CASES, MEMBER, ROW, TWICE, Case
from tests.support import serving

LABELS = {"double": {"stable": 1, "gone": 7}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every model of the contract."""
    root = tmp_path_factory.mktemp("models")
    tfserving_models.write_all(root)
    return root


@pytest.fixture
def app(folder: Path) -> Slipway:
    return serving.app_of(folder, labels=LABELS)


@pytest.fixture(scope="module", params=["protocol", "asgi"])
def door(
    request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of a process, through a real socket and each door."""
    options = ["--door", request.param, "--labels", json.dumps(LABELS)]
    with serving.client_of_process(folder, tmp_path_factory.mktemp("process"), *options) as http:
        yield http


async def ask(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    """Ask, or fail with what the service says."""
    response = await client.post(f"/v1/models{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


# ── the contract ──


@pytest.mark.parametrize("name", CASES)
def test_the_contract(name: str, door: httpx.Client) -> None:
    """Each clause: the status on the wire and what of the body matters, by clients that do and do not say JSON."""
    case = CASES[name]
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        response = door.request(
            case.method, f"/v1/models{case.path}", content=case.content, headers={"content-type": content_type}
        )
        assert response.status_code == case.status, response.text
        assert response.headers["content-type"] == "application/json"
        check(case, response.json())


def check(case: Case, found: Any) -> None:
    if case.status != 200:
        assert list(found) == ["error"]
        assert all(part in found["error"] for part in case.says), found["error"]
        assert len(found["error"]) < 700
    elif case.answer is not None:
        assert found == case.answer


def test_the_models_are_listed(door: httpx.Client) -> None:
    """By name, also those that do not serve, as KServe's clients ask."""
    for path in ("/v1/models", "/V1/MODELS"):
        found = door.get(path).json()["models"]
        assert found == sorted(found)
        assert {"double", "classes", "broken"} < set(found)


def test_a_version_that_failed_says_why(door: httpx.Client) -> None:
    """Its status is 200 like any other, as TensorFlow Serving has it; the body carries the truth."""
    response = door.get("/v1/models/broken")
    assert response.status_code == 200
    found = response.json()
    assert (found["name"], found["ready"]) == ("broken", False)
    (version,) = found["model_version_status"]
    assert (version["version"], version["state"], version["status"]["error_code"]) == ("1", "END", "INTERNAL")
    assert "broken" in version["status"]["error_message"]


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/x", "/v1/models/a/b", "/v1/models/double/x", "/v1/models:predict"]
)
def test_a_malformed_path_is_404(path: str, door: httpx.Client) -> None:
    """With any method, and as an error like every other."""
    for method in ("GET", "POST", "DELETE"):
        response = door.request(method, path)
        assert response.status_code == 404
        assert list(response.json()) == ["error"]


def test_fixed_words_of_a_path_are_taken_in_any_case(door: httpx.Client) -> None:
    """As TensorFlow Serving does; names keep theirs."""
    response = door.post("/V1/Models/double/Labels/stable:Predict", json={"instances": [ROW]})
    assert response.json() == {"predictions": [TWICE]}
    assert door.get("/V1/MODELS/double/VERSIONS/1").json()["name"] == "double"


def test_a_method_that_is_not_allowed_is_told_which_is(door: httpx.Client) -> None:
    """RFC 9110 asks for the header."""
    assert door.get("/v1/models/double:predict").headers["allow"] == "POST, OPTIONS"
    assert door.post("/v1/models/double/metadata").headers["allow"] == "GET, HEAD, OPTIONS"


def test_gzip_both_ways(door: httpx.Client) -> None:
    """A compressed request is read, and an answer is compressed where the client asks for it and it is large."""
    rows = [ROW] * 200
    packed = gzip.compress(json.dumps({"instances": rows}).encode())
    headers = {"content-encoding": "gzip", "accept-encoding": "gzip"}
    response = door.post("/v1/models/double:predict", content=packed, headers=headers)
    assert response.headers["content-encoding"] == "gzip"
    assert response.json() == {"predictions": [TWICE] * 200}
    plain = door.post("/v1/models/double:predict", json={"instances": rows}, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == response.json()
    response = door.post("/v1/models/double:predict", content=b"x", headers={"content-encoding": "br"})
    assert response.status_code == 415


# ── which version ──


@pytest.fixture
async def versions(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """`shifted` in versions 2, 9 and 10, each of which adds its number."""
    for version in (2, 9, 10):
        tfserving_models.write_shifted(tmp_path, "shifted", version)
    labels = {"shifted": {"stable": 9, "canary": 10}}
    async with serving.running(serving.app_of(tmp_path, versions="all", labels=labels)) as client:
        yield client


@pytest.mark.parametrize(
    ("target", "version"),
    [("", 10), ("/versions/2", 2), ("/versions/9", 9), ("/labels/stable", 9), ("/labels/canary", 10)],
)
async def test_the_version_that_is_asked_for_answers(target: str, version: int, versions: httpx.AsyncClient) -> None:
    """The newest unless a version or a label says otherwise, in every route."""
    assert await ask(versions, f"/shifted{target}:predict", instances=[0.0]) == {"predictions": [version]}
    spec = (await versions.get(f"/v1/models/shifted{target}/metadata")).json()["model_spec"]
    assert spec["version"] == str(version)
    status = (await versions.get(f"/v1/models/shifted{target}")).json()["model_version_status"]
    assert [entry["version"] for entry in status] == ([str(version)] if target else ["10", "9", "2"])


# ── not ready ──


async def test_a_version_that_loads_says_so(app: Slipway, client: httpx.AsyncClient) -> None:
    """Its status is 200 and LOADING, as TensorFlow Serving has it, and not ready for KServe; a prediction is 503."""
    app.state.registry.by_name["slow"] = Versions("slow", {1: Entry("slow", 1)})
    found = (await client.get("/v1/models/slow")).json()
    assert found["ready"] is False
    loading = {"version": "1", "state": "LOADING", "status": {"error_code": "OK", "error_message": ""}}
    assert found["model_version_status"] == [loading]
    response = await client.post("/v1/models/slow:predict", json={"instances": [1]})
    assert response.status_code == 503
    assert "loading" in response.json()["error"]


@pytest.mark.parametrize("path", ["/double:predict", "/double/versions/1:classify", "/double/labels/stable:regress"])
async def test_before_the_lifespan_a_verb_is_503(path: str, app: Slipway) -> None:
    """There is no door yet."""
    async with serving.client_of(app) as client:
        response = await client.post(f"/v1/models{path}", json={"instances": [ROW]})
    assert response.status_code == 503
    assert "starting" in response.json()["error"]


# ── bounds ──


async def test_limits_of_rows_bytes_and_queue(folder: Path) -> None:
    """413 above the rows or bytes of a request, 429 with `Retry-After` above those of the queue; 200 at each limit."""
    limits = {"max_request_rows": 5, "max_queue_rows": 4, "max_body_bytes": 1000}
    async with serving.running(serving.app_of(folder, **limits)) as client:

        async def status(path: str, **body: Any) -> httpx.Response:
            return await client.post(f"/v1/models{path}", json=body)

        for path, key, row in (
            ("/double:predict", "instances", ROW),
            ("/double:predict", "instances", {"x": ROW}),
            ("/double:predict", "inputs", ROW),
            ("/classes:predict", "instances", MEMBER),
            ("/classes:classify", "examples", MEMBER),
        ):
            assert (await status(path, **{key: [row] * 4})).status_code == 200
            full = await status(path, **{key: [row] * 5})
            assert full.status_code == 429
            assert full.headers["retry-after"] == "1"
            assert (await status(path, **{key: [row] * 6})).status_code == 413
        assert (await status("/double:predict", instances=[ROW] * 50)).status_code == 413
        assert (await status("/double:predict", instances=[ROW])).status_code == 200


@pytest.mark.parametrize(
    ("path", "key", "row"), [("/double:predict", "inputs", ROW), ("/classes:classify", "examples", MEMBER)]
)
async def test_the_deadline_of_a_request(path: str, key: str, row: Any, folder: Path) -> None:
    """A request without an answer in time is told so with 504, and the next one is answered."""
    app = serving.app_of(folder, run_on="thread", timeout_ms=200)
    async with serving.running(app) as client:
        gate = threading.Event()
        model = app.state.registry.find(path[1:].partition(":")[0])
        occupied = model._executor.submit(gate.wait, serving.PATIENCE_S)
        response = await client.post(f"/v1/models{path}", json={key: [row]})
        assert response.status_code == 504
        assert "deadline" in response.json()["error"]
        gate.set()
        assert await asyncio.wrap_future(occupied)
        await serving.answered(lambda: ask(client, path, **{key: [row]}))


async def test_a_context_is_not_multiplied_without_bound(client: httpx.AsyncClient) -> None:
    """A few megabytes in the context of ten thousand examples would fill the memory."""
    context, examples = {"level": "x" * 2**21}, [{"age": 1, "member": True}] * 8
    response = await client.post("/v1/models/classes:classify", json={"context": context, "examples": examples})
    assert response.status_code == 413
    assert "`context`" in response.json()["error"]
    assert len((await ask(client, "/classes:classify", context=context, examples=examples[1:]))["results"]) == 7


# ── in company ──


async def test_concurrent_requests_get_their_own_answers(client: httpx.AsyncClient) -> None:
    """Rows, columns, several inputs, features and faults at once, of different sizes, each as if alone."""
    rng = np.random.default_rng(0)

    async def double(rows: int) -> None:
        values = rng.integers(-99, 99, (rows, 4))
        assert await ask(client, "/double:predict", instances=values.tolist()) == {"predictions": (values * 2).tolist()}
        named = [{"x": row} for row in values.tolist()]
        assert await ask(client, "/double:predict", instances=named) == {"predictions": (values * 2).tolist()}

    async def pair(rows: int) -> None:
        a, b = rng.integers(-99, 99, (rows, 2)), rng.integers(0, 5, rows)
        answer = await ask(client, "/pair:predict", inputs={"a": a.tolist(), "b": b.tolist()})
        assert answer == {"outputs": {"sum%": (a * 2).tolist(), "big": (b > 2).tolist()}}

    async def inverse(rows: int) -> None:
        values = [1.0] * rows + [0.0] * (rows % 2)
        response = await client.post("/v1/models/inverse:predict", json={"instances": values})
        assert response.status_code == (500 if rows % 2 else 200)

    async def classify(rows: int) -> None:
        ages = rng.integers(0, 9, rows).tolist()
        rows_of = [MEMBER | {"age": age} for age in ages]
        scores = (await ask(client, "/classes:predict", instances=rows_of))["predictions"]
        results = (await ask(client, "/classes:classify", examples=rows_of))["results"]
        assert [[score for _, score in row] for row in results] == scores

    sizes = [1, 2, 3, 5, 8, 70, 300, 1, 1, 2]
    await asyncio.gather(*(work(size) for size in sizes for work in (double, pair, inverse, classify)))


# ── whatever bytes ──

WORDS = ("predict", "classify", "regress", "explain", "PREDICT", "metadata")
NAMES = ("double", "pair", "words", "blob", "whole", "fixed", "total", "uneven", "classes", "number", "broken", "other")


def paths() -> st.SearchStrategy[str]:
    """Right paths, nearly right ones, and any."""
    targets = st.sampled_from(["", "", "/versions/1", "/labels/stable", "/versions/9", "/labels/x", "/versions/"])
    tails = st.sampled_from([f":{word}" for word in WORDS] + ["", "/metadata"])
    right = st.builds("/models/{}{}{}".format, st.sampled_from(NAMES), targets, tails)
    return right | right | st.text(max_size=12).map("/models/{}".format) | st.text(max_size=12).map("/{}".format)


def bodies() -> st.SearchStrategy[bytes]:
    """Bytes, JSON, and bodies of the contract with something changed."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    words = st.sampled_from(["instances", "inputs", "examples", "context", "signature_name", "x", "a", "b64", "age"])
    values = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(words, inner, max_size=4)
    )
    requests = st.dictionaries(words, values, max_size=3)
    contract = st.sampled_from([case.content for case in CASES.values()])
    changed = st.tuples(contract, st.integers(0, 90), st.integers(0, 5), st.binary(max_size=4)).map(
        lambda edit: edit[0][: edit[1]] + edit[3] + edit[0][edit[1] + edit[2] :]
    )
    return (
        st.binary(max_size=64) | (values | requests).map(lambda value: json.dumps(value).encode()) | contract | changed
    )


def test_arbitrary_bytes_never_crash_it(folder: Path) -> None:
    """Whatever method, path and body: an answer below 500 unless the model failed or is not ready, and life goes on."""
    with asyncio.Runner() as runner:
        running = serving.running(serving.app_of(folder, labels=LABELS))
        client = runner.run(running.__aenter__())

        @settings(max_examples=200, deadline=None)
        @given(st.sampled_from(["POST", "POST", "POST", "GET", "PUT"]), paths(), bodies())
        def check(method: str, path: str, body: bytes) -> None:
            response = runner.run(
                client.request(method, "/v1" + quote(path, safe="/:", errors="replace"), content=body)
            )
            if response.status_code >= 500:
                assert "not finite" in response.text or "is failed" in response.text
            if response.status_code != 200:
                assert list(response.json()) == ["error"]
            assert runner.run(ask(client, "/double:predict", instances=[ROW])) == {"predictions": [TWICE]}

        check()
        runner.run(running.__aexit__(None, None, None))
