"""Drift on /metrics: each row is counted once, whichever protocol and engine, for the version that answered it."""

import asyncio
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from app.bundle import reader as bundles
from app.drift.counts import Table
from app.drift.sampling import Copied, Watch
from app.features.rows import rows_of
from app.metrics.drift_metrics import DriftMetrics
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from app.repository.traffic_split import Copy
from tests.support import serving, tiny

Series = dict[tuple[str, ...], float]
LOW = {"age": 0.5, "hours-per-week": 0.5, "member": False, "level": "low"}
HIGH = {"age": 11.0, "hours-per-week": None, "member": True, "level": "unheard of"}


def write(root: Path, version: int = 1, **knobs: Any) -> None:
    tiny.write(root, tiny.Tiny(version=version, profiled=True, **knobs))


async def drift(client: httpx.AsyncClient, name: str = "slipway_drift_values_total") -> Series:
    """The samples of a series that are not zero, by version, feature and bin (as far as there are any)."""
    text = (await client.get("/metrics")).text
    labels = ("version", "kind", "feature", "bin")
    return {
        tuple([sample.labels[label] for label in labels if label in sample.labels]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and sample.value
    }


def expected(version: int, rows: list[dict[str, Any]], label: str) -> Series:
    """What rows like LOW and HIGH add, by hand."""
    found: Series = {}
    for row in rows:
        low = row is LOW
        bins = ("1", "1", "1", "low") if low else ("10", "missing", "2", "unseen")
        for feature, bin_ in zip(LOW, bins, strict=True):
            key = (str(version), "feature", feature, bin_)
            found[key] = found.get(key, 0) + 1
    return found | {(str(version), "prediction", "target", label): len(rows)}


async def by_predict(client: httpx.AsyncClient, rows: list[dict[str, Any]]) -> httpx.Response:
    return await client.post("/predict", json={"instances": rows})


async def by_columns(client: httpx.AsyncClient, rows: list[dict[str, Any]]) -> httpx.Response:
    arrays = tiny.tensors(tiny.Tiny(), rows)
    numeric = [[None if np.isnan(x) else float(x) for x in row] for row in arrays["numeric"]]
    body = {"inputs": {"numeric": numeric, "categorical": arrays["categorical"].tolist()}}
    return await client.post("/v1/models/tiny:predict", json=body)


async def by_open_inference(client: httpx.AsyncClient, rows: list[dict[str, Any]]) -> httpx.Response:
    arrays = tiny.tensors(tiny.Tiny(), rows)
    numbers = [None if np.isnan(x) else float(x) for x in arrays["numeric"].ravel()]
    words = arrays["categorical"].ravel().tolist()
    inputs = [
        {"name": "numeric", "datatype": "FP32", "shape": [len(rows), 3], "data": numbers},
        {"name": "categorical", "datatype": "BYTES", "shape": [len(rows), 1], "data": words},
    ]
    return await client.post("/v2/models/tiny/infer", json={"inputs": inputs})


async def by_examples(client: httpx.AsyncClient, rows: list[dict[str, Any]]) -> httpx.Response:
    examples = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return await client.post("/v1/models/tiny:classify", json={"examples": examples})


@pytest.mark.parametrize("run_on", ["loop", "thread"])
@pytest.mark.parametrize("ask", [by_predict, by_columns, by_open_inference, by_examples])
async def test_each_row_is_counted_once(ask: Callable[..., Any], run_on: str, tmp_path: Path) -> None:
    write(tmp_path, shift=100.0)
    async with serving.running(serving.app_of(tmp_path, run_on=run_on)) as client:
        assert (await ask(client, [LOW])).status_code == 200
        assert (await ask(client, [HIGH, LOW, HIGH])).status_code == 200
        assert await drift(client) == expected(1, [LOW, HIGH, LOW, HIGH], "yes")
        assert await drift(client, "slipway_drift_rows_total") == {("1", "feature"): 4, ("1", "prediction"): 4}
        assert await drift(client, "slipway_drift_out_of_range_total") == {("1", "age"): 2}


async def test_calls_of_grpc_are_counted(tmp_path: Path) -> None:
    write(tmp_path, shift=100.0)
    app = serving.app_of(tmp_path, grpc_port=0)
    async with serving.running(app) as client, grpc_channel(app) as channel:
        await GRPCInferenceServiceStub(channel).ModelInfer(grpc_request([LOW, HIGH]), timeout=serving.PATIENCE_S)
        assert await drift(client) == expected(1, [LOW, HIGH], "yes")


def grpc_channel(app: Any) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}")


