"""Bare ONNX models for the clients' checks: a graph and nothing else, with answers known by hand.

    write_all(root)  ->  root/<name>/1/model.onnx

    identity_<DATATYPE>   x [batch, n]                          -> y, the same
    add_sub               INPUT0, INPUT1 [batch, 16], INT32     -> OUTPUT0 the sum, OUTPUT1 the difference
    add_sub_FP32          as above, in floats
    scalar                x [batch, 4] FP32, factor [] INT64    -> y = x * factor
    fixed                 x [2, 3] FP32                         -> y = 2 * x
    slow                  x [1, 4] FP32                         -> y, the same, after some hundred milliseconds

It knows no server: what is written here is all that a server is given.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 18, 9
TYPES = {
    "BOOL": TensorProto.BOOL,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
}
TURNS = 600_000  # of the slow model's loop, at more than half a microsecond each; no number of cores shortens it
Shape = Sequence[str | int]


def write_all(root: Path) -> list[Path]:
    """Write every model below `root` and return their version folders."""
    models = {f"identity_{datatype}": identity(datatype) for datatype in TYPES}
    models |= {"add_sub": add_sub("INT32"), "add_sub_FP32": add_sub("FP32")}
    models |= {"scalar": scalar(), "fixed": fixed(), "slow": slow()}
    return [write(root, name, model) for name, model in models.items()]


def write(root: Path, name: str, model: onnx.ModelProto, version: int = 1) -> Path:
    """Write one model, with no manifest beside it."""
    folder = root / name / str(version)
    folder.mkdir(parents=True)
    onnx.save(model, str(folder / "model.onnx"))
    return folder


def identity(datatype: str) -> onnx.ModelProto:
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    shape: Shape = ["batch", "n"]
    return _model(nodes, [_tensor("x", datatype, shape)], [_tensor("y", datatype, shape)])


def add_sub(datatype: str) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Add", ["INPUT0", "INPUT1"], ["OUTPUT0"]),
        helper.make_node("Sub", ["INPUT0", "INPUT1"], ["OUTPUT1"]),
    ]
    inputs = [_tensor(name, datatype, ["batch", 16]) for name in ("INPUT0", "INPUT1")]
    outputs = [_tensor(name, datatype, ["batch", 16]) for name in ("OUTPUT0", "OUTPUT1")]
    return _model(nodes, inputs, outputs)


def scalar() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["factor"], ["float_factor"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "float_factor"], ["y"]),
    ]
    inputs = [_tensor("x", "FP32", ["batch", 4]), _tensor("factor", "INT64", [])]
    return _model(nodes, inputs, [_tensor("y", "FP32", ["batch", 4])])


def fixed() -> onnx.ModelProto:
    nodes = [helper.make_node("Add", ["x", "x"], ["y"])]
    return _model(nodes, [_tensor("x", "FP32", [2, 3])], [_tensor("y", "FP32", [2, 3])])


def slow() -> onnx.ModelProto:
    """Turn the sign of x an even number of times, one after the other; one row, or loading it would take long."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go_in"], ["go"]), helper.make_node("Neg", ["v_in"], ["v"])],
        "turn",
        [_tensor("turn", "INT64", []), _tensor("go_in", "BOOL", []), _tensor("v_in", "FP32", None)],
        [_tensor("go", "BOOL", []), _tensor("v", "FP32", None)],
    )
    nodes = [helper.make_node("Loop", ["turns", "on", "x"], ["y"], body=body)]
    constants = [
        numpy_helper.from_array(np.array(TURNS, np.int64), "turns"),
        numpy_helper.from_array(np.array(True), "on"),
    ]
    shape = [1, 4]
    return _model(nodes, [_tensor("x", "FP32", shape)], [_tensor("y", "FP32", shape)], constants)


def _tensor(name: str, datatype: str, shape: Shape | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TYPES[datatype], shape)


def _model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: Sequence[onnx.TensorProto] = (),
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "model", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model
