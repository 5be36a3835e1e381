"""`POST /predict` on the wire: every bad request is told what is wrong, every good one gets the graph's own answer."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.main import Slipway
from tests.app.bad_requests import BAD, GOOD, JSON, body_of
from tests.support import serving, tiny


async def ask(client: httpx.AsyncClient, *rows: Any, query: str = "") -> Any:
    """Predict, or fail with what the service says."""
    response = await client.post(f"/predict{query}", content=body_of(*rows), headers=JSON)
    assert response.status_code == 200, response.text
    return response.json()


def numbers_of(answer: Any) -> list[list[float]]:
    """The numbers of each prediction, in the order of the labels."""
    return [[p["value"]] if "value" in p else list(p["probabilities"].values()) for p in answer["predictions"]]


# ── bad requests ──


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_request_is_told_what_is_wrong(case: str, client: httpx.AsyncClient) -> None:
    """Status and message name the path, the expectation and what came; the next request is answered."""
    bad = BAD[case]
    response = await client.post(f"/predict{bad.query}", content=bad.body, headers=bad.headers)
    assert response.status_code == bad.status, response.text
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    message = response.json()["error"]
    for part in bad.says:
        assert part in message
    assert len(message) < 600
    assert len((await ask(client, GOOD))["predictions"]) == 1


async def test_a_million_brackets(models: Path) -> None:
    """Nesting far beyond any stack is refused like other nonsense, or for how many values it holds."""
    async with serving.running(serving.app_of(models)) as client:
        for body in (b"[" * 10**6, b'{"instances":' + b"[" * 10**6 + b"]" * 10**6 + b"}", b'{"a":' * 10**6):
            response = await client.post("/predict", content=body)
            assert response.status_code in (400, 413)
        await ask(client, GOOD)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON ;charset=utf-8", ""]
)
async def test_json_by_any_other_spelling_is_accepted(content_type: str, client: httpx.AsyncClient) -> None:
    """Parameters, case and a missing content type do not matter."""
    headers = {"content-type": content_type} if content_type else {}
    assert (await client.post("/predict", content=body_of(GOOD), headers=headers)).status_code == 200


async def test_the_last_of_duplicate_keys_counts(client: httpx.AsyncClient) -> None:
    """As in most JSON readers; never a mixture."""
    last = await ask(client, [5, 1, True, "low"])
    doubled = b'{"instances":[{"age":1,"hours-per-week":1,"age":5,"member":true,"level":"low"}]}'
    response = await client.post("/predict", content=doubled, headers=JSON)
    assert response.json() == last


async def test_too_many_rows(models: Path) -> None:
    """One row above the limit is 413 with both numbers; the limit itself is served."""
    async with serving.running(serving.app_of(models, max_request_rows=5)) as client:
        assert len((await ask(client, *[GOOD] * 5))["predictions"]) == 5
        for row in (GOOD, [1, 1, True, "low"]):
            response = await client.post("/predict", content=body_of(*[row] * 6), headers=JSON)
            assert response.status_code == 413
            assert response.json() == {"error": "Invalid `instances`: expected at most 5 rows. Received: 6."}


async def test_a_full_queue(models: Path) -> None:
    """A request that cannot wait is 429 with `Retry-After`, and the next one is answered."""
    async with serving.running(serving.app_of(models, max_queue_rows=5)) as client:
        response = await client.post("/predict", content=body_of(*[GOOD] * 6), headers=JSON)
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        assert "at most 5 waiting rows" in response.json()["error"]
        assert len((await ask(client, *[GOOD] * 5))["predictions"]) == 5


async def test_an_answer_that_is_not_finite(tmp_path: Path) -> None:
    """An overflow inside the graph is a 500 for its request alone; those that share its run are answered."""
    tiny.write(tmp_path, tiny.Tiny(task="regression", numbers=("a",), booleans=(), strings=(), optional=(), scale=1e4))
    async with serving.running(serving.app_of(tmp_path)) as client:
        values = [1.0, 2.0, 3e38, 4.0]
        answers = await asyncio.gather(
            *(client.post("/predict", content=body_of([value]), headers=JSON) for value in values)
        )
        assert [answer.status_code for answer in answers] == [200, 200, 500, 200]
        assert answers[2].json() == {"error": "The model failed on this request."}
        assert answers[3].json()["predictions"] == [{"value": 4000}]


async def test_a_bug_says_nothing_of_itself(
    app: Slipway, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception that nobody expected is a bare 500 on the wire and a trace in the log."""

    def broken(body: bytes) -> Sequence[Any]:
        raise RuntimeError("the secret of the house")

    reader = app.state.registry.models[0].reader
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(reader, "decode", broken)
        response = await client.post("/predict", content=body_of(GOOD), headers=JSON)
    assert response.status_code == 500
    assert response.json() == {"error": "Internal error."}
    assert "the secret of the house" in caplog.text
    await ask(client, GOOD)