def grpc_request(rows: list[dict[str, Any]]) -> pb.ModelInferRequest:
    """Ask `tiny` in raw bytes, which alone can hold NaN."""
    arrays = tiny.tensors(tiny.Tiny(), rows)
    words = b"".join([struct.pack("<I", len(word)) + word.encode() for word in arrays["categorical"].ravel()])
    inputs = [
        pb.ModelInferRequest.InferInputTensor(name="numeric", datatype="FP32", shape=[len(rows), 3]),
        pb.ModelInferRequest.InferInputTensor(name="categorical", datatype="BYTES", shape=[len(rows), 1]),
    ]
    content = [arrays["numeric"].tobytes(), words]
    return pb.ModelInferRequest(model_name="tiny", inputs=inputs, raw_input_contents=content)


async def test_large_requests_are_counted_piece_by_piece(tmp_path: Path) -> None:
    write(tmp_path, shift=100.0)
    async with serving.running(serving.app_of(tmp_path, max_batch_rows=7)) as client:
        assert (await by_predict(client, [LOW] * 50)).status_code == 200
        assert (await by_open_inference(client, [HIGH] * 50)).status_code == 200
        assert await drift(client) == expected(1, [LOW] * 50 + [HIGH] * 50, "yes")


async def test_what_was_refused_or_failed_is_not_counted(tmp_path: Path) -> None:
    """Of a batch that fails the good are run again, and counted once."""
    write(tmp_path, scale=1e30, shift=100.0)
    async with serving.running(serving.app_of(tmp_path, max_delay_us=20_000)) as client:
        wrong, bad = LOW | {"age": "old"}, LOW | {"age": 1e38}
        answers = await asyncio.gather(*[by_predict(client, [row]) for row in (LOW, wrong, bad, LOW)])
        assert [answer.status_code for answer in answers] == [200, 400, 500, 200]
        assert "slipway_batch_retries_total{" in (await client.get("/metrics")).text
        assert (await drift(client, "slipway_drift_rows_total"))["1", "feature"] == 2


async def test_every_bin_is_there_from_the_start_beside_its_training_share(tmp_path: Path) -> None:
    write(tmp_path)
    async with serving.running(serving.app_of(tmp_path)) as client:
        text = (await client.get("/metrics")).text
        found = {family.name: family.samples for family in text_string_to_metric_families(text)}
        zeros = [s for s in found["slipway_drift_values"] if s.name.endswith("_total")]
        shares = found["slipway_drift_training_share"]
        assert {s.value for s in zeros} == {0}
        assert [s.labels for s in zeros] == [s.labels for s in shares]
        level = {s.labels["bin"]: s.value for s in shares if s.labels["feature"] == "level"}
        assert level == {"low": 0.5, "other": 0.3, "missing": 0.1, "unseen": 0.1}
        assert {s.labels["kind"] for s in found["slipway_drift_rows"]} == {"feature", "prediction"}


async def test_a_canary_has_series_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, 1, shift=100.0)
    write(tmp_path, 2, shift=-100.0)
    app = serving.app_of(tmp_path, versions="1,2", canary={"tiny": {"version": 2, "share": 0.0, "match": {"x-a": "b"}}})
    async with serving.running(app) as client:
        await by_predict(client, [LOW, LOW])
        await client.post("/predict", json={"instances": [HIGH]}, headers={"x-a": "b"})
        assert await drift(client) == expected(1, [LOW, LOW], "yes") | expected(2, [HIGH], "no")


@pytest.mark.parametrize("max_batch_rows", [1, 64])
async def test_copies_to_a_shadow_are_no_traffic(max_batch_rows: int, tmp_path: Path) -> None:
    """But what somebody asks of that version is."""
    write(tmp_path, 1, shift=100.0)
    write(tmp_path, 2, shift=-100.0)
    rule = {"tiny": {"version": 2, "share": 1.0}}
    app = serving.app_of(tmp_path, versions="1,2", shadow=rule, max_batch_rows=max_batch_rows)
    async with serving.running(app) as client:
        await by_predict(client, [LOW, LOW])
        shadow = app.state.registry.find("tiny", 2)
        counter = app.state.metrics.instruments.shadow_requests.labels("tiny", "2", "answered")
        await serving.until(lambda: counter._value.get() == 1 and shadow.batcher.idle)
        assert await drift(client) == expected(1, [LOW, LOW], "yes")
        await client.post("/predict?version=2", json={"instances": [HIGH]})
        assert await drift(client) == expected(1, [LOW, LOW], "yes") | expected(2, [HIGH], "no")


async def test_a_copy_and_a_request_share_no_run(tmp_path: Path) -> None:
    """Else one of them would be counted as the other."""
    write(tmp_path, shift=-100.0)
    async with serving.running(serving.app_of(tmp_path, max_delay_us=50_000)) as client:
        model = client_app(client).state.registry.find()
        answered: list[Any] = []
        for order in (0, 1):
            rows = rows_of(model.features, model.row_reader.rows([LOW]), Copied)
            now = time.monotonic()
            copy = Copy(
                rows=rows,
                size=1,
                submitted=now,
                deadline=now + serving.PATIENCE_S,
                key=Copy,
                taken_by=answered.append,
                failed=answered.append,
            )
            if order:
                model.batcher.submit(copy)
            request = asyncio.create_task(by_predict(client, [HIGH]))
            await serving.until(lambda: model.batcher.queue.rows > 0)
            if not order:
                model.batcher.submit(copy)
            assert (await request).status_code == 200
            await serving.until(lambda order=order: len(answered) == order + 1)  # type: ignore[misc]
        assert await drift(client) == expected(1, [HIGH, HIGH], "no")


