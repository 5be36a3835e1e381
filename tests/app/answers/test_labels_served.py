"""A bundle of several labels a row, served: every protocol, drift, feedback, a shadow, the checks of the command."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from app.scoring import check, drift_report
from tests.app.metrics.test_drift_metrics import grpc_channel
from tests.support import serving, tiny
from tests.support.tiny import Tiny

KNOBS: dict[str, Any] = {
    "task": "multilabel",
    "labels": ("art", "law"),
    "thresholds": (0.55, 0.9),
    "format": 2,
    "numbers": ("age", "hours"),
    "booleans": (),
    "strings": (),
    "optional": (),
}
TINY = Tiny(**KNOBS, profiled=True)
ROWS = [tiny.instance(TINY, row) for row in (0, 4, 12)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.write(tmp_path, TINY)


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving.running(serving.app_of(folder.parents[1], grpc_port=0, feedback=True)) as client:
        yield client


@pytest.fixture
def wanted(folder: Path) -> Any:
    """The probabilities, by the graph alone."""
    return tiny.run(folder / "model.onnx", tiny.tensors(TINY, ROWS))


def given(probabilities: Any) -> list[list[str]]:
    rows = np.asarray(probabilities) >= np.array(TINY.thresholds, np.float32)
    return [[label for label, has in zip(TINY.labels, row, strict=True) if has] for row in rows]


async def test_rows_are_answered_by_labels_and_probabilities(client: httpx.AsyncClient, wanted: Any) -> None:
    answer = await client.post("/predict", json={"instances": ROWS})
    predictions = answer.json()["predictions"]
    assert [each["labels"] for each in predictions] == given(wanted)
    assert len({tuple(each["labels"]) for each in predictions}) > 1  # or the rows would show nothing
    found = [list(each["probabilities"].values()) for each in predictions]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


async def test_tensorflow_serving_answers(client: httpx.AsyncClient, wanted: Any) -> None:
    tensors = {name: array.tolist() for name, array in tiny.tensors(TINY, ROWS).items()}
    outputs = (await client.post("/v1/models/tiny:predict", json={"inputs": tensors})).json()["outputs"]
    np.testing.assert_allclose(outputs, wanted, rtol=1e-6)
    results = (await client.post("/v1/models/tiny:classify", json={"examples": ROWS})).json()["results"]
    assert [[label for label, _ in row] for row in results] == [list(TINY.labels)] * 3
    np.testing.assert_allclose([[score for _, score in row] for row in results], wanted, rtol=1e-6)
    refused = await client.post("/v1/models/tiny:regress", json={"examples": ROWS})
    assert (refused.status_code, ":classify or :predict" in refused.json()["error"]) == (400, True)


async def test_open_inference_answers(client: httpx.AsyncClient, wanted: Any) -> None:
    numbers = tiny.tensors(TINY, ROWS)["numeric"]
    inputs = [{"name": "numeric", "datatype": "FP32", "shape": numbers.shape, "data": numbers.ravel().tolist()}]
    answer = (await client.post("/v2/models/tiny/infer", json={"inputs": inputs})).json()
    np.testing.assert_allclose(np.reshape(answer["outputs"][0]["data"], wanted.shape), wanted, rtol=1e-6)
    asked = [{"name": "probabilities", "parameters": {"classification": 1}}]
    answer = (await client.post("/v2/models/tiny/infer", json={"inputs": inputs, "outputs": asked})).json()
    best = [text.rpartition(":")[2] for text in answer["outputs"][0]["data"]]
    assert best == [TINY.labels[place] for place in wanted.argmax(axis=1)]


async def test_grpc_answers(client: httpx.AsyncClient, wanted: Any) -> None:
    app: Any = client._transport
    numbers = tiny.tensors(TINY, ROWS)["numeric"]
    tensor = pb.ModelInferRequest.InferInputTensor(name="numeric", datatype="FP32", shape=numbers.shape)
    request = pb.ModelInferRequest(model_name="tiny", inputs=[tensor], raw_input_contents=[numbers.tobytes()])
    async with grpc_channel(app.app) as channel:
        answer = await GRPCInferenceServiceStub(channel).ModelInfer(request)
    found = np.frombuffer(answer.raw_output_contents[0], "<f4").reshape(wanted.shape)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


async def test_openapi_describes_it(client: httpx.AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"]["/predict"]["post"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["predictions"]
    assert answer["items"]["properties"]["labels"]["items"]["enum"] == ["art", "law"]
    assert (await client.get("/models/tiny")).json()["versions"][0]["labels"] == ["art", "law"]


async def test_drift_has_a_series_a_label(client: httpx.AsyncClient, wanted: Any) -> None:
    await client.post("/predict", json={"instances": ROWS})
    await client.get("/metrics")  # where the counts of the traffic are added up
    value = registry(client).get_sample_value
    labels = {"model": "tiny", "version": "1", "kind": "prediction", "feature": "target"}
    counted = {name: value("slipway_drift_values_total", {**labels, "bin": name}) for name in ("none", "art", "law")}
    flat = [label for row in given(wanted) for label in row]
    assert counted == {"none": given(wanted).count([]), "art": flat.count("art"), "law": flat.count("law")}
    assert value("slipway_drift_training_share", {**labels, "bin": "none"}) == 0.25


async def test_feedback_judges_lists_of_labels(client: httpx.AsyncClient, wanted: Any) -> None:
    answer = await client.post("/predict", json={"instances": ROWS})
    request_id = answer.headers["x-request-id"]
    bad = await client.post("/feedback", json={"id": request_id, "values": [["art"], ["tax"], []]})
    assert (bad.status_code, "`values[1]`: expected one of art, law" in bad.json()["error"]) == (400, True)
    first, *others = given(wanted)
    flipped = [label for label in TINY.labels if label not in first]
    good = await client.post("/feedback", json={"id": request_id, "values": [flipped, *others]})
    assert (good.status_code, good.json()["counted"]) == (200, 3), good.text
    value, labels = registry(client).get_sample_value, {"model": "tiny", "version": "1"}
    assert value("slipway_feedback_score", {**labels, "score": "exact"}) == pytest.approx(2 / 3)
    hits = 2 * sum(map(len, others))
    micro = hits / (hits + len(first) + len(flipped))
    assert value("slipway_feedback_score", {**labels, "score": "micro_f1"}) == pytest.approx(micro)
    assert value("slipway_feedback_score", {**labels, "score": "f1: art"}) is not None


async def test_a_shadow_with_another_threshold_disagrees_where_a_label_differs(
    folder: Path, tmp_path: Path, wanted: Any
) -> None:
    thresholds = (TINY.thresholds[0], float(wanted[:2, 1].mean()))
    tiny.write(tmp_path, Tiny(**{**KNOBS, "thresholds": thresholds}, version=2))
    app = serving.app_of(folder.parents[1], shadow={"tiny": {"version": 2}})
    async with serving.running(app) as client:
        value = app.state.metrics.registry.get_sample_value
        await client.post("/predict", json={"instances": ROWS})
        labels = {"model": "tiny", "version": "2"}

        def rows(agreed: str) -> float:
            return value("slipway_shadow_rows_total", {**labels, "agreed": agreed}) or 0

        await serving.until(lambda: rows("true") + rows("false") == len(ROWS))
        same = (wanted[:, 1] >= TINY.thresholds[1]) == (wanted[:, 1] >= thresholds[1])
        assert (rows("true"), rows("false")) == (same.sum(), (~same).sum())
        assert rows("false") > 0
        assert value("slipway_shadow_difference_sum", labels) == 0


def test_the_command_line_explains_it(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.check(check.Check(models=folder.parents[1])) == 0
    assert "classify" in capsys.readouterr().out
    lines = [",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in ROWS)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    drift_report.drift(drift_report.Drift(data=tmp_path / "rows.csv", bundle=folder, as_json=True))
    document = json.loads(capsys.readouterr().out)
    prediction = next(found for found in document["features"] if found["kind"] == "prediction")
    assert set(prediction["bins"]) == {"none", "art", "law"}


def registry(client: httpx.AsyncClient) -> Any:
    transport: Any = client._transport
    return transport.app.state.metrics.registry
