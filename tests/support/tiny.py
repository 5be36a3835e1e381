"""Tiny real bundles, made with `onnx.helper`: no TensorFlow, milliseconds to write, answers known by hand.

The graph is one linear layer: what a test expects can be computed in its head.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from app.bundle import reader as bundles

WORDS = ("low", "high")
Edit = Callable[[dict[str, Any]], None]


@dataclass
class Tiny:
    """What a tiny bundle is made of; the fields are the knobs of the tests."""

    name: str = "tiny"
    version: int = 1
    task: str = "binary"
    numbers: Sequence[str] = ("age", "hours-per-week")
    booleans: Sequence[str] = ("member",)
    strings: Sequence[str] = ("level",)
    optional: Sequence[str] = ("hours-per-week", "level")
    labels: Sequence[str] = ("no", "yes")
    scale: float = 1.0  # times the weights: large ones let large numbers overflow
    shift: float = 0.0  # added to the last output: two versions that answer differently
    order: Sequence[str] = field(default_factory=list)  # manifest order; default: as above
    profiled: bool = False  # whether training's distribution lies beside it: drift is counted then


def write(root: Path, tiny: Tiny | None = None, edit: Edit | None = None) -> Path:
    """Write a bundle below `root` and return its folder; `edit` changes the manifest before it is written."""
    tiny = tiny or Tiny()
    folder = root / tiny.name / str(tiny.version)
    folder.mkdir(parents=True)
    onnx.save(graph(tiny), str(folder / bundles.MODEL))
    (folder / bundles.GOLDEN).write_text(json.dumps(golden(tiny, folder / bundles.MODEL)))
    (folder / bundles.PROFILE).write_text(json.dumps(profile(tiny) if tiny.profiled else {}))
    (folder / bundles.CARD).write_text(f"# {tiny.name}\n")
    rewrite_manifest(folder, manifest(tiny), edit)
    return folder


def rewrite_manifest(folder: Path, content: dict[str, Any], edit: Edit | None = None) -> None:
    """Write the manifest with the hashes of what lies in the folder now."""
    content["files"] = {
        name: {"sha256": bundles.sha256(folder / name), "bytes": (folder / name).stat().st_size}
        for name in bundles.REQUIRED_FILES
    }
    if edit is not None:
        edit(content)
    (folder / bundles.MANIFEST).write_text(json.dumps(content))


def manifest(tiny: Tiny) -> dict[str, Any]:
    """Return the manifest without its `files`."""
    features = [_feature(tiny, name, "number", i) for i, name in enumerate(tiny.numbers)]
    features += [_feature(tiny, name, "boolean", len(tiny.numbers) + i) for i, name in enumerate(tiny.booleans)]
    features += [_feature(tiny, name, "string", i) for i, name in enumerate(tiny.strings)]
    if tiny.order:
        features.sort(key=lambda feature: list(tiny.order).index(feature["name"]))
    regression = tiny.task == "regression"
    output = {"name": "value" if regression else "probabilities", "dtype": "float32"}
    inputs = []
    if floats := len(tiny.numbers) + len(tiny.booleans):
        inputs.append({"name": "numeric", "dtype": "float32", "shape": [None, floats]})
    if tiny.strings:
        inputs.append({"name": "categorical", "dtype": "string", "shape": [None, len(tiny.strings)]})
    return {
        "format": 1,
        "name": tiny.name,
        "version": tiny.version,
        "kind": "table",
        "task": tiny.task,
        "created": "2026-01-01T00:00:00Z",
        "target": "target",
        "features": features,
        "inputs": inputs,
        "outputs": [{**output, "shape": [None, 1 if regression else len(tiny.labels)]}],
        "labels": None if regression else list(tiny.labels),
        "precision": "fp32",
        "metrics": {"shipped": {"accuracy": 1.0}},
        "libraries": {},
        "training": {},
    }


def instance(tiny: Tiny, row: int = 0) -> dict[str, Any]:
    """Return a complete row; different `row`s have different values."""
    values: dict[str, Any] = {name: round(0.25 * (row + i), 4) for i, name in enumerate(tiny.numbers)}
    values |= {name: bool((row + i) % 2) for i, name in enumerate(tiny.booleans)}
    values |= {name: WORDS[(row + i) % 2] for i, name in enumerate(tiny.strings)}
    return values


def golden(tiny: Tiny, model: Path) -> dict[str, Any]:
    """Return eight rows, one of them with missing values, and the graph's own answers."""
    rows = [instance(tiny, row) for row in range(8)]
    rows[-1] |= dict.fromkeys(name for name in tiny.optional if name in rows[-1])
    name = "value" if tiny.task == "regression" else "probabilities"
    answers = run(model, tensors(tiny, rows))
    return {"instances": rows, "outputs": {name: answers.tolist()}, "atol": 1e-5, "rtol": 1e-5}


