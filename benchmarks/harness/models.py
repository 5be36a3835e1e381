"""The models of the comparison, made with `onnx.helper` from a seed: no training, no TensorFlow.

    build(name)    graph and golden answers -> a bundle that the service loads through its normal road -> Model

Each graph takes one tensor `numeric`, (rows, features) float32; the convolution gives it its shape inside the graph.
`adult` is the committed bundle of real, named features; only this service can serve it as it is.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from app.bundle import reader as bundles

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "bench"
ADULT = "adult-income"  # among the committed bundles
FORMAT = 1  # of the manifests that are written here: every commit reads it, so that two can be compared
GOLDEN_ROWS = 8
DIGITS = 6  # of each number in a body: what a float32 feature looks like after scaling
IMAGE = 28
CLASSES = 10

Array = NDArray[Any]


@dataclass(frozen=True)
class Model:
    """What a server is asked to serve, and how to know that it does."""

    name: str
    folder: Path  # holds <name>/<version>, as the service wants its models
    graph: Path
    rows: list[Any]  # instances, as a body carries them
    answers: list[list[float]]  # one a row: every output of the graph
    tensor: str = "numeric"

    @property
    def features(self) -> int:
        return len(self.rows[0])


class Layers:
    """Nodes and weights of a graph under construction; `top` names the tensor that the next layer takes."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.top = "numeric"
        self._generator = np.random.default_rng(seed)

    def add(self, kind: str, *weights: Array, output: str | None = None, **attributes: Any) -> None:
        """Put a node on top."""
        names = [f"w{len(self.weights) + i}" for i in range(len(weights))]
        self.weights += [numpy_helper.from_array(w, n) for w, n in zip(weights, names, strict=True)]
        out = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.top, *names], [out], **attributes))
        self.top = out

    def dense(self, fan_in: int, fan_out: int, output: str | None = None) -> None:
        """Put a fully connected layer on top."""
        self.add("Gemm", self.random((fan_in, fan_out), fan_in), np.zeros(fan_out, np.float32), output=output)

    def convolution(self, fan_in: int, fan_out: int) -> None:
        """Put a 3x3 convolution, a ReLU and a 2x2 pooling on top."""
        kernel = self.random((fan_out, fan_in, 3, 3), fan_in * 9)
        self.add("Conv", kernel, np.zeros(fan_out, np.float32), kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        self.add("Relu")
        self.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])

    def random(self, shape: tuple[int, ...], fan_in: int) -> Array:
        """Draw weights by He's rule."""
        weights: Array = self._generator.normal(size=shape) * np.sqrt(2 / fan_in)
        return weights.astype(np.float32)


def build(name: str) -> Model | None:
    """Make the bundle of `name` and return the model; None if it is `adult` and that is not there."""
    if name == "adult":
        return committed(ROOT, "adult")
    layers = MAKERS[name]()
    return _write(name, layers)


def tabular() -> Layers:
    """5-16-1: as little work as a model can be."""
    layers = Layers(seed=1)
    layers.dense(5, 16)
    layers.add("Relu")
    layers.dense(16, 1, output="value")
    return layers


def wide() -> Layers:
    """512-2048-2048-10: wide rows and 21 MB of weights."""
    layers = Layers(seed=2)
    for fan_in, fan_out in ((512, 2048), (2048, 2048)):
        layers.dense(fan_in, fan_out)
        layers.add("Relu")
    layers.dense(2048, CLASSES)
    layers.add("Softmax", output="probabilities", axis=1)
    return layers