def test_arbitrary_bytes_never_crash_it(models: Path) -> None:
    """Whatever the body, the status is below 500 and the next good request is answered as before."""
    with asyncio.Runner() as runner:
        running = serving.running(serving.app_of(models))
        client = runner.run(running.__aenter__())
        good = runner.run(ask(client, GOOD))

        @settings(max_examples=100, deadline=None)
        @given(bodies())
        def check(body: bytes) -> None:
            response = runner.run(client.post("/predict", content=body, headers=JSON))
            assert response.status_code in (200, 400, 413)
            if response.status_code != 200:
                assert list(response.json()) == ["error"]
            assert runner.run(ask(client, GOOD)) == good

        check()
        runner.run(running.__aexit__(None, None, None))


def bodies() -> st.SearchStrategy[bytes]:
    """Bytes, JSON, and nearly right requests."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner))
    rows = st.lists(scalars, max_size=6) | st.dictionaries(st.sampled_from([*GOOD, "other"]), scalars) | values
    requests = st.fixed_dictionaries({"instances": st.lists(rows, max_size=3) | values})
    cut = st.tuples(st.integers(0, 80), st.binary(max_size=3)).map(
        lambda edit: body_of(GOOD)[: edit[0]] + edit[1] + body_of(GOOD)[edit[0] :]
    )
    return st.binary(max_size=64) | (values | requests).map(lambda value: json.dumps(value).encode()) | cut


# ── good requests: the graph's own answers ──

HARD_NAMES = ("a.b", "a[0]", "it's", "50%", "größe", "日本", "a b", "`tick`", "class", "instances", "{0}", "a/b")

VARIANTS: dict[str, tiny.Tiny] = {
    "binary": tiny.Tiny(),
    "multiclass": tiny.Tiny(task="multiclass", labels=("a", "b", "c")),
    "regression": tiny.Tiny(task="regression", shift=1e5),
    "numbers only": tiny.Tiny(booleans=(), strings=(), optional=("age",)),
    "strings only": tiny.Tiny(numbers=(), booleans=(), strings=("s", "t"), optional=("t",)),
    "booleans only": tiny.Tiny(numbers=(), booleans=("yes", "no"), strings=(), optional=()),
    "single number": tiny.Tiny(numbers=("x",), booleans=(), strings=(), optional=("x",)),
    "single string": tiny.Tiny(numbers=(), booleans=(), strings=("s",), optional=("s",)),
    "optional boolean": tiny.Tiny(optional=("member",)),
    "hard names": tiny.Tiny(numbers=HARD_NAMES, optional=HARD_NAMES[::2]),
    "hard labels": tiny.Tiny(task="multiclass", labels=("50%", 'a "b"', "%s", "c\\d", "é\n日本", " ")),
    "one label": tiny.Tiny(labels=("only",)),
    "another order": tiny.Tiny(order=("level", "member", "hours-per-week", "age")),
    "interleaved": tiny.Tiny(
        numbers=("a", "b"), booleans=("c",), strings=("s", "t"), optional=("t", "b"), order=("s", "b", "t", "c", "a")
    ),
}


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> tiny.Tiny:
    return VARIANTS[request.param]


@pytest.fixture
async def served(variant: tiny.Tiny, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tiny.write(tmp_path, variant)
    async with serving.running(serving.app_of(tmp_path)) as client:
        yield client


def rows_of(variant: tiny.Tiny) -> list[dict[str, Any]]:
    """Twelve rows with missing values, unseen words and unusual numbers."""
    rows = [tiny.instance(variant, row) for row in range(12)]
    for row, name in enumerate(variant.optional):
        rows[row % 12][name] = None
    for name in variant.strings:
        rows[5][name] = "never seen"
        rows[6][name] = '日本 "%s" \\ \u0000'
    for row, value in ((7, -1e-30), (8, 3e4), (9, 1), (10, -0.0)):
        rows[row] |= dict.fromkeys(variant.numbers, value)
    return rows


def direct(variant: tiny.Tiny, folder: Path, rows: list[dict[str, Any]]) -> Any:
    return tiny.run(folder / variant.name / "1" / "model.onnx", tiny.tensors(variant, rows))


def assert_close(answer: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.array(numbers_of(answer)), expected, rtol=1e-6, atol=1e-6)


async def test_answers_are_the_graphs_own(variant: tiny.Tiny, served: httpx.AsyncClient, tmp_path: Path) -> None:
    """Records in any key order and array rows get what the graph answers without the service."""
    rows = rows_of(variant)
    expected = direct(variant, tmp_path, rows)
    order = list(variant.order) or [*variant.numbers, *variant.booleans, *variant.strings]
    assert_close(await ask(served, *rows), expected)
    assert_close(await ask(served, *[dict(reversed(row.items())) for row in rows]), expected)
    assert_close(await ask(served, *[[row[name] for name in order] for row in rows]), expected)
    mixed = [row if n % 2 else [row[name] for name in order] for n, row in enumerate(rows)]
    assert_close(await ask(served, *mixed), expected)


async def test_a_missing_value_is_null_or_left_out(
    variant: tiny.Tiny, served: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Both mean the same to the graph."""
    rows = rows_of(variant)
    absent = [{name: value for name, value in row.items() if value is not None} for row in rows]
    assert_close(await ask(served, *absent), direct(variant, tmp_path, rows))


