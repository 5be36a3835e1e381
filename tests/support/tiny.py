"""Tiny real bundles, made with `onnx.helper`: no TensorFlow, milliseconds to write, answers known by hand.

The graph is one linear layer: what a test expects can be computed in its head.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from app.bins.text import text_bins
from app.bundle import format1
from app.bundle import manifest as format2
from app.bundle import reader as bundles
from app.features.feature_set import FeatureSet
from app.features.row_reader import RowReader

WORDS = ("low", "high")
TEXTS = ("a good film", "bad", "good, not long")  # the graph adds one for `good`, and takes one for `bad`
PARTS = ("year", "month", "day", "weekday", "hour")
DAYS = {"minimum": 18_262.0, "maximum": 21_915.0}  # since 1970
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
    format: int = 1  # of the bundle; in format 1 numbers and booleans share a tensor
    dates: Sequence[str] = ()  # of format 2 alone
    offset: str | None = "+01:00"  # of the dates
    thresholds: Sequence[float] = (0.5, 0.5)  # of the labels of a `multilabel`
    words: Sequence[str] = WORDS  # what the strings may be
    texts: Sequence[str] = ()  # of format 2 alone
    longest: int = 100  # characters of a text
    cut: bool = False  # whether longer ones are cut
    far: float = 0.0  # of format 2: numbers are doubles about so far from zero, and so are the values of a regression

    @property
    def tensors(self) -> dict[str, tuple[str, list[str], int]]:
        """Input tensor -> its dtype, its features and the columns of each."""
        numbers, booleans = list(self.numbers), list(self.booleans)
        floats = {"numeric": [*numbers, *booleans]} if self.format == 1 else {"numeric": numbers, "boolean": booleans}
        found = {name: ("float32", features, 1) for name, features in floats.items()}
        if self.far:
            found["numeric"] = ("float64", numbers, 1)
        found |= {"categorical": ("string", list(self.strings), 1), "date": ("float32", list(self.dates), len(PARTS))}
        found["texts"] = ("string", list(self.texts), 1)
        return {name: tensor for name, tensor in found.items() if tensor[1]}


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
    word = "string" if tiny.format == 1 else "category"
    types = {
        "number": tiny.numbers,
        "boolean": tiny.booleans,
        word: tiny.strings,
        "date": tiny.dates,
        "text": tiny.texts,
    }
    features = [_feature(tiny, name, type_) for type_, names in types.items() for name in names]
    if tiny.order:
        features.sort(key=lambda feature: list(tiny.order).index(feature["name"]))
    regression = tiny.task == "regression"
    dtype = "float64" if regression and tiny.far else "float32"
    output = {"name": "value" if regression else "probabilities", "dtype": dtype}
    inputs = [
        {"name": name, "dtype": dtype, "shape": [None, len(names) * width]}
        for name, (dtype, names, width) in tiny.tensors.items()
    ]
    labels = None if regression else list(tiny.labels)
    answer: dict[str, Any] = {"type": "value"} if regression else {"type": "label", "labels": labels}
    if tiny.task == "multilabel":
        answer = {"type": "labels", "labels": labels, "thresholds": list(tiny.thresholds)}
    return {
        "format": tiny.format,
        "name": tiny.name,
        "version": tiny.version,
        **({"kind": "table", "labels": labels} if tiny.format == 1 else {"answer": answer}),
        "task": tiny.task,
        "created": "2026-01-01T00:00:00Z",
        "target": "target",
        "features": features,
        "inputs": inputs,
        "outputs": [{**output, "shape": [None, 1 if regression else len(tiny.labels)]}],
        "precision": "fp32",
        "metrics": {"shipped": {"accuracy": 1.0}},
        "libraries": {},
        "training": {},
    }


def instance(tiny: Tiny, row: int = 0) -> dict[str, Any]:
    """Return a complete row; different `row`s have different values."""
    values: dict[str, Any] = {name: tiny.far + round(0.25 * (row + i), 4) for i, name in enumerate(tiny.numbers)}
    values |= {name: bool((row + i) % 2) for i, name in enumerate(tiny.booleans)}
    values |= {name: tiny.words[(row + i) % len(tiny.words)] for i, name in enumerate(tiny.strings)}
    values |= {
        name: f"20{20 + row % 10}-0{1 + row % 9}-1{i % 10}T{10 + row % 10}:30" for i, name in enumerate(tiny.dates)
    }
    values |= {name: TEXTS[(row + i) % len(TEXTS)] for i, name in enumerate(tiny.texts)}
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
    numbers |= {name: number_bins([18_262, 20_089]) | DAYS for name in tiny.dates}  # 2020 and 2025 begin
    strings = {
        name: {
            "kind": "category",
            "values": [tiny.words[0]],
            "shares": [0.5],
            "other": 0.3,
            "missing": 0.1,
            "unseen": 0.1,
        }
        for name in tiny.strings
    }
    texts = {name: msgspec.to_builtins(text_bins(TEXTS)) | {"kind": "text"} for name in tiny.texts}
    shares = [1 / len(tiny.labels)] * len(tiny.labels)
    labels = {"kind": "category", "values": list(tiny.labels), "shares": shares, "other": 0.0, "missing": 0.0}
    prediction = number_bins(range(1, 10)) if tiny.task == "regression" else labels
    if tiny.task == "multilabel":
        share = 0.75 / len(tiny.labels)
        prediction = {"kind": "labels", "values": list(tiny.labels), "shares": [share] * len(tiny.labels), "none": 0.25}
    return {"rows": 1000, "features": {**numbers, **strings, **texts}, "prediction": prediction}


def number_bins(edges: Sequence[float]) -> dict[str, Any]:
    """Return bins of equal shares, of which nothing is missing."""
    bins = len(edges) + 1
    bounds = {"minimum": 0.0, "maximum": 10.0}
    return {"kind": "number", "edges": list(edges), "shares": [1 / bins] * bins, "missing": 0.0, **bounds}


def row_reader(tiny: Tiny, max_rows: int = 100) -> RowReader:
    """Return what reads the rows of a bundle, without one."""
    content = json.dumps({**manifest(tiny), "files": {}}).encode()
    written = format1.read(content) if tiny.format == 1 else format2.read(content)
    return RowReader(FeatureSet(written.features), max_rows)


def run(model: Path, inputs: dict[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """Run the graph by itself, with none of the service's code between."""
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0])


