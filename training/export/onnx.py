"""Export: a Keras model -> an ONNX graph that gives the same answers.

It knows nothing about training, compression or bundles.
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx.compose
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray

from training.columns.arrays import Arrays, Predict, distance, spread, take
from training.errors import ParityError
from training.features.features import Features
from training.network.network import Network
from training.tasks.parts import Output

OPSET = 18
BATCH = "batch"
PARITY_BATCHES = (1, 2, 7, 64)  # rows: a fixed batch dimension or a mixed-up axis shows at one of them
PARITY_TOLERANCE = 1e-5  # of a probability, or of the target's standard deviation


def export(network: Network) -> bytes:
    """Convert the served model: `from_keras` finds look-up tables only through the model that owns them."""
    signature = [tf.TensorSpec((None, *t.shape[1:]), t.dtype, name=t.name) for t in network.served.inputs]
    graph, _ = tf2onnx.convert.from_keras(network.served, input_signature=signature, opset=OPSET)
    inputs = []
    for encoder in network.encoders:
        front = encoder.front_graph()
        inputs += [tensor.name for tensor in (encoder.raw if front is None else front.graph.input)]
        graph = graph if front is None else _behind(front, graph)
    _arrange(graph.graph.input, inputs)
    _arrange(graph.graph.output, network.outputs)  # TensorFlow sorts them by name
    for tensor in (*graph.graph.input, *graph.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_param = BATCH
    graph.graph.name = "slipway"
    del graph.graph.value_info[:]
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString())


def _arrange(tensors: Any, names: Sequence[str]) -> None:
    """Put the inputs or outputs of a graph into the order of their names."""
    ordered = sorted(copy.deepcopy(list(tensors)), key=lambda tensor: names.index(tensor.name))
    del tensors[:]
    tensors.extend(ordered)


def _behind(front: onnx.ModelProto, graph: onnx.ModelProto) -> onnx.ModelProto:
    """Let a graph take what a front gives, by the names of its outputs."""
    graph.ir_version = front.ir_version = max(graph.ir_version, front.ir_version)
    names = [(output.name, output.name) for output in front.graph.output]
    return onnx.compose.merge_models(front, graph, io_map=names)


def parity_rows(features: Features, arrays: Arrays, seed: int) -> Arrays:
    """Return rows with missing, unseen and extreme values among them."""
    return features.spoiled(spread(arrays, max(PARITY_BATCHES)), np.random.default_rng(seed))


def check_parity(keras: Predict, session: Predict, rows: Arrays, outputs: Sequence[Output]) -> float:
    """Return the largest difference in units of the answer; raise a ParityError above the tolerance, or for NaN."""
    worst = 0.0
    for batch in PARITY_BATCHES:
        part = take(rows, slice(batch))
        expected, received = keras(part), session(part)
        worst = max(worst, *(_difference(expected[one.name], received[one.name], batch, one) for one in outputs))
    return worst


def _difference(expected: NDArray[Any], received: NDArray[Any], batch: int, of: Output) -> float:
    if expected.shape != received.shape:
        raise ParityError(f"At batch {batch}: expected answers of shape {expected.shape}. Received: {received.shape}.")
    difference = distance(expected, received) / of.unit
    if not difference <= PARITY_TOLERANCE:  # also when it is NaN
        raise ParityError(
            f"At batch {batch}: expected Keras and ONNX Runtime to agree within {PARITY_TOLERANCE:g}. "
            f"Received: {difference:g}. No bundle was written."
        )
    return difference