async def test_concurrent_requests_get_their_own_answers(
    variant: tiny.Tiny, served: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Requests that share a run get what they would get alone."""
    rows = rows_of(variant)
    expected = direct(variant, tmp_path, rows)
    answers = await asyncio.gather(*(ask(served, *rows[n % 12 :]) for n in range(60)))
    for n, answer in enumerate(answers):
        assert_close(answer, expected[n % 12 :])


async def test_labels_and_shape_of_the_answer(variant: tiny.Tiny, served: httpx.AsyncClient) -> None:
    """The label is the most probable one, the shares carry the labels' names in order."""
    answer = await ask(served, tiny.instance(variant))
    assert (answer["model"], answer["version"]) == ("tiny", 1)
    (prediction,) = answer["predictions"]
    if variant.task == "regression":
        assert list(prediction) == ["value"]
        return
    assert list(prediction) == ["label", "probabilities"]
    assert list(prediction["probabilities"]) == list(variant.labels)
    assert prediction["label"] == max(prediction["probabilities"], key=prediction["probabilities"].__getitem__)
    assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-6)


# ── in a worker thread ──


async def test_runs_in_a_thread_answer_the_same(models: Path) -> None:
    """Where a run happens changes no answer."""
    async with serving.running(serving.app_of(models, run_on="loop")) as client:
        inline = await ask(client, *[GOOD] * 3)
    async with serving.running(serving.app_of(models, run_on="thread", max_batch_rows=2)) as client:
        assert await ask(client, *[GOOD] * 3) == inline
        assert await asyncio.gather(*(ask(client, *[GOOD] * 3) for _ in range(20))) == [inline] * 20


