"""Quantize: an fp32 graph -> the same graph with narrower weights, in every way that is worth measuring.

    fp32 ─┬─ fp16                      weights kept in 16 bits, computed in 32
          ├─ int8-dynamic              scales of the activations from each batch
          ├─ int8-static …             from training rows: by their extremes, by entropy, by a percentile
          ├─ int8-static-u8, -8bit     weights without a sign; weights of 8 bits instead of 7
          └─ int8-static+fp16          what int8 leaves in 32 bits kept in 16

Only matrix products are quantized: look-ups, encodings and the head's softmax stay in fp32.
It knows nothing about Keras, tasks or how graphs are judged.
"""

import contextlib
import io
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime import quantization
from onnxruntime.quantization import CalibrationMethod, QuantType
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.columns.arrays import Arrays, row_count, spread, take
from training.options.rooms import Precision

CALIBRATION_ROWS = 2048
CALIBRATION_BATCH_ROWS = 256
QUANTIZED = ["MatMul", "Gemm"]
HALVED = (*QUANTIZED, "Gather")  # what reads weights: products and embedding tables
HALVED_NUMBERS = 256  # a smaller tensor is not worth its cast
LARGEST_HALF = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Kept:
    """Names of layers, and so parts of the names of their nodes, that stay as they are."""

    exact: tuple[str, ...]  # whose constants no format of fewer than 32 bits can hold
    unquantized: tuple[str, ...]  # whose products stay in a graph of 8 bits


@dataclass(frozen=True, eq=False)
class Draft:
    """A graph that might ship, not yet measured."""

    name: str
    precision: Precision
    graph: bytes
    portable: bool = True  # it gives the same answers on every processor


@dataclass(frozen=True)
class Static:
    """A way of static int8; weights have 7 bits unless `reduce_range` says otherwise."""

    name: str
    how: Mapping[str, Any] = field(default_factory=dict)
    portable: bool = True


# Processors without VNNI add two products of 8 bits in 16 (VPMADDUBSW), which saturates: with weights of 7 bits it
# cannot (255 * 64 * 2 < 2^15), and weights without a sign are widened to 16 bits first, at twice the time.
# Activations are S8: ONNX Runtime turns them into U8 on x86 and keeps them where S8 is faster.
WAYS = (
    Static("int8-static"),
    Static("int8-static-entropy", {"calibrate_method": CalibrationMethod.Entropy}),
    Static(
        "int8-static-percentile",
        {"calibrate_method": CalibrationMethod.Percentile, "extra_options": {"CalibPercentile": 99.999}},
    ),
    Static(
        "int8-static-u8", {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8, "reduce_range": False}
    ),
    Static("int8-static-8bit", {"reduce_range": False}, portable=False),
)
PLAIN = WAYS[:1]


def drafts(graph: bytes, calibration: Arrays, kept: Kept) -> Iterator[Draft]:
    """Make every narrower graph, one after the other; what would not change the graph is left out."""
    if (half := halved(graph, kept)) is not graph:
        yield Draft("fp16", "fp16", half)
    if not _has_products(graph):
        return
    yield Draft("int8-dynamic", "int8-dynamic", dynamic(graph, kept))
    for draft in statics(graph, calibration, kept, WAYS):
        yield draft
        if draft.name == WAYS[0].name and (half := halved(draft.graph, kept)) is not draft.graph:
            yield Draft(f"{draft.name}+fp16", "int8-static", half)


def dynamic(graph: bytes, kept: Kept) -> bytes:
    """Quantize the weights; each run takes the scales of its activations from its own rows."""
    with _folder(graph) as (source, target):
        quantization.quantize_dynamic(source, target, **_how(source, kept))
        return _content(onnx.load(target))


def statics(graph: bytes, calibration: Arrays, kept: Kept, ways: tuple[Static, ...] = PLAIN) -> Iterator[Draft]:
    """Quantize weights and activations, by scales from training rows."""
    if not _has_products(graph):
        return
    with _folder(graph) as (source, target):
        for way in ways:
            how = {**_how(source, kept), **way.how}
            with contextlib.redirect_stdout(io.StringIO()):  # the quantizer prints its progress
                quantization.quantize_static(source, target, _Calibration(calibration), **how)
            yield Draft(way.name, "int8-static", _read_directly(onnx.load(target), kept), way.portable)