def profile(tiny: Tiny) -> dict[str, Any]:
    """Return bins that can be counted in the head: numbers at 1, 2 … 9, words half `low`, labels evenly."""
    numbers = {name: number_bins(range(1, 10)) for name in tiny.numbers}
    numbers |= {name: number_bins([0]) for name in tiny.booleans}
    strings = {
        name: {"kind": "category", "values": ["low"], "shares": [0.5], "other": 0.3, "missing": 0.1, "unseen": 0.1}
        for name in tiny.strings
    }
    shares = [1 / len(tiny.labels)] * len(tiny.labels)
    labels = {"kind": "category", "values": list(tiny.labels), "shares": shares, "other": 0.0, "missing": 0.0}
    prediction = number_bins(range(1, 10)) if tiny.task == "regression" else labels
    return {"rows": 1000, "features": {**numbers, **strings}, "prediction": prediction}


def number_bins(edges: Sequence[float]) -> dict[str, Any]:
    """Return bins of equal shares, of which nothing is missing."""
    bins = len(edges) + 1
    bounds = {"minimum": 0.0, "maximum": 10.0}
    return {"kind": "number", "edges": list(edges), "shares": [1 / bins] * bins, "missing": 0.0, **bounds}


def run(model: Path, inputs: dict[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """Run the graph by itself, with none of the service's code between."""
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0])


def tensors(tiny: Tiny, rows: Sequence[dict[str, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the graph's inputs for rows of named values, the long way round."""
    floats = [*tiny.numbers, *tiny.booleans]
    inputs: dict[str, np.ndarray[Any, Any]] = {}
    if floats:
        numeric = [[np.nan if row.get(n) is None else float(row[n]) for n in floats] for row in rows]
        inputs["numeric"] = np.array(numeric, np.float32)
    if tiny.strings:
        inputs["categorical"] = np.array([[row.get(n) or "" for n in tiny.strings] for row in rows], object)
    return inputs


def graph(tiny: Tiny) -> onnx.ModelProto:
    """Missing numbers to zero, words to numbers, one linear layer, and a softmax for classes."""
    width = 1 if tiny.task == "regression" else len(tiny.labels)
    nodes, initializers, inputs, columns = [], [], [], []
    if floats := len(tiny.numbers) + len(tiny.booleans):
        inputs.append(helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["batch", floats]))
        initializers.append(numpy_helper.from_array(np.zeros((), np.float32), "zero"))
        nodes += [
            helper.make_node("IsNaN", ["numeric"], ["missing"]),
            helper.make_node("Where", ["missing", "zero", "numeric"], ["numbers"]),
        ]
        columns.append("numbers")
    if tiny.strings:
        inputs.append(helper.make_tensor_value_info("categorical", TensorProto.STRING, ["batch", len(tiny.strings)]))
        lookup = helper.make_node("LabelEncoder", ["categorical"], ["words"], domain="ai.onnx.ml")
        lookup.attribute.extend(
            [
                helper.make_attribute("keys_strings", list(WORDS)),
                helper.make_attribute("values_floats", [1.0, 2.0]),
                helper.make_attribute("default_float", 0.0),
            ]
        )
        nodes.append(lookup)
        columns.append("words")
    return _model(tiny, nodes, initializers, inputs, columns, floats + len(tiny.strings), width)


def _model(
    tiny: Tiny, nodes: list[Any], initializers: list[Any], inputs: list[Any], columns: list[str], rows: int, width: int
) -> onnx.ModelProto:
    weights = (np.arange(rows * width, dtype=np.float32).reshape(rows, width) + 1) / 10 * np.float32(tiny.scale)
    bias = np.zeros(width, np.float32)
    bias[-1] = tiny.shift
    initializers += [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")]
    output = "value" if tiny.task == "regression" else "probabilities"
    nodes.append(helper.make_node("Concat", columns, ["columns"], axis=1))
    last = output if tiny.task == "regression" else "scores"
    nodes.append(helper.make_node("Gemm", ["columns", "weights", "bias"], [last]))
    if tiny.task != "regression":
        nodes.append(helper.make_node("Softmax", ["scores"], [output], axis=1))
    value = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", width])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 2)]
    made = helper.make_graph(nodes, "tiny", inputs, [value], initializers)
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def _feature(tiny: Tiny, name: str, type_: str, column: int) -> dict[str, Any]:
    optional = name in tiny.optional
    feature: dict[str, Any] = {"name": name, "type": type_, "column": column, "optional": optional}
    feature["tensor"] = "categorical" if type_ == "string" else "numeric"
    feature["missing_share"] = 0.1 if optional else 0.0
    if type_ == "string":
        feature["vocabulary"] = list(WORDS)
    if type_ == "number":
        feature |= {"minimum": 0.0, "maximum": 10.0}
    return feature