async def test_the_deadline_of_a_request(models: Path) -> None:
    """A request without an answer in time is told so with 504, and the next one is answered."""
    app = serving.app_of(models, run_on="thread", timeout_ms=200)
    async with serving.running(app) as client:
        gate = threading.Event()
        occupied = app.state.registry.models[0]._executor.submit(gate.wait, serving.PATIENCE_S)
        response = await client.post("/predict", content=body_of(GOOD), headers=JSON)
        assert response.status_code == 504
        assert "deadline" in response.json()["error"]
        gate.set()
        assert await asyncio.wrap_future(occupied)
        await serving.answered(lambda: ask(client, GOOD))


async def test_a_caller_may_ask_for_less_time(models: Path) -> None:
    """By a header, in whole milliseconds; never for more than the service gives."""
    app = serving.app_of(models, run_on="thread", timeout_ms=300)
    async with serving.running(app) as client:
        gate = threading.Event()
        occupied = app.state.registry.models[0]._executor.submit(gate.wait, serving.PATIENCE_S)
        for asked_ms in ("20", "99999999"):
            headers = {**JSON, "X-Request-Timeout-Ms": asked_ms}
            response = await client.post("/predict", content=body_of(GOOD), headers=headers)
            assert response.status_code == 504
        gate.set()
        assert await asyncio.wrap_future(occupied)
        await serving.answered(lambda: ask(client, GOOD))


@pytest.mark.parametrize("asked", ["", "0", "-1", "1.5", "soon", "9" * 20])
async def test_a_time_that_is_none(asked: str, client: httpx.AsyncClient) -> None:
    """An empty header is no header; everything else must be a positive whole number."""
    response = await client.post("/predict", content=body_of(GOOD), headers={**JSON, "X-Request-Timeout-Ms": asked})
    assert response.status_code == (400 if asked else 200)
    if asked:
        assert "Invalid `x-request-timeout-ms`: expected a whole number of milliseconds." in response.json()["error"]


# ── which model answers ──


async def test_each_answer_says_who_gave_it(several: httpx.AsyncClient) -> None:
    """By a header, in each protocol; refusals by nobody."""
    for query, who in (("?model=two", "two/1"), ("?model=one", "one/2"), ("?model=one&version=1", "one/1")):
        response = await several.post(f"/predict{query}", content=body_of(GOOD), headers=JSON)
        assert response.headers["x-slipway-version"] == who
    refused = await several.post("/predict?model=two", content=b"{", headers=JSON)
    assert "x-slipway-version" not in refused.headers


@pytest.fixture
async def several(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """`one/1`, `one/2` and `two/1`, all loaded."""
    for name, version in (("one", 1), ("one", 2), ("two", 1)):
        tiny.write(tmp_path, tiny.Tiny(name=name, version=version, shift=float(version)))
    async with serving.running(serving.app_of(tmp_path, versions="all")) as client:
        yield client


async def test_several_models_and_none_named(several: httpx.AsyncClient) -> None:
    """The service does not guess."""
    for query in ("", "?version=1", "?model="):
        response = await several.post(f"/predict{query}", content=body_of(GOOD), headers=JSON)
        assert response.status_code == 400
        assert response.json() == {
            "error": "Invalid `model`: expected one of one, two in the query. Received: nothing."
        }


async def test_the_named_model_and_version_answer(several: httpx.AsyncClient) -> None:
    """The newest version by default, another on request, and they do answer differently."""
    newest = await ask(several, GOOD, query="?model=one")
    assert (newest["model"], newest["version"]) == ("one", 2)
    assert await ask(several, GOOD, query="?model=one&version=2") == newest
    older = await ask(several, GOOD, query="?version=1&model=one")
    assert older["version"] == 1
    assert older["predictions"] != newest["predictions"]
    assert (await ask(several, GOOD, query="?model=two"))["model"] == "two"


async def test_a_default_model(tmp_path: Path) -> None:
    """The setting names who answers when the request does not."""
    for name in ("one", "two"):
        tiny.write(tmp_path, tiny.Tiny(name=name))
    async with serving.running(serving.app_of(tmp_path, default_model="two")) as client:
        assert (await ask(client, GOOD))["model"] == "two"
        assert (await ask(client, GOOD, query="?model=one"))["model"] == "one"
