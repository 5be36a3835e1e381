"""Graphs whose outputs have no row for each row that is asked: said at load, and refused for `instances`."""

import re
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import pytest

from app.errors import BundleError
from app.runtime.model import load
from app.scoring.check import Check, check
from app.settings import Settings
from tests.app import graphs
from tests.app.graphs import graph, node, tensor
from tests.clients import models
from tests.support import serving


def turned() -> onnx.ModelProto:
    """The batch is the second dimension of the output."""
    return graph([node("Transpose", ["x"], ["y"], perm=[1, 0])], [tensor("x", ["n", 3])], [tensor("y", [3, "n"])])


def turned_silently() -> onnx.ModelProto:
    """The same, of which the shapes say nothing."""
    nodes = [node("Transpose", ["x"], ["t"], perm=[1, 0]), node("Compress", ["t", "all"], ["y"], axis=0)]
    return graph(nodes, [tensor("x", ["n", 3])], [tensor("y", [None, None])], all=np.array([True] * 3))


def constant() -> onnx.ModelProto:
    return graph([node("Identity", ["c"], ["y"])], [], [tensor("y", [2])], c=np.array([1, 2], np.float32))


def nonzero() -> onnx.ModelProto:
    return graph([node("NonZero", ["x"], ["y"])], [tensor("x", ["n"])], [tensor("y", [1, "m"], "INT64")])


def pooled() -> onnx.ModelProto:
    """One row, whatever is asked."""
    nodes = [node("ReduceMean", ["x", "first"], ["mean"]), node("Compress", ["mean", "all"], ["y"], axis=0)]
    constants = {"first": np.array([0]), "all": np.array([True])}
    return graph(nodes, [tensor("x", ["n", 3])], [tensor("y", ["m", 3])], **constants)


def over_rows() -> onnx.ModelProto:
    """As many rows as were asked, which depend on one another: predictions nevertheless."""
    return graph([node("Softmax", ["x"], ["y"], axis=0)], [tensor("x", ["n", 3])], [tensor("y", ["n", 3])])


def kept() -> onnx.ModelProto:
    """The sums so far of as many rows as are small: only a request shows that they are too few."""
    nodes = [
        node("ReduceMax", ["x", "last"], ["largest"], keepdims=0),
        node("Less", ["largest", "limit"], ["keep"]),
        node("Compress", ["x", "keep"], ["small"], axis=0),
        node("CumSum", ["small", "first"], ["y"]),
    ]
    constants = {"last": np.array([1]), "limit": np.array(1000, np.float32), "first": np.array(0)}
    return graph(nodes, [tensor("x", ["n", 3])], [tensor("y", ["m", 3])], **constants)


ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
ROWLESS: dict[str, tuple[onnx.ModelProto, list[Any], str]] = {
    "turned": (turned(), ROWS, "the output y FP32 [3, -1] has 3 rows, whatever is asked"),
    "turned with as many rows as columns": (turned(), [*ROWS, ROWS[0]], "has 3 rows, whatever is asked"),
    "turned silently": (turned_silently(), ROWS, "the output y FP32 [-1, -1] of 1 row has the shape [3, 1]"),
    "a constant": (constant(), [{}, {}, {}], "it has no input"),
    "a constant, by chance": (constant(), [{}, {}], "it has no input"),
    "nonzero": (nonzero(), [0.0, 1.0, 2.0], "the output y INT64 [1, -1] has 1 rows, whatever is asked"),
    "pooled": (pooled(), ROWS, "the output y FP32 [-1, 3] of 3 rows has the shape [1, 3]"),
}


async def predict(root: Path, body: object) -> httpx.Response:
    async with serving.running(serving.app_of(root)) as client:
        return await client.post("/v1/models/graph:predict", json=body)


@pytest.mark.parametrize("name", ROWLESS)
async def test_outputs_without_a_row_for_each_instance_are_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason, which `check` has said; as `inputs` the same is answered."""
    model, rows, why = ROWLESS[name]
    graphs.write(tmp_path, model)
    answer = await predict(tmp_path, {"instances": rows})
    assert answer.status_code == 400
    assert re.search(f"expected `inputs`, because .*{re.escape(why)}", answer.json()["error"])
    check(Check(models=tmp_path))
    assert re.search(rf"Rows as `instances` are refused, because .*{re.escape(why)}\.", capsys.readouterr().out)
    columns = {} if rows[0] == {} else rows
    assert (await predict(tmp_path, {"inputs": columns})).status_code == 200


async def test_only_a_request_may_show_it(tmp_path: Path) -> None:
    """By its own numbers of rows; one that fits is answered."""
    graphs.write(tmp_path, kept())
    answer = await predict(tmp_path, {"instances": [ROWS[0], [1.0, 2.0, 9999.0]]})
    assert answer.status_code == 400
    assert "the outputs for 2 rows have not as many. Received: {'y': [1, 3]}" in answer.json()["error"]
    assert (await predict(tmp_path, {"instances": ROWS})).json() == {"predictions": [ROWS[0], [5.0, 7.0, 9.0]]}


@pytest.mark.parametrize("make", [over_rows, models.fixed])
async def test_rows_with_a_row_each_are_answered(make: object, tmp_path: Path) -> None:
    """Although requests do not share a run."""
    graphs.write(tmp_path, make())  # type: ignore[operator]
    answer = await predict(tmp_path, {"instances": ROWS})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["predictions"]) == 2


# ── no request can be answered ──


def impossible() -> onnx.ModelProto:
    """Four rows are added to two, which nothing but a run shows."""
    nodes = [node("Compress", ["x", "all"], ["held"], axis=0), node("Add", ["held", "four"], ["y"])]
    constants = {"all": np.array([True, True]), "four": np.zeros((4, 3), np.float32)}
    return graph(nodes, [tensor("x", [2, 3])], [tensor("y", None)], **constants)


def test_a_graph_that_cannot_answer_is_refused(tmp_path: Path) -> None:
    """Its sizes leave nothing open, and whatever was tried failed for one reason."""
    folder = graphs.write(tmp_path, impossible())
    with pytest.raises(BundleError, match=r"expected a graph that can answer\. .*cannot run it"):
        load(folder, Settings())


def test_a_graph_whose_inputs_no_body_holds_is_refused(tmp_path: Path) -> None:
    """A thousand numbers take two bytes each, however they are sent."""
    wide = graph([node("Neg", ["x"], ["y"])], [tensor("x", [1, 1000])], [tensor("y", [1, 1000])])
    folder = graphs.write(tmp_path, wide)
    assert load(folder, Settings(max_body_bytes=2000)).name == "graph"
    with pytest.raises(BundleError, match=r"a body of 1999 bytes .* Received: at least 2000 bytes"):
        load(folder, Settings(max_body_bytes=1999))


@pytest.mark.parametrize("kind", ["BFLOAT16", "FLOAT8E4M3FN", "COMPLEX64"])
def test_a_type_that_cannot_be_sent_is_named_beside_those_that_can(kind: str, tmp_path: Path) -> None:
    code = getattr(onnx.TensorProto, kind)
    x, y = [onnx.helper.make_tensor_value_info(name, code, ["n", 2]) for name in "xy"]
    folder = graphs.write(tmp_path, graph([node("Identity", ["x"], ["y"])], [x], [y]))
    with pytest.raises(BundleError, match=r"of the types BOOL, .*, BYTES\. Received: x tensor\(|cannot load it"):
        load(folder, Settings())