def tensors(tiny: Tiny, rows: Sequence[dict[str, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the graph's inputs for rows of named values, the long way round."""
    inputs: dict[str, np.ndarray[Any, Any]] = {}
    for name, (dtype, features, width) in tiny.tensors.items():
        if dtype == "string":
            inputs[name] = np.array([[row.get(n) or "" for n in features] for row in rows], object)
        elif width == 1:
            floats = [[np.nan if row.get(n) is None else float(row[n]) for n in features] for row in rows]
            inputs[name] = np.array(floats, dtype)
        else:
            inputs[name] = np.array(
                [[part for n in features for part in parts(row.get(n))] for row in rows], np.float32
            )
    return inputs


def parts(text: str | None) -> list[float]:
    """Return the parts of a moment that says no offset."""
    if text is None:
        return [np.nan] * len(PARTS)
    moment = datetime.fromisoformat(text)
    return [moment.year, moment.month, moment.day, moment.isoweekday(), moment.hour]


def graph(tiny: Tiny) -> onnx.ModelProto:
    """Missing numbers to zero, words to numbers, one linear layer, and a softmax for classes."""
    width = 1 if tiny.task == "regression" else len(tiny.labels)
    nodes: list[Any] = []
    initializers = [numpy_helper.from_array(np.zeros((), np.float32), "zero")]
    initializers += [numpy_helper.from_array(np.array([-1]), "last")] if tiny.texts else []
    inputs, columns, rows = [], [], 0
    for name, (dtype, features, wide) in tiny.tensors.items():
        kind = {"string": TensorProto.STRING, "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}[dtype]
        inputs.append(helper.make_tensor_value_info(name, kind, ["batch", len(features) * wide]))
        nodes += _nodes(name, dtype, tiny)
        columns.append(f"{name}_known")
        rows += len(features) * wide
    return _model(tiny, nodes, initializers, inputs, columns, rows, width)


def _nodes(name: str, dtype: str, tiny: Tiny) -> list[Any]:
    """From a tensor to a number for each of its columns."""
    if dtype == "string":
        return _texts(name) if name == "texts" else _words(name, tiny.words)
    return (_far_numbers if dtype == "float64" else _numbers)(name)


def _texts(name: str) -> list[Any]:
    """Sum the words of a text: the graph pads all texts to the longest, as those of training do."""
    cut = helper.make_node(
        "Tokenizer", [name], [f"{name}_words"], domain="com.microsoft",
        mark=0, mincharnum=1, pad_value="", separators=[" "],
    )  # fmt: skip
    (lookup,) = _words(f"{name}_words", ("good", "bad"), (1.0, -1.0))
    summed = helper.make_node("ReduceSum", [f"{name}_words_known", "last"], [f"{name}_known"], keepdims=0)
    return [cut, lookup, summed]


def _numbers(name: str) -> list[Any]:
    return [
        helper.make_node("IsNaN", [name], [f"{name}_missing"]),
        helper.make_node("Where", [f"{name}_missing", "zero", name], [f"{name}_known"]),
    ]


def _far_numbers(name: str) -> list[Any]:
    return [
        helper.make_node("Sub", [name, "far"], [f"{name}_near_64"]),
        helper.make_node("Cast", [f"{name}_near_64"], [f"{name}_near"], to=TensorProto.FLOAT),
        helper.make_node("IsNaN", [f"{name}_near"], [f"{name}_missing"]),
        helper.make_node("Where", [f"{name}_missing", "zero", f"{name}_near"], [f"{name}_known"]),
    ]


def _words(name: str, words: Sequence[str], values: Sequence[float] = ()) -> list[Any]:
    lookup = helper.make_node("LabelEncoder", [name], [f"{name}_known"], domain="ai.onnx.ml")
    lookup.attribute.extend(
        [
            helper.make_attribute("keys_strings", list(words)),
            helper.make_attribute("values_floats", values or [1.0 + place % 10 for place in range(len(words))]),
            helper.make_attribute("default_float", 0.0),
        ]
    )
    return [lookup]


def _model(
    tiny: Tiny, nodes: list[Any], initializers: list[Any], inputs: list[Any], columns: list[str], rows: int, width: int
) -> onnx.ModelProto:
    weights = (np.arange(rows * width, dtype=np.float32).reshape(rows, width) + 1) / 10 * np.float32(tiny.scale)
    bias = np.zeros(width, np.float32)
    bias[-1] = tiny.shift
    initializers += [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")]
    initializers += [numpy_helper.from_array(np.array(tiny.far), "far")] if tiny.far else []
    output = "value" if tiny.task == "regression" else "probabilities"
    nodes.append(helper.make_node("Concat", columns, ["columns"], axis=1))
    far = tiny.far and tiny.task == "regression"
    last = "near" if far else output if tiny.task == "regression" else "scores"
    nodes.append(helper.make_node("Gemm", ["columns", "weights", "bias"], [last]))
    if tiny.task != "regression":
        several = tiny.task == "multilabel"
        last_node = helper.make_node("Sigmoid", ["scores"], [output]) if several else None
        nodes.append(last_node or helper.make_node("Softmax", ["scores"], [output], axis=1))
    if far:
        nodes.append(helper.make_node("Cast", ["near"], ["near_64"], to=TensorProto.DOUBLE))
        nodes.append(helper.make_node("Add", ["near_64", "far"], [output]))
    kind = TensorProto.DOUBLE if far else TensorProto.FLOAT
    value = helper.make_tensor_value_info(output, kind, ["batch", width])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 2)]
    opsets += [helper.make_opsetid("com.microsoft", 1)] if tiny.texts else []
    made = helper.make_graph(nodes, "tiny", inputs, [value], initializers)
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def _feature(tiny: Tiny, name: str, type_: str) -> dict[str, Any]:
    optional = name in tiny.optional
    tensor, column = next((t, names.index(name)) for t, (_, names, _) in tiny.tensors.items() if name in names)
    feature: dict[str, Any] = {"name": name, "type": type_, "tensor": tensor, "column": column, "optional": optional}
    feature["missing_share"] = 0.1 if optional else 0.0
    if name in tiny.strings:
        feature["vocabulary"] = list(tiny.words)
    if type_ == "text":
        feature |= {"longest": tiny.longest, "cut": tiny.cut}
    if type_ == "number":
        feature |= {"minimum": tiny.far, "maximum": tiny.far + 10.0}
        feature |= {"dtype": "float64"} if tiny.far else {}
    if type_ == "date":
        feature |= {"offset": tiny.offset, "parts": list(PARTS), "minimum": "2020-01-01", "maximum": "2029-12-31T23:59"}
    return feature
