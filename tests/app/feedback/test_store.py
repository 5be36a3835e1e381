"""Labels that come later: by the id of an answer, over every protocol, bounded, and never counted for another."""

import contextlib
import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import Slipway
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from tests.app.metrics.test_drift_metrics import (
    by_columns,
    by_examples,
    by_open_inference,
    by_predict,
    grpc_channel,
    grpc_request,
)
from tests.support import serving, tiny

YES = {"age": 9.0, "hours-per-week": 9.0, "member": True, "level": "high"}
KEY = "a-callers-key-of-enough-length"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """`tiny/1`, which always says yes."""
    tiny.write(tmp_path / "models", tiny.Tiny(shift=100.0))
    return tmp_path / "models"


@pytest.fixture
async def client(models: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving.running(serving.app_of(models, feedback=True)) as client:
        yield client


async def say(client: httpx.AsyncClient, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.post("/feedback", json=body)
    return answer.status_code, answer.json()


async def predicted(client: httpx.AsyncClient, rows: int = 1, headers: dict[str, str] | None = None) -> str:
    """Predict, and return the id of the answer."""
    answer = await client.post("/predict", json={"instances": [YES] * rows}, headers=headers)
    assert answer.status_code == 200
    return str(answer.headers["x-request-id"])


def sample(client: httpx.AsyncClient, name: str, **labels: str) -> float | None:
    app: Any = client._transport
    labels = {"model": "tiny", "version": "1", **labels}
    found: float | None = app.app.state.metrics.registry.get_sample_value(f"slipway_feedback{name}", labels)
    return found


def outcomes(client: httpx.AsyncClient, **labels: str) -> dict[str, float]:
    """The outcomes that were counted."""
    names = ("counted", "repeated", "unknown", "conflict", "invalid")
    found = {name: sample(client, "_total", outcome=name, **labels) for name in names}
    return {name: value for name, value in found.items() if value}


async def test_the_truth_about_one_row(client: httpx.AsyncClient) -> None:
    request_id = await predicted(client)
    expected = {"id": request_id, "model": "tiny", "version": 1, "counted": 1, "repeated": 0}
    assert await say(client, id=request_id, value="yes") == (200, expected)
    assert sample(client, "_score", score="accuracy") == 1
    assert sample(client, "_score", score="f1") == 1
    assert sample(client, "_rows") == 1
    assert outcomes(client) == {"counted": 1}


async def test_a_wrong_prediction_lowers_the_score(client: httpx.AsyncClient) -> None:
    for truth in ("yes", "no", "no", "no"):
        assert (await say(client, request_id=await predicted(client), value=truth))[0] == 200
    assert sample(client, "_score", score="accuracy") == 0.25
    assert sample(client, "_score", score="f1") == pytest.approx(2 / 5)  # one hit, three false alarms


async def test_several_rows_and_those_not_known_yet(client: httpx.AsyncClient) -> None:
    request_id = await predicted(client, rows=3)
    assert (await say(client, id=request_id, values=["yes", None, "no"]))[1]["counted"] == 2
    assert (await say(client, id=request_id, values=[None, "yes", None]))[1]["counted"] == 1
    assert sample(client, "_score", score="accuracy") == pytest.approx(2 / 3)
    assert sample(client, "_rows") == 3


async def test_the_same_value_again_changes_nothing(client: httpx.AsyncClient) -> None:
    """A client may send it again when it did not see the answer."""
    request_id = await predicted(client)
    await say(client, id=request_id, value="yes")
    status, answer = await say(client, id=request_id, value="yes")
    assert (status, answer["counted"], answer["repeated"]) == (200, 0, 1)
    assert sample(client, "_rows") == 1
    assert outcomes(client) == {"counted": 1, "repeated": 1}


async def test_another_value_for_the_same_row_is_a_conflict(client: httpx.AsyncClient) -> None:
    """And nothing of that request is counted."""
    request_id = await predicted(client, rows=2)
    await say(client, id=request_id, values=["yes", None])
    status, answer = await say(client, id=request_id, values=["no", "yes"])
    assert status == 409
    assert answer["error"].startswith("Invalid `values[0]`: expected the value that was sent before.")
    assert sample(client, "_rows") == 1
    assert outcomes(client) == {"counted": 1, "conflict": 1}


async def test_an_id_that_nobody_gave(client: httpx.AsyncClient) -> None:
    status, answer = await say(client, id="x" * 5000, value="yes")
    assert status == 404
    assert answer["error"].startswith("Unknown request: expected the `X-Request-ID` of an answer of this")
    assert f"Received: `{'x' * 80}`." in answer["error"]
    assert "Another replica may have given it" in answer["error"]
    assert outcomes(client, model="_unknown", version="") == {"unknown": 1}


@pytest.mark.parametrize("ask", [by_predict, by_columns, by_open_inference, by_examples])
async def test_every_protocol_has_ids(ask: Callable[..., Any], client: httpx.AsyncClient) -> None:
    answer = await ask(client, [YES, YES])
    assert answer.status_code == 200
    status, found = await say(client, id=answer.headers["x-request-id"], values=["yes", "no"])
    assert (status, found["counted"]) == (200, 2)
    assert sample(client, "_score", score="accuracy") == 0.5


async def test_calls_of_grpc_have_ids(models: Path) -> None:
    app = serving.app_of(models, feedback=True, grpc_port=0)
    async with serving.running(app) as client, grpc_channel(app) as channel:
        call = GRPCInferenceServiceStub(channel).ModelInfer(grpc_request([YES, YES]), timeout=serving.PATIENCE_S)
        await call
        request_id = dict(await call.trailing_metadata())["x-request-id"]
        status, found = await say(client, id=request_id, values=["yes", "no"])
        assert (status, found["counted"]) == (200, 2)
        assert sample(client, "_score", score="accuracy") == 0.5


@pytest.mark.parametrize("ask", [by_predict, by_columns, by_open_inference])
async def test_a_number_has_an_error(ask: Callable[..., Any], tmp_path: Path) -> None:
    tiny.write(tmp_path, tiny.Tiny(task="regression", shift=100.0))
    async with serving.running(serving.app_of(tmp_path, feedback=True)) as client:
        answer = await ask(client, [YES])
        assert answer.status_code == 200
        value = (await by_predict(client, [YES])).json()["predictions"][0]["value"]
        assert (await say(client, id=answer.headers["x-request-id"], value=value + 3))[0] == 200
        assert sample(client, "_score", score="mae") == pytest.approx(3, abs=1e-3)


async def test_an_id_of_the_callers_own(client: httpx.AsyncClient) -> None:
    assert await predicted(client, headers={"x-request-id": "order-17"}) == "order-17"
    assert (await say(client, id="order-17", value="yes"))[0] == 200


async def test_an_id_that_several_answers_had_is_refused(models: Path) -> None:
    """As the id of a trace is: nobody could say which of them is meant. The same answer twice is a retry."""
    tiny.write(models, tiny.Tiny(version=2, shift=-100.0))
    async with serving.running(serving.app_of(models, feedback=True, versions="all")) as client:
        for query in ("?version=1", "?version=1"):
            await client.post(f"/predict{query}", json={"instances": [YES]}, headers={"x-request-id": "retried"})
        assert (await say(client, id="retried", value="yes"))[0] == 200
        for query in ("?version=1", "?version=2"):
            await client.post(f"/predict{query}", json={"instances": [YES]}, headers={"x-request-id": "traced"})
        status, answer = await say(client, id="traced", value="yes")
        assert status == 409
        assert "Received: `traced` for several answers." in answer["error"]
        assert outcomes(client) == {"counted": 1}
        assert outcomes(client, model="_unknown", version="") == {"conflict": 1}


async def test_each_version_has_scores_of_its_own(models: Path) -> None:
    tiny.write(models, tiny.Tiny(version=2, shift=-100.0))
    async with serving.running(serving.app_of(models, feedback=True, versions="all")) as client:
        for version in (1, 2):
            answer = await client.post(f"/predict?version={version}", json={"instances": [YES]})
            assert (await say(client, id=answer.headers["x-request-id"], value="yes"))[0] == 200
        assert sample(client, "_score", score="accuracy") == 1
        assert sample(client, "_score", score="accuracy", version="2") == 0


async def test_the_oldest_predictions_go_first(models: Path) -> None:
    async with serving.running(serving.app_of(models, feedback=True, feedback_rows=5)) as client:
        ids = [await predicted(client, rows=2) for _ in range(3)]
        assert (await say(client, id=ids[0], values=["yes", "yes"]))[0] == 404
        assert (await say(client, id=ids[1], values=["yes", "yes"]))[0] == 200
        assert (await say(client, id=await predicted(client, rows=6), values=["yes"] * 6))[0] == 404
        assert (await say(client, id=ids[2], values=["yes", "yes"]))[0] == 200


async def test_a_version_that_is_gone_is_not_judged_any_more(models: Path, tmp_path: Path) -> None:
    tiny.write(models, tiny.Tiny(version=2))
    app = serving.app_of(models, feedback=True, versions="all", admin_keys_file=serving.operators(tmp_path))
    async with serving.running(app) as client:
        answer = await client.post("/predict?version=1", json={"instances": [YES]})
        request_id = answer.headers["x-request-id"]
        await client.post("/admin/models/tiny/unload?version=1", headers=serving.OPERATOR)
        await serving.until(lambda: sample(client, "_rows") is None)
        assert (await say(client, id=request_id, value="yes"))[0] == 404
        assert sample(client, "_rows") is None


async def test_an_answer_goes_out_although_it_cannot_be_kept(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(answer: Any, outputs: Any) -> list[int]:
        raise KeyError("a label")

    monkeypatch.setattr("app.answers.label.LabelAnswer.predicted", broken)
    assert (await say(client, id=await predicted(client), value="yes"))[0] == 404
    assert "A prediction could not be kept for feedback." in caplog.text


# ── what is no feedback ──

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a label that there is not": (
        {"value": "maybe"},
        'Invalid `values[0]`: expected one of no, yes. Received: "maybe".',
    ),
    "a number for a label": ({"value": 1}, "Invalid `values[0]`: expected one of no, yes. Received: 1"),
    "true": ({"value": True}, "Invalid `values[0]`: expected one of no, yes"),
    "an object": ({"value": {"label": "yes"}}, "Invalid `values[0]`: expected one of no, yes"),
    "too many": ({"values": ["yes", "no"]}, "Invalid `values`: expected 1, one a row of the request. Received: 2."),
    "none": ({"values": []}, "Invalid `values`: expected 1, one a row of the request. Received: 0."),
    "both": ({"value": "yes", "values": ["yes"]}, "Invalid body: expected `value` or `values`. Received: both."),
    "neither": ({}, "Invalid body: expected `value` or `values`. Received: neither."),
    "another key": ({"value": "yes", "label": "yes"}, "Received: `label`."),
    "two ids": ({"value": "yes", "request_id": "a"}, "Invalid `id`: expected the `X-Request-ID` of an answer"),
    "no id": ({"value": "yes", "id": None}, "Invalid `id`: expected the `X-Request-ID` of an answer"),
    "a long value": ({"value": "y" * 5000}, 'Received: "' + "y" * 79 + "."),
}


@pytest.mark.parametrize("name", WRONG)
async def test_values_that_do_not_fit_are_refused(name: str, client: httpx.AsyncClient) -> None:
    body, message = WRONG[name]
    status, answer = await say(client, **{"id": await predicted(client), **body})
    assert status == 400
    assert message in answer["error"]
    assert sample(client, "_rows") == 0
    invalid = outcomes(client).get("invalid", 0) + outcomes(client, model="_unknown", version="").get("invalid", 0)
    assert invalid == 1


async def test_text_for_a_number_is_refused(tmp_path: Path) -> None:
    tiny.write(tmp_path, tiny.Tiny(task="regression"))
    async with serving.running(serving.app_of(tmp_path, feedback=True)) as client:
        status, answer = await say(client, id=await predicted(client), value="12")
        assert (status, answer["error"]) == (400, 'Invalid `values[0]`: expected a finite number. Received: "12".')


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
async def test_what_is_no_object_is_refused(content: bytes, client: httpx.AsyncClient) -> None:
    answer = await client.post("/feedback", content=content)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


async def test_a_body_is_bounded_also_when_it_is_packed(client: httpx.AsyncClient) -> None:
    large = b'{"id":"' + b"x" * 2**20 + b'"}'
    assert (await client.post("/feedback", content=large)).status_code == 413
    packed = await client.post("/feedback", content=gzip.compress(large), headers={"content-encoding": "gzip"})
    assert packed.status_code == 413


async def test_a_packed_body_is_read(client: httpx.AsyncClient) -> None:
    content = gzip.compress(b'{"id":"%b","value":"yes"}' % (await predicted(client)).encode())
    answer = await client.post("/feedback", content=content, headers={"content-encoding": "gzip"})
    assert answer.status_code == 200


# ── who may ──


async def test_feedback_takes_the_keys_and_rates_of_predict(models: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"caller:{KEY}\n")
    app = serving.app_of(models, feedback=True, api_keys_file=tmp_path / "keys", max_requests_per_s=2)
    async with serving.running(app) as client:
        assert (await say(client, id="a", value="yes"))[0] == 401
        request_id = await predicted(client, headers={"x-api-key": KEY})
        sent = {"json": {"id": request_id, "value": "yes"}, "headers": {"authorization": f"Bearer {KEY}"}}
        assert (await client.post("/feedback", **sent)).status_code == 200  # type: ignore[arg-type]
        assert (await client.post("/feedback", **sent)).status_code == 429  # type: ignore[arg-type]


ALICE, BOB = ({"x-api-key": f"{name}-has-a-key-of-enough-length"} for name in ("alice", "bob"))


@contextlib.asynccontextmanager
async def callers(models: Path, tmp_path: Path, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serve alice and bob."""
    lines = [f"{name}:{key['x-api-key']}" for name, key in (("alice", ALICE), ("bob", BOB))]
    (tmp_path / "keys").write_text("\n".join([*lines, "alice:another-key-of-the-same-alice"]))
    app = serving.app_of(models, feedback=True, api_keys_file=tmp_path / "keys", **settings)
    async with serving.running(app) as client:
        yield client


async def settle(client: httpx.AsyncClient, request_id: str, key: dict[str, str], *values: str) -> int:
    answer = await client.post("/feedback", json={"id": request_id, "values": values}, headers=key)
    return answer.status_code


async def test_only_the_caller_that_was_answered_may_settle(models: Path, tmp_path: Path) -> None:
    """Nobody else, and no value of another is in its way; a second key of the same name is the same caller."""
    async with callers(models, tmp_path) as client:
        request_id = await predicted(client, headers=ALICE)
        assert await settle(client, request_id, BOB, "no") == 404
        assert await settle(client, request_id, ALICE, "yes") == 200
        assert await settle(client, request_id, {"x-api-key": "another-key-of-the-same-alice"}, "yes") == 200
        assert sample(client, "_score", score="accuracy") == 1


async def test_ids_of_two_callers_are_two(models: Path, tmp_path: Path) -> None:
    """Whoever takes another's id spoils nothing."""
    async with callers(models, tmp_path) as client:
        same = {"x-request-id": "order-17"}
        await predicted(client, headers={**ALICE, **same})
        await predicted(client, rows=2, headers={**BOB, **same})
        assert await settle(client, "order-17", ALICE, "yes") == 200
        assert await settle(client, "order-17", BOB, "yes", "no") == 200


@pytest.mark.parametrize("ask", [by_predict, by_columns, by_open_inference])
async def test_every_protocol_keeps_callers_apart(ask: Callable[..., Any], models: Path, tmp_path: Path) -> None:
    async with callers(models, tmp_path) as client:
        client.headers.update(ALICE)
        request_id = (await ask(client, [YES])).headers["x-request-id"]
        assert await settle(client, request_id, BOB, "yes") == 404
        assert await settle(client, request_id, ALICE, "yes") == 200


async def test_calls_of_grpc_keep_callers_apart(models: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("\n".join([f"alice:{ALICE['x-api-key']}", f"bob:{BOB['x-api-key']}"]))
    app = serving.app_of(models, feedback=True, grpc_port=0, api_keys_file=tmp_path / "keys")
    async with serving.running(app) as client, grpc_channel(app) as channel:
        stub, metadata = GRPCInferenceServiceStub(channel), tuple(ALICE.items())
        call = stub.ModelInfer(grpc_request([YES]), timeout=serving.PATIENCE_S, metadata=metadata)
        await call
        request_id = dict(await call.trailing_metadata())["x-request-id"]
        assert await settle(client, request_id, BOB, "yes") == 404
        assert await settle(client, request_id, ALICE, "yes") == 200


async def test_who_asks_much_takes_nothing_from_the_others(models: Path, tmp_path: Path) -> None:
    """Its own oldest go first; alone it may have all the room, and gives way to whoever comes."""
    async with callers(models, tmp_path, feedback_rows=10) as client:
        first = [await predicted(client, headers=ALICE) for _ in range(3)]
        many = [await predicted(client, rows=2, headers=BOB) for _ in range(11)]
        assert [await settle(client, each, ALICE, "yes") for each in first] == [200] * 3
        assert [await settle(client, each, BOB, "yes", "no") for each in many[-4:]] == [404, 200, 200, 200]
        more = [await predicted(client, headers=ALICE) for _ in range(4)]
        assert [await settle(client, each, ALICE, "yes") for each in [*first, *more]] == [404, *[200] * 6]
        assert [await settle(client, each, BOB, "yes", "no") for each in many[-3:]] == [404, 200, 200]


async def test_it_is_off_by_default_and_costs_nothing(models: Path) -> None:
    app: Slipway = serving.app_of(models)
    async with serving.running(app) as client:
        answer = await client.post("/predict", json={"instances": [YES]})
        assert "x-request-id" not in answer.headers
        assert app.observer.remember is None
        assert (await say(client, id="a", value="yes"))[0] == 404
        assert "/feedback" not in (await client.get("/openapi.json")).json()["paths"]


async def test_the_document_describes_it(client: httpx.AsyncClient) -> None:
    route = (await client.get("/openapi.json")).json()["paths"]["/feedback"]["post"]
    assert set(route["responses"]) >= {"200", "400", "401", "404", "409", "413", "429"}
    example = route["requestBody"]["content"]["application/json"]["schema"]["example"]
    assert (await say(client, **example))[0] == 404


async def test_a_graph_without_a_manifest_has_nothing_to_compare_with(models: Path) -> None:
    bare = models / "bare" / "1"
    bare.mkdir(parents=True)
    (bare / "model.onnx").write_bytes((models / "tiny/1/model.onnx").read_bytes())
    async with serving.running(serving.app_of(models, feedback=True)) as client:
        body = {"inputs": {"numeric": [[1, 2, 3]], "categorical": [["low"]]}}
        answer = await client.post("/v1/models/bare:predict", json=body)
        assert answer.status_code == 200
        assert (await say(client, id=answer.headers["x-request-id"], value="yes"))[0] == 404


def test_a_real_process_answers_through_both_doors(models: Path, tmp_path: Path) -> None:
    for door in ("protocol", "asgi"):
        with (
            serving.process(models, tmp_path, "--feedback", "--door", door) as process,
            httpx.Client(base_url=process.address) as http,
        ):
            request_id = http.post("/predict", json={"instances": [YES]}).headers["x-request-id"]
            assert http.post("/feedback", json={"id": request_id, "value": "yes"}).status_code == 200
            assert 'slipway_feedback_score{model="tiny",score="accuracy",version="1"} 1.0' in http.get("/metrics").text


def test_several_workers_would_not_know_each_others_predictions(models: Path, tmp_path: Path) -> None:
    with serving.Process(models, tmp_path, "--feedback", "--workers", "2") as process:
        assert process.popen.wait(serving.PATIENCE_S) == 2
        assert "Invalid `--feedback`: expected one worker" in process.complaints()