def images() -> Layers:
    """A small convolutional network on 28x28 images of one channel, given as 784 numbers."""
    layers = Layers(seed=3)
    layers.add("Reshape", np.array([-1, 1, IMAGE, IMAGE], np.int64))
    layers.convolution(1, 8)
    layers.convolution(8, 16)
    layers.add("Flatten", axis=1)
    layers.dense(16 * (IMAGE // 4) ** 2, CLASSES)
    layers.add("Softmax", output="probabilities", axis=1)
    return layers


MAKERS: dict[str, Callable[[], Layers]] = {"tabular": tabular, "wide": wide, "images": images}
WIDTHS = {"tabular": 5, "wide": 512, "images": IMAGE * IMAGE}
NAMES = (*MAKERS, "adult")


def _write(name: str, layers: Layers) -> Model:
    """Write the bundle, and return it with the answers that ONNX Runtime gives."""
    folder = BUILD / "models" / name
    version = folder / name / "1"
    version.mkdir(parents=True, exist_ok=True)
    onnx.save(_graph(name, layers), str(version / bundles.MODEL))
    rows = np.random.default_rng(0).normal(size=(GOLDEN_ROWS, WIDTHS[name])).round(DIGITS).tolist()
    answers = _answers(version / bundles.MODEL, layers.top, rows)
    names = [f"x{i}" for i in range(WIDTHS[name])]
    golden = {"instances": [dict(zip(names, row, strict=True)) for row in rows], "outputs": {layers.top: answers}}
    (version / bundles.GOLDEN).write_text(json.dumps({**golden, "atol": 1e-4, "rtol": 1e-3}))
    (version / bundles.PROFILE).write_text("{}")
    (version / bundles.CARD).write_text(f"# {name}\n\nMade from a seed for the benchmark.\n")
    (version / bundles.MANIFEST).write_text(json.dumps(_manifest(name, layers.top, names, version)))
    return Model(name, folder, version / bundles.MODEL, rows, answers)


def _graph(name: str, layers: Layers) -> onnx.ModelProto:
    outputs = 1 if layers.top == "value" else CLASSES
    source = helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["batch", WIDTHS[name]])
    target = helper.make_tensor_value_info(layers.top, TensorProto.FLOAT, ["batch", outputs])
    graph = helper.make_graph(layers.nodes, name, [source], [target], layers.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _answers(graph: Path, output: str, rows: list[list[float]]) -> list[list[float]]:
    session = ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    found: Array = session.run([output], {"numeric": np.array(rows, np.float32)})[0]  # (rows, outputs)
    answers: list[list[float]] = found.tolist()
    return answers


def _manifest(name: str, output: str, names: list[str], folder: Path) -> dict[str, Any]:
    regression = output == "value"
    common = {"type": "number", "tensor": "numeric", "optional": False, "missing_share": 0.0}
    return {
        "format": FORMAT,
        "name": name,
        "version": 1,
        "kind": "table",
        "task": "regression" if regression else "multiclass",
        "created": "2026-01-01T00:00:00Z",
        "target": "target",
        "features": [{"name": feature, "column": i, **common} for i, feature in enumerate(names)],
        "inputs": [{"name": "numeric", "dtype": "float32", "shape": [None, len(names)]}],
        "outputs": [{"name": output, "dtype": "float32", "shape": [None, 1 if regression else CLASSES]}],
        "labels": None if regression else [str(i) for i in range(CLASSES)],
        "precision": "fp32",
        "metrics": {},
        "libraries": {},
        "training": {},
        "files": {
            file: {"sha256": bundles.sha256(folder / file), "bytes": (folder / file).stat().st_size}
            for file in bundles.REQUIRED_FILES
        },
    }


def committed(root: Path, name: str) -> Model | None:
    """Find the newest version of the bundle that a checkout commits, or None; it is served from a folder of its own."""
    adult = root / "models" / ADULT
    versions = bundles.versions(adult) if adult.is_dir() else []
    if not versions:
        return None
    version = adult / str(versions[-1])
    folder = BUILD / "models" / name
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / ADULT
    link.unlink(missing_ok=True)
    link.symlink_to(adult)
    golden = json.loads((version / bundles.GOLDEN).read_text())
    answers = next(iter(golden["outputs"].values()))
    return Model("adult", folder, version / bundles.MODEL, golden["instances"], answers)
