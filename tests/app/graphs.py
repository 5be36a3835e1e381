"""Graphs without a manifest, made with `onnx.helper`: each a few nodes that show one thing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from tests.clients.models import IR_VERSION, OPSET, TYPES

Shape = Sequence[str | int | None] | None
Array = np.ndarray[Any, Any]
Refer = Callable[[str], onnx.ModelProto]  # the place of weights -> a graph that reads them there

node = helper.make_node


def tensor(name: str, shape: Shape, datatype: str = "FP32") -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TYPES[datatype], shape)


def graph(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    **constants: Array | onnx.TensorProto,
) -> onnx.ModelProto:
    tensors = [
        value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(np.asarray(value), name)
        for name, value in constants.items()
    ]
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_graph(nodes, "graph", inputs, outputs, tensors)
    return helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION)


def write(root: Path, model: onnx.ModelProto, name: str = "graph", version: int = 1) -> Path:
    """Write it as the version of a model, and return its folder; `tests.clients.models.write` checks it besides."""
    folder = root / name / str(version)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder


def one(op: str, **attributes: Any) -> onnx.ModelProto:
    """Make a graph of one node, from x to y, each (batch, 4)."""
    return graph([node(op, ["x"], ["y"], **attributes)], [tensor("x", ["batch", 4])], [tensor("y", ["batch", 4])])


def linear(datatype: str = "FP32") -> onnx.ModelProto:
    """Make y = x @ w, (batch, 4) to (batch, 2), with w of 1 to 8."""
    dtype = helper.tensor_dtype_to_np_dtype(TYPES[datatype])
    weights = np.arange(1, 9).reshape(4, 2).astype(dtype)
    ends = [tensor("x", ["batch", 4], datatype)], [tensor("y", ["batch", 2], datatype)]
    return graph([node("MatMul", ["x", "w"], ["y"])], *ends, w=weights)


def endless(turns: int = 10**9) -> onnx.ModelProto:
    """Make a loop that takes minutes."""
    body = helper.make_graph(
        [node("Identity", ["go_in"], ["go"]), node("Neg", ["v_in"], ["v"])],
        "turn",
        [tensor("turn", [], "INT64"), tensor("go_in", [], "BOOL"), tensor("v_in", None)],
        [tensor("go", [], "BOOL"), tensor("v", None)],
    )
    ends = [tensor("x", ["batch", 4])], [tensor("y", ["batch", 4])]
    return graph(
        [node("Loop", ["turns", "on", "x"], ["y"], body=body)], *ends, turns=np.array(turns), on=np.array(True)
    )


def filled(elements: int) -> onnx.ModelProto:
    """Make a graph that fills so many floats."""
    nodes = [
        node("ConstantOfShape", ["size"], ["many"]),
        node("ReduceMax", ["many"], ["c"], keepdims=0),
        node("Add", ["x", "c"], ["y"]),
    ]
    return graph(nodes, [tensor("x", ["batch", 4])], [tensor("y", ["batch", 4])], size=np.array([elements]))


def folding(rounds: int = 1000) -> onnx.ModelProto:
    """Make a graph of constants alone that are computed while its session is made, which takes minutes."""
    nodes = [node("ConstantOfShape", ["shape"], ["m0"], value=numpy_helper.from_array(np.array([1e-4], np.float32)))]
    nodes += [node("MatMul", [f"m{turn}", f"m{turn}"], [f"m{turn + 1}"]) for turn in range(rounds)]
    nodes += [node("ReduceMax", [f"m{rounds}"], ["c"], keepdims=0), node("Add", ["x", "c"], ["y"])]
    ends = [tensor("x", ["batch", 4])], [tensor("y", ["batch", 4])]
    return graph(nodes, *ends, shape=np.array([1500, 1500]))


def outside(location: str, name: str = "w") -> onnx.TensorProto:
    """Make a tensor of 400 floats that lies in the file `location`."""
    weights = onnx.TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[400], raw_data=b"")
    set_external_data(weights, location, offset=0, length=1600)
    weights.ClearField("raw_data")
    return weights