def halved(graph: bytes, kept: Kept) -> bytes:
    """Keep learned weights in 16 bits, each with a cast to 32: ONNX Runtime casts once, at load.

    The answers are those of the rounded weights, in the same time on every processor; only the file is smaller.
    """
    model = onnx.load_model_from_string(graph)
    readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in model.graph.node:
        for name in node.input:
            readers[name].append(node)
    narrow = (tensor for tensor in model.graph.initializer if _may_be_halved(tensor, readers[tensor.name], kept))
    casts = [_halve(tensor) for tensor in narrow]
    if not casts:
        return graph
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    return bytes(model.SerializeToString())


def _has_products(graph: bytes) -> bool:
    return any(node.op_type in QUANTIZED for node in onnx.load_model_from_string(graph).graph.node)


def _may_be_halved(tensor: onnx.TensorProto, readers: list[onnx.NodeProto], kept: Kept) -> bool:
    if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) < HALVED_NUMBERS:
        return False
    if not all(node.op_type in HALVED and not _named(node, kept.exact) for node in readers):
        return False
    return bool(np.abs(numpy_helper.to_array(tensor)).max() <= LARGEST_HALF)


def _halve(tensor: onnx.TensorProto) -> onnx.NodeProto:
    """Narrow a tensor in place, under another name, and return the cast that takes the old one."""
    name = tensor.name
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}/fp16"))
    return helper.make_node("Cast", [tensor.name], [name], name=f"{name}/cast", to=onnx.TensorProto.FLOAT)


@contextlib.contextmanager
def _folder(graph: bytes) -> Iterator[tuple[Path, Path]]:
    """Prepare a graph for the quantizers, which read and write files."""
    with tempfile.TemporaryDirectory() as folder:
        original, source, target = (Path(folder) / name for name in ("fp32.onnx", "prepared.onnx", "int8.onnx"))
        original.write_bytes(graph)
        quant_pre_process(str(original), str(source), skip_symbolic_shape=True)
        yield source, target


def _how(source: Path, kept: Kept) -> dict[str, Any]:
    excluded = [node.name for node in onnx.load(source).graph.node if _named(node, kept.unquantized)]
    return {"op_types_to_quantize": QUANTIZED, "nodes_to_exclude": excluded, "per_channel": True, "reduce_range": True}


def _named(node: onnx.NodeProto, layers: tuple[str, ...]) -> bool:
    return any(name in node.name for name in layers)


def _read_directly(model: onnx.ModelProto, kept: Kept) -> bytes:
    """Let what is not quantized read a shared tensor as it was, and not its eight bits turned back.

    Where another node reads the same eight-bit tensor as a product, ONNX Runtime does not fuse the product: a row took
    five times as long.
    """
    nodes = model.graph.node
    made_by = {output: node for node in nodes for output in node.output}
    readers = Counter(name for node in nodes for name in node.input)
    for node in nodes:
        if node.op_type in QUANTIZED and not _named(node, kept.unquantized):
            continue
        for place, name in enumerate(node.input):
            back = made_by.get(name)
            if back is not None and back.op_type == "DequantizeLinear" and readers[name] > 1:
                there = made_by.get(back.input[0])  # its QuantizeLinear; none where it is a shared weight
                node.input[place] = there.input[0] if there is not None else name
    return _content(model)


def _content(model: onnx.ModelProto) -> bytes:
    """Serialize without the shapes of inner tensors, which ONNX Runtime infers anyway."""
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())


class _Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Training rows in batches, as the static quantizer asks for them."""

    def __init__(self, arrays: Arrays) -> None:
        batches = min(CALIBRATION_ROWS, row_count(arrays)) // CALIBRATION_BATCH_ROWS  # histograms want them all alike
        rows = batches * CALIBRATION_BATCH_ROWS or row_count(arrays)
        some, starts = spread(arrays, rows), range(0, rows, CALIBRATION_BATCH_ROWS)
        self._batches = (take(some, slice(start, start + CALIBRATION_BATCH_ROWS)) for start in starts)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)