def client_app(client: httpx.AsyncClient) -> Any:
    transport: Any = client._transport
    return transport.app


@pytest.mark.parametrize("drift_on", [True, False])
async def test_without_a_profile_or_by_setting_nothing_is_counted(drift_on: bool, tmp_path: Path) -> None:
    tiny.write(tmp_path, tiny.Tiny(profiled=not drift_on))
    app = serving.app_of(tmp_path, drift=drift_on)
    async with serving.running(app) as client:
        assert (await by_predict(client, [LOW])).status_code == 200
        assert app.state.registry.find().watch is None
        assert "slipway_drift_values_total{" not in (await client.get("/metrics")).text


async def test_a_version_that_goes_takes_its_series_along(tmp_path: Path) -> None:
    write(tmp_path, 1)
    write(tmp_path, 2)
    app = serving.app_of(tmp_path, versions="all", admin_keys_file=serving.operators(tmp_path.parent))
    async with serving.running(app) as client:
        await by_predict(client, [LOW])
        answer = await client.post("/admin/models/tiny/unload?version=1", headers=serving.OPERATOR)
        assert answer.status_code == 200
        registry = app.state.metrics.registry
        await serving.until(lambda: versions(registry, "slipway_drift_training_share") == {"2"})
        assert versions(registry, "slipway_drift_values") == versions(registry, "slipway_drift_rows") == {"2"}


def versions(registry: CollectorRegistry, family: str) -> set[str]:
    return {s.labels["version"] for found in registry.collect() if found.name == family for s in found.samples}


def watch_of(root: Path, **knobs: Any) -> Watch:
    return Watch(Table(bundles.read(tiny.write(root, tiny.Tiny(profiled=True, **knobs)))))


def shares_of(registry: CollectorRegistry) -> dict[str, float]:
    """The training shares of one bin, by feature."""
    (family,) = [family for family in registry.collect() if family.name == "slipway_drift_training_share"]
    return {s.labels["feature"]: s.value for s in family.samples if s.labels["bin"] in ("1", "low", "no")}


def test_another_content_of_a_version_replaces_its_bins(tmp_path: Path) -> None:
    """The old one is let go only when its requests are answered, and takes nothing of the new along."""
    registry = CollectorRegistry()
    metrics = DriftMetrics(registry)
    old, new = watch_of(tmp_path / "old"), watch_of(tmp_path / "new", numbers=["age"], strings=())
    metrics.observe("tiny", 1, old)
    assert shares_of(registry) == {"age": 0.1, "hours-per-week": 0.1, "member": 0.5, "level": 0.5, "target": 0.5}
    metrics.observe("tiny", 1, new)
    assert shares_of(registry) == {"age": 0.1, "member": 0.5, "target": 0.5}
    answer = {"probabilities": np.array([[1.0, 0.0]], np.float32)}
    old.add(tiny.tensors(tiny.Tiny(), [LOW]), answer)  # one of its last requests
    metrics.retire("tiny", 1, old)
    new.add(tiny.tensors(tiny.Tiny(numbers=["age"], strings=()), [LOW]), answer)
    metrics.fold()
    assert shares_of(registry) == {"age": 0.1, "member": 0.5, "target": 0.5}
    labels = {"model": "tiny", "version": "1", "kind": "feature"}
    assert registry.get_sample_value("slipway_drift_rows_total", labels) == 1
    metrics.retire("tiny", 1, new)
    assert shares_of(registry) == {}


def test_workers_are_counted_together(tmp_path: Path) -> None:
    """Each of the two answers some; the training shares are not added up."""
    write(tmp_path / "models", shift=100.0)
    with serving.process(tmp_path / "models", tmp_path, "--workers", "2") as process:
        for _ in range(40):  # a new connection each, so that both get some
            assert httpx.post(f"{process.address}/predict", json={"instances": [LOW]}).status_code == 200

        def rows() -> dict[str, float]:
            text = httpx.get(f"{process.address}/metrics").text
            families = {family.name: family for family in text_string_to_metric_families(text)}
            values = [s for s in families["slipway_drift_values"].samples if s.labels["bin"] == "low"]
            shares = [s for s in families["slipway_drift_training_share"].samples if s.labels["bin"] == "low"]
            return {"rows": sum([s.value for s in values]), "share": sum([s.value for s in shares])}

        wait_until(lambda: rows()["rows"] == 40)
        assert rows() == {"rows": 40, "share": 0.5}


def wait_until(condition: Callable[[], bool]) -> None:
    """Another worker folds each second."""
    until = time.monotonic() + serving.PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
