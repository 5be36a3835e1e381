"""A type and an answer unlike those that there are: added by a line in each registry, and served by every protocol.

A `track` is a list of points of any length: two tensors of other dtypes and ranks. A `route` is a list of numbers from
two outputs, compared with a tolerance of its own.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from app.answers import registry as answers
from app.answers.base import AnswerKeys, AnswerType, Outputs
from app.bins.layout import Counted, Layout
from app.bins.number import NumberBins, NumberCounter
from app.bundle import reader as bundles
from app.errors import BundleError
from app.features import registry as features
from app.features.base import Arrays, Count, Fault, Feature, FeatureType, WireFault
from app.tensors import BY_BUNDLE, TensorSpec
from tests.support import serving, tiny

POINTS_MAX = 5
SPECS = [
    TensorSpec("points", BY_BUNDLE["float32"], (None, None, 2)),
    TensorSpec("lengths", BY_BUNDLE["int64"], (None,)),
]


class Track(Feature, frozen=True, kw_only=True):
    most: int = POINTS_MAX


class Tracks(FeatureType):
    """One track a row, padded to the longest of the run."""

    form = Track
    bins = NumberBins
    nested = True

    def __init__(self, features: Sequence[Track]) -> None:
        self.features = features
        self.inputs = SPECS

    def json_type(self, feature: Track) -> Any:
        return list[tuple[float, float]]

    def cell(self, values: Sequence[Any]) -> Any:
        if len(values[0]) > self.features[0].most:  # type: ignore[attr-defined]
            raise Fault(0, f"at most {POINTS_MAX} points", values[0])
        return np.array(values[0], np.float32).reshape(-1, 2)

    def arrays(self, cells: Sequence[Any]) -> dict[str, Any]:
        points = np.zeros((len(cells), max(1, *map(len, cells)), 2), np.float32)
        for row, cell in enumerate(cells):
            points[row, : len(cell)] = cell
        return {"points": points, "lengths": np.array([len(cell) for cell in cells], np.int64)}

    def from_wire(self, arrays: Arrays) -> dict[str, Any]:
        if (arrays["lengths"] > arrays["points"].shape[1]).any():
            raise WireFault("lengths", [0], "no more than the points", arrays["lengths"][0])
        return dict(arrays)

    def read_text(self, feature: Track, text: str) -> Any:
        return json.loads(text)

    def openapi(self, feature: Track) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "array"}}

    def strange(self, feature: Track) -> list[Any]:
        return [[], [(0.0, 0.0)] * POINTS_MAX]

    def layout(self, feature: Track, bins: NumberBins) -> Layout:
        return bins.layout()

    def counter(self, counted: Mapping[str, Counted]) -> Count:
        counter = NumberCounter([0], list(counted.values()))

        def count(arrays: Arrays, found: Any, out_of_range: Any) -> None:
            counter.count(arrays["lengths"][:, None].astype(float), found, out_of_range)

        return count


class Errors:
    """The largest distance of the rows whose truth is known."""

    def __init__(self) -> None:
        self.distances: list[float] = []

    @property
    def rows(self) -> int:
        return len(self.distances)

    def add(self, truth: Any, predicted: Any) -> None:
        self.distances.append(max(abs(a - b) for a, b in zip(truth, predicted, strict=True)))

    def now(self) -> dict[str, float]:
        return {"farthest": max(self.distances)} if self.distances else {}


class Route(AnswerType):
    """The sum and the count of a track as a list."""

    form = AnswerKeys
    bins = NumberBins

    def __init__(self, keys: AnswerKeys) -> None:
        pass

    def check_outputs(self, outputs: Sequence[TensorSpec]) -> None:
        if [spec.name for spec in outputs] != ["sums", "counts"]:
            raise ValueError(f"expected sums and counts. Received: {outputs}")

    def fault(self, outputs: Outputs) -> tuple[str, str] | None:
        return None if self.valid(outputs) else ("finite sums", str(outputs["sums"]))

    def mismatch(self, found: Outputs, wanted: Outputs, tolerance: Any) -> str | None:
        return None if np.abs(found["sums"] - wanted["sums"]).max() < 0.5 else "another route"

    def valid(self, outputs: Outputs) -> bool:
        return bool(np.isfinite(outputs["sums"]).all())

    def encode(self, outputs: Outputs) -> list[bytes]:
        return [msgspec.json.encode(values) for values in self.predicted(outputs)]

    def openapi(self, target: str) -> dict[str, Any]:
        return {"type": "array"}

    def check_bins(self, bins: NumberBins) -> None: ...

    def layout(self, bins: NumberBins) -> Layout:
        return bins.prediction()

    def count(self, bins: NumberBins, outputs: Outputs) -> tuple[Any, int]:
        return bins.count(outputs["counts"]), len(outputs["counts"])

    def predicted(self, outputs: Outputs) -> list[Any]:
        return [
            [*sums, count] for sums, count in zip(outputs["sums"].tolist(), outputs["counts"].tolist(), strict=True)
        ]

    def truth(self, value: Any) -> Any:
        if not isinstance(value, list) or len(value) != 3:
            raise ValueError("a list of three numbers")
        return value

    def read_text(self, text: str) -> Any:
        return json.loads(text)

    def running_scores(self) -> Errors:
        return Errors()

    def compare(self, ours: Outputs, other: AnswerType, theirs: Outputs) -> tuple[list[bool], float]:
        distance = np.abs(ours["sums"] - theirs["sums"]).max(axis=1)
        return (distance < 0.5).tolist(), float(distance.max())

    def columns(self, outputs: Outputs) -> dict[str, Any]:
        return {"x": outputs["sums"][:, 0], "y": outputs["sums"][:, 1], "count": outputs["counts"]}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line in each registry."""
    monkeypatch.setitem(features.FEATURES, "track", f"{__name__}:Tracks")
    monkeypatch.setitem(answers.ANSWERS, "route", f"{__name__}:Route")


