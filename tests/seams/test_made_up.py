"""A type of features and a task come by a line in each registry: trained, served, watched and judged like any other."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from app.answers import registry as answers
from app.bundle import reader
from app.errors import BundleError
from app.features import registry as features
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from app.scoring import check, drift_report
from app.scoring.scorer import load_scorer
from app.scoring.tally import Tally
from app.sources.source import open_source
from tests.app.metrics.test_drift_metrics import grpc_channel
from tests.seams.conftest import MOST, PLACES, ROWS
from tests.support import serving
from training.data.prepare import prepare
from training.evaluation import evaluate_bundle, served_bundle
from training.options import Options

pytestmark = pytest.mark.usefixtures("registered")

BY_THE_ZOO: dict[str, Any] = {"way": [[-1.4, -3.1], [-1.5, -2.8]], "back": None, "minutes": 31.0, "weather": "rain"}
BY_BOTH = {
    "way": [[-1.4, -3.1], [-1.5, -2.8], [2.1, 1.4], [1.9, 1.5]] * 9,
    "back": [[2.0, 1.5], [-1.5, -3.0]],
    "minutes": 62.0,
    "weather": "sun",
}
ROUND: list[dict[str, Any]] = [BY_THE_ZOO, BY_BOTH]


def manifest(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bundle / "manifest.json").read_text())
    return found


# ── trained ──


def test_a_bundle_holds_what_both_bring(bundle: Path) -> None:
    """Their keys, two tensors a feature, two outputs, their options, their sentences."""
    facts = manifest(bundle)
    way = next(feature for feature in facts["features"] if feature["name"] == "way")
    assert way == {
        "name": "way",
        "type": "track",
        "optional": False,
        "missing_share": 0.0,
        "tensor": "way",
        "points": MOST,
    }
    inputs = {tensor["name"]: (tensor["dtype"], tensor["shape"]) for tensor in facts["inputs"]}
    assert (inputs["way_points"], inputs["back_length"]) == (("float32", [None, None, 2]), ("int64", [None]))
    assert [(tensor["name"], tensor["dtype"]) for tensor in facts["outputs"]] == [
        ("place", "int64"),
        ("score", "float32"),
    ]
    assert facts["answer"] == {"type": "places", "places": sorted(PLACES), "shown": 3}
    own = facts["training"]["options"]
    assert (own["track"], own["visits"]) == ({"track_points": MOST}, {"visit_units": 12})
    assert "--track-points 12" in facts["training"]["command"]
    assert "At most 12 points of each track" in (bundle / "card.md").read_text()


def test_it_learned_and_says_from_what(bundle: Path) -> None:
    facts = manifest(bundle)
    scores = {model: found["first_hit"] for model, found in facts["metrics"].items()}
    assert scores["shipped"] > scores["baseline"] + 0.2
    assert next(iter(facts["training"]["importances"]["lost"])) == "way"
    assert facts["training"]["judged_by"] == {"metric": "first_hit", "errors": []}
    assert 0 <= facts["training"]["misses"] < facts["training"]["rows"]["test"] / 2  # a key of its own


def test_new_rows_are_judged(bundle: Path, walks: Path, tmp_path: Path) -> None:
    """From CSV and from Parquet, where tracks are lists."""
    served = served_bundle.load(bundle)
    found = evaluate_bundle.judge(served, evaluate_bundle.answer(served, walks))
    assert (found.rows, set(found.metrics)) == (ROWS, {"first_hit", "recall"})
    frame = pd.read_csv(walks)
    for name in ("way", "back", "visited"):
        frame[name] = frame[name].map(json.loads, na_action="ignore")
    frame.to_parquet(tmp_path / "walks.parquet")
    for stream in (False, True):
        options = Options.of(data=tmp_path / "walks.parquet", target="visited", task="visits", stream=stream)
        assert prepare(options).table.types["back"] == "track"
    again = evaluate_bundle.judge(served, evaluate_bundle.answer(served, tmp_path / "walks.parquet"))
    assert again.metrics == found.metrics


def test_files_are_scored(bundle: Path, walks: Path, tmp_path: Path) -> None:
    """From CSV and from Parquet, where tracks are lists: answered, set aside, counted and judged as any other."""
    scorer, tally = load_scorer(bundle), Tally()
    (chunk,) = open_source(walks).batches()
    found = scorer.score(chunk.columns, tally)
    assert (len(found.places), found.faults, tally.without_truth) == (ROWS, [], 0)
    served = served_bundle.load(bundle)
    wanted = evaluate_bundle.judge(served, evaluate_bundle.answer(served, walks)).metrics
    figures = {name: figure.value for name, figure in scorer.tallying.metrics(tally).items()}
    assert figures == pytest.approx({name: interval.value for name, interval in wanted.items()})
    assert "back" in {verdict.feature for verdict in scorer.tallying.verdicts(tally)}
    frame = pd.read_csv(walks)
    for name in ("way", "back"):
        frame[name] = frame[name].map(json.loads, na_action="ignore")
    frame.loc[1, "weather"] = None
    frame["way"] = frame["way"].mask(frame.index == 2, pd.Series([[[5000.0, 0.0]]] * ROWS))
    frame.to_parquet(tmp_path / "walks.parquet")
    (chunk,) = open_source(tmp_path / "walks.parquet").batches()
    again = scorer.score(chunk.columns)
    assert [fault.place for fault in again.faults] == [1, 2]
    assert "`way`: expected points whose coordinates are within 1000. Received: " in again.faults[1].reason
    assert again.answers.equals(found.answers.take(pa.array(again.places)))


def test_the_command_line_explains_it(bundle: Path, walks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.check(check.Check(models=bundle.parents[1], load_in_child=False)) == 0  # its types are of this process
    said = capsys.readouterr().out
    assert "way_points FP32 [" in said
    assert drift_report.drift(drift_report.Drift(data=walks, bundle=bundle)) == 0
    assert "back" in capsys.readouterr().out


# ── served ──


@pytest.fixture
async def client(bundle: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = serving.app_of(bundle.parents[1], grpc_port=0, feedback=True)
    async with serving.running(app) as client:
        yield client


async def predicted(client: httpx.AsyncClient, *rows: dict[str, Any]) -> Any:
    answer = await client.post("/predict", json={"instances": rows})
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def tensors(rows: list[dict[str, Any]], bundle: Path) -> dict[str, np.ndarray[Any, Any]]:
    """What a caller of tensors sends: the wire tensors of the types, made by these types."""
    served = served_bundle.load(bundle)
    return dict(served.reader.rows(rows).arrays())


def ranked(place: Any, score: Any) -> Any:
    names = sorted(PLACES)
    return [
        [(names[p], pytest.approx(s, abs=1e-5)) for p, s in zip(*row, strict=True)]
        for row in zip(place, score, strict=True)
    ]


def plain(predictions: Any) -> Any:
    return [[(each["place"], each["score"]) for each in row] for row in predictions]


async def test_rows_are_answered_by_lists(client: httpx.AsyncClient) -> None:
    zoo, both = await predicted(client, *ROUND)
    assert zoo[0]["place"] == "zoo"
    assert {each["place"] for each in both[:2]} == {"zoo", "harbour"}
    assert plain(await predicted(client, BY_THE_ZOO)) == [[(p, pytest.approx(s, abs=1e-5)) for p, s in plain([zoo])[0]]]
    assert (await client.post("/predict", json={"instances": [list(BY_BOTH.values())]})).json()["predictions"]


@pytest.mark.parametrize(
    ("way", "path"),
    [
        ([], "instances[1].way"),
        ([[1.0, 2.0], [1.0]], "instances[1].way[1]"),
        ([[1.0, "x"]], "instances[1].way[0][1]"),
        ([[5000.0, 0.0]], "instances[1].way"),
        (None, "instances[1].way"),
        ("[[1, 2]]", "instances[1].way"),
    ],
)
async def test_what_is_no_track_is_refused_by_its_path(client: httpx.AsyncClient, way: Any, path: str) -> None:
    answer = await client.post("/predict", json={"instances": [BY_BOTH, {**BY_BOTH, "way": way}]})
    assert answer.status_code == 400
    assert f"`{path}`" in answer.json()["error"]


async def test_tensorflow_serving_answers_rows_and_columns(client: httpx.AsyncClient, bundle: Path) -> None:
    arrays, wanted = tensors(ROUND, bundle), plain(await predicted(client, *ROUND))
    columns = {name: array.tolist() for name, array in arrays.items()}
    outputs = (await client.post("/v1/models/walks:predict", json={"inputs": columns})).json()["outputs"]
    assert wanted == ranked(outputs["place"], outputs["score"])
    rows = [{name: array[row].tolist() for name, array in arrays.items()} for row in range(2)]
    predictions = (await client.post("/v1/models/walks:predict", json={"instances": rows})).json()["predictions"]
    assert wanted == ranked(*zip(*[(each["place"], each["score"]) for each in predictions], strict=True))


def inputs_of(arrays: dict[str, np.ndarray[Any, Any]]) -> list[dict[str, Any]]:
    datatypes = {"float32": "FP32", "int64": "INT64", "object": "BYTES"}
    return [
        {
            "name": name,
            "datatype": datatypes[array.dtype.name],
            "shape": list(array.shape),
            "data": array.ravel().tolist(),
        }
        for name, array in arrays.items()
    ]


async def test_open_inference_answers(client: httpx.AsyncClient, bundle: Path) -> None:
    facts = (await client.get("/v2/models/walks")).json()
    shapes = {tensor["name"]: tensor["shape"] for tensor in (*facts["inputs"], *facts["outputs"])}
    assert shapes["way_points"] == [-1, -1, 2]
    assert (shapes["way_length"], shapes["place"]) == ([-1], [-1, 3])
    wanted = plain(await predicted(client, *ROUND))
    answer = await client.post("/v2/models/walks/infer", json={"inputs": inputs_of(tensors(ROUND, bundle))})
    outputs = {
        tensor["name"]: np.reshape(tensor["data"], tensor["shape"]).tolist() for tensor in answer.json()["outputs"]
    }
    assert wanted == ranked(outputs["place"], outputs["score"])


async def test_tensors_that_are_no_tracks_are_refused(client: httpx.AsyncClient, bundle: Path) -> None:
    """By the check of the type, with the place in its tensor."""
    arrays = tensors(ROUND, bundle)
    arrays["way_length"] = np.array([2, 99])
    answer = await client.post("/v2/models/walks/infer", json={"inputs": inputs_of(arrays)})
    assert answer.status_code == 400
    assert "`way_length[1]`: expected 1 to 12 points" in answer.json()["error"]


async def test_grpc_answers(client: httpx.AsyncClient, bundle: Path) -> None:
    arrays, wanted = tensors(ROUND, bundle), plain(await predicted(client, *ROUND))
    request = pb.ModelInferRequest(model_name="walks")
    for tensor in inputs_of(arrays):
        message = request.inputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=tensor["shape"])
        content = {"FP32": "fp32_contents", "INT64": "int64_contents", "BYTES": "bytes_contents"}[tensor["datatype"]]
        data = [each.encode() if isinstance(each, str) else each for each in tensor["data"]]
        getattr(message.contents, content).extend(data)
    app: Any = client._transport
    async with grpc_channel(app.app) as channel:
        answer = await GRPCInferenceServiceStub(channel).ModelInfer(request)
    place, score = (
        np.frombuffer(content, dtype).reshape(output.shape).tolist()
        for output, content, dtype in zip(answer.outputs, answer.raw_output_contents, ("<i8", "<f4"), strict=True)
    )
    assert wanted == ranked(place, score)


async def test_openapi_describes_it(client: httpx.AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"]["/predict"]["post"]
    row = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]["instances"]["items"][
        "anyOf"
    ][0]
    assert row["properties"]["back"]["type"] == ["array", "null"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["predictions"][
        "items"
    ]
    assert (answer["type"], answer["items"]["properties"]["place"]["enum"]) == ("array", sorted(PLACES))


# ── watched ──


async def test_drift_is_counted_in_its_own_bins(client: httpx.AsyncClient) -> None:
    await predicted(client, *ROUND)
    text = (await client.get("/metrics")).text
    counted = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("slipway_drift_values_total{") and not line.endswith(" 0.0")
    }
    assert any('bin="to 5"' in line and 'feature="way"' in line for line in counted), counted
    assert any('bin="missing"' in line and 'feature="back"' in line for line in counted)
    assert any('feature="visited"' in line for line in counted)


async def test_feedback_judges_lists(client: httpx.AsyncClient) -> None:
    """Over every protocol; what is no list of places is refused by its place."""
    answer = await client.post("/predict", json={"instances": ROUND})
    request_id = answer.headers["x-request-id"]
    bad = await client.post("/feedback", json={"id": request_id, "values": [["zoo"], ["nowhere"]]})
    assert (bad.status_code, "`values[1]`" in bad.json()["error"]) == (400, True)
    good = await client.post("/feedback", json={"id": request_id, "values": [["zoo"], ["harbour", "zoo"]]})
    assert (good.status_code, good.json()["counted"]) == (200, 2), good.text
    app: Any = client._transport
    labels = {"model": "walks", "version": "1", "score": "first_hit"}
    assert app.app.state.metrics.registry.get_sample_value("slipway_feedback_score", labels) == 1.0


async def test_a_shadow_is_compared(bundle: Path, tmp_path: Path) -> None:
    """Another version that answers alike agrees in every row."""
    for version in (1, 2):
        folder = tmp_path / "walks" / str(version)
        shutil.copytree(bundle, folder)
        (folder / "manifest.json").write_text(json.dumps({**manifest(bundle), "version": version}))
    app = serving.app_of(tmp_path, shadow={"walks": {"version": 2}})
    labels = {"model": "walks", "version": "2"}
    async with serving.running(app) as client:
        value = app.state.metrics.registry.get_sample_value
        await predicted(client, *ROUND)
        await serving.until(lambda: bool(value("slipway_shadow_rows_total", {**labels, "agreed": "true"})))
        assert value("slipway_shadow_rows_total", {**labels, "agreed": "true"}) == 2
        assert value("slipway_shadow_difference_sum", labels) == 0


# ── refused ──


@pytest.mark.parametrize(
    ("registry", "name", "expected"),
    [(features.FEATURES, "track", "a type of features"), (answers.ANSWERS, "places", "a type of answers")],
)
def test_a_bundle_of_an_unknown_type_is_refused_by_its_name(
    bundle: Path, registry: dict[str, str], name: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(registry, name)
    with pytest.raises(BundleError, match=f"expected {expected}, one of .*Received: {name}"):
        reader.read(bundle)
    assert msgspec.json.decode((bundle / "manifest.json").read_bytes())["format"] == 2
