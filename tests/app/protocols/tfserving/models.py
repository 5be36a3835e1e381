"""Models for the tests of TensorFlow Serving's protocol: bare graphs with answers known by hand, and tiny bundles.

half_plus_two   x [n]                              -> y = x / 2 + 2, as in TensorFlow Serving's own tutorial
double          x [n, 4]                           -> y = 2 * x
matrix          x [n, 2, 2]                        -> y, the same
pair            a [n, 2], b [n] of whole numbers   -> "sum%" [n, 2], big [n] boolean
whole           x [n] of 32-bit whole numbers      -> y, the same
half            x [n] of 16-bit floats             -> y, the same
words           text [n, 2] of strings             -> echo, the same
blob            x [n] of strings                   -> x_bytes, the same, answered as base64
labelled        x [n] of strings                   -> word [n, 1] of strings, raw_bytes [n]
fixed           x [2, 3]                           -> y = 2 * x; other numbers of rows do not fit
total           x [n]                              -> y [], their sum: no row of its own
uneven          x [n]                              -> y [n], first [1]: outputs without rows in common
picked          x [n]                              -> kept [k], those above a half; column [k, 1]; none [k, 0]
inverse         x [n]                              -> y = 1 / x, which is not finite for 0
broken          no ONNX at all
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.support import tiny

OPSET, IR_VERSION = 18, 9
FLOAT, HALF, STRING, BOOL = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.STRING, TensorProto.BOOL
INT32, INT64 = TensorProto.INT32, TensorProto.INT64

CLASSES = tiny.Tiny(name="classes", task="multiclass", labels=("a", "50%", "c"))
NUMBER = tiny.Tiny(name="number", task="regression")

Tensor = tuple[str, int, Sequence[str | int]]


def write_all(root: Path) -> None:
    """Write every model of this module's list below `root`, and the bundles `classes` and `number`."""
    x: Tensor = ("x", FLOAT, ["n"])
    write_half_plus_two(root)
    _write(root, "double", [("Add", "x x", "y")], [("x", FLOAT, ["n", 4])], [("y", FLOAT, ["n", 4])])
    _write(root, "matrix", [("Identity", "x", "y")], [("x", FLOAT, ["n", 2, 2])], [("y", FLOAT, ["n", 2, 2])])
    _write(
        root,
        "pair",
        [("Add", "a a", "sum%"), ("Greater", "b two", "big")],
        [("a", FLOAT, ["n", 2]), ("b", INT64, ["n"])],
        [("sum%", FLOAT, ["n", 2]), ("big", BOOL, ["n"])],
        {"two": np.int64(2)},
    )
    _write(root, "whole", [("Identity", "x", "y")], [("x", INT32, ["n"])], [("y", INT32, ["n"])])
    _write(root, "half", [("Identity", "x", "y")], [("x", HALF, ["n"])], [("y", HALF, ["n"])])
    _write(root, "words", [("Identity", "text", "echo")], [("text", STRING, ["n", 2])], [("echo", STRING, ["n", 2])])
    _write(root, "blob", [("Identity", "x", "x_bytes")], [("x", STRING, ["n"])], [("x_bytes", STRING, ["n"])])
    _write(
        root,
        "labelled",
        [("Identity", "x", "raw_bytes"), ("Unsqueeze", "x last", "word")],
        [("x", STRING, ["n"])],
        [("word", STRING, ["n", 1]), ("raw_bytes", STRING, ["n"])],
        {"last": np.array([1])},
    )
    _write(root, "fixed", [("Add", "x x", "y")], [("x", FLOAT, [2, 3])], [("y", FLOAT, [2, 3])])
    _write(
        root,
        "total",
        [("ReduceSum", "x", "s"), ("Reshape", "s none", "y")],
        [x],
        [("y", FLOAT, [])],
        {"none": np.array([], np.int64)},
    )
    _write(
        root,
        "uneven",
        [("Identity", "x", "y"), ("ReduceMax", "x", "first")],
        [x],
        [("y", FLOAT, ["n"]), ("first", FLOAT, [1])],
    )
    _write(
        root,
        "picked",
        [
            ("Greater", "x half", "mask"),
            ("Compress", "x mask", "kept"),
            ("Unsqueeze", "kept last", "column"),
            ("Slice", "column zero zero last", "none"),
        ],
        [x],
        [("kept", FLOAT, ["k"]), ("column", FLOAT, ["k", 1]), ("none", FLOAT, ["k", 0])],
        {"half": np.float32(0.5), "last": np.array([1]), "zero": np.array([0])},
    )
    _write(root, "inverse", [("Div", "one x", "y")], [x], [("y", FLOAT, ["n"])], {"one": np.float32(1)})
    for bundle in (CLASSES, NUMBER):
        tiny.write(root, bundle)
    write_broken(root)


def write_half_plus_two(root: Path) -> None:
    """Write the model of TensorFlow Serving's tutorial."""
    nodes = [("Mul", "x half", "h"), ("Add", "h two", "y")]
    constants = {"half": np.float32(0.5), "two": np.float32(2)}
    _write(root, "half_plus_two", nodes, [("x", FLOAT, ["n"])], [("y", FLOAT, ["n"])], constants)


def write_shifted(root: Path, name: str, version: int) -> None:
    """Write a model whose answer tells its version: y = x + version."""
    constants = {"version": np.float32(version)}
    _write(root, name, [("Add", "x version", "y")], [("x", FLOAT, ["n"])], [("y", FLOAT, ["n"])], constants, version)


def write_broken(root: Path) -> None:
    """Write what cannot be loaded."""
    folder = root / "broken" / "1"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"no graph")


def _write(
    root: Path,
    name: str,
    nodes: Sequence[tuple[str, str, str]],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    constants: Mapping[str, Any] | None = None,
    version: int = 1,
) -> None:
    made = helper.make_graph(
        [helper.make_node(kind, names.split(), [output]) for kind, names, output in nodes],
        name,
        [helper.make_tensor_value_info(*tensor) for tensor in inputs],
        [helper.make_tensor_value_info(*tensor) for tensor in outputs],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()],
    )
    folder = root / name / str(version)
    folder.mkdir(parents=True)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.save(model, str(folder / "model.onnx"))