TRACKS = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[7.0, 8.0]], []]
ROUTES = [[9.0, 12.0, 3], [7.0, 8.0, 1], [0.0, 0.0, 0]]


def graph() -> onnx.ModelProto:
    nodes = [
        helper.make_node("ReduceSum", ["points", "axis"], ["sums"], keepdims=0),
        helper.make_node("Identity", ["lengths"], ["counts"]),
    ]
    inputs = [
        helper.make_tensor_value_info("points", TensorProto.FLOAT, ["batch", "points", 2]),
        helper.make_tensor_value_info("lengths", TensorProto.INT64, ["batch"]),
    ]
    outputs = [
        helper.make_tensor_value_info("sums", TensorProto.FLOAT, ["batch", 2]),
        helper.make_tensor_value_info("counts", TensorProto.INT64, ["batch"]),
    ]
    axis = onnx.numpy_helper.from_array(np.array([1]), "axis")
    made = helper.make_graph(nodes, "tracks", inputs, outputs, [axis])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def write(root: Path, version: int = 1, shift: float = 0.0) -> Path:
    folder = root / "tracks" / str(version)
    folder.mkdir(parents=True)
    onnx.save(graph(), str(folder / bundles.MODEL))
    sums = [[x + shift, y] for x, y, _ in ROUTES]
    golden = {"instances": [{"path": track} for track in TRACKS], "atol": 0, "rtol": 0}
    golden["outputs"] = {"sums": sums, "counts": [count for *_, count in ROUTES]}
    (folder / bundles.GOLDEN).write_text(json.dumps(golden))
    bins = tiny.number_bins([0, 1, 2])
    profile = {"rows": 10, "features": {"path": bins}, "prediction": bins}
    (folder / bundles.PROFILE).write_text(json.dumps(profile))
    (folder / bundles.CARD).write_text("# tracks\n")
    manifest = {
        **tiny.manifest(tiny.Tiny(name="tracks", version=version, format=2)),
        "task": "routing",
        "features": [{"name": "path", "type": "track", "optional": False, "missing_share": 0.0, "most": POINTS_MAX}],
        "inputs": [{"name": spec.name, "dtype": spec.dtype, "shape": spec.shape} for spec in SPECS],
        "outputs": [
            {"name": "sums", "dtype": "float32", "shape": [None, 2]},
            {"name": "counts", "dtype": "int64", "shape": [None]},
        ],
        "answer": {"type": "route"},
    }
    tiny.rewrite_manifest(folder, manifest)
    return root


async def predict(client: httpx.AsyncClient, *tracks: Any) -> httpx.Response:
    return await client.post("/predict", json={"instances": [{"path": track} for track in tracks]})


async def test_it_is_served_by_every_protocol_in_shared_runs(tmp_path: Path) -> None:
    async with serving.running(serving.app_of(write(tmp_path))) as client:
        answer = await predict(client, *TRACKS)
        assert answer.json()["predictions"] == ROUTES
        assert (await client.post("/predict", json={"instances": [[TRACKS[1]]]})).json()["predictions"] == [ROUTES[1]]
        rows = {"instances": [{"path": track} for track in TRACKS]}
        found = (await client.post("/v1/models/tracks:predict", json=rows)).json()["predictions"]
        assert found == [{"sums": route[:2], "counts": route[2]} for route in ROUTES]
        columns = {"inputs": {"points": [TRACKS[0]], "lengths": [3]}}
        found = (await client.post("/v1/models/tracks:predict", json=columns)).json()["outputs"]
        assert found == {"sums": [[9, 12]], "counts": [3]}
        inputs = [
            {"name": "points", "datatype": "FP32", "shape": [1, 3, 2], "data": TRACKS[0]},
            {"name": "lengths", "datatype": "INT64", "shape": [1], "data": [3]},
        ]
        answer = await client.post("/v2/models/tracks/infer", json={"inputs": inputs})
        assert [output["data"] for output in answer.json()["outputs"]] == [[9, 12], [3]]
        for verb in ("classify", "regress"):
            refused = await client.post(f"/v1/models/tracks:{verb}", json={"examples": [{"path": TRACKS[0]}]})
            assert refused.status_code == 400
            assert "predicts no label and no number" in refused.json()["error"]
        assert "array" in (await client.get("/openapi.json")).text


async def test_what_it_does_not_take_is_told_by_its_path(tmp_path: Path) -> None:
    async with serving.running(serving.app_of(write(tmp_path))) as client:
        refused = await predict(client, TRACKS[0], [[0, 0]] * 6)
        assert refused.status_code == 400
        assert "`instances[1].path`: expected at most 5 points" in refused.json()["error"]
        refused = await predict(client, [[1, "x"]])
        assert "`instances[0].path[0][1]`: expected a finite number" in refused.json()["error"]
        body = {"inputs": {"points": [TRACKS[1]], "lengths": [9]}}
        refused = await client.post("/v1/models/tracks:predict", json=body)
        assert "`lengths[0]`: expected no more than the points" in refused.json()["error"]


async def test_it_is_drifted_and_judged(tmp_path: Path) -> None:
    async with serving.running(serving.app_of(write(tmp_path), feedback=True)) as client:
        answer = await predict(client, *TRACKS)
        truth = [[9, 12, 3], [7, 9.5, 1], None]
        said = await client.post("/feedback", json={"id": answer.headers["x-request-id"], "values": truth})
        assert said.json()["counted"] == 2
        wrong = {"id": answer.headers["x-request-id"], "values": [None, None, 1]}
        assert "expected a list of three numbers" in (await client.post("/feedback", json=wrong)).json()["error"]
        metrics = (await client.get("/metrics")).text
        assert 'score="farthest",version="1"} 1.5' in metrics
        assert 'bin="4",feature="path",kind="feature",model="tracks",version="1"} 1.0' in metrics
        assert 'bin="1",feature="target",kind="prediction",model="tracks",version="1"} 1.0' in metrics


def test_golden_answers_are_compared_with_its_own_tolerance(tmp_path: Path) -> None:
    from app.runtime.model import load
    from app.settings import Settings

    assert load(write(tmp_path / "near", shift=0.4) / "tracks/1", Settings()).name == "tracks"
    with pytest.raises(BundleError, match="another route"):
        load(write(tmp_path / "far", shift=0.6) / "tracks/1", Settings())
