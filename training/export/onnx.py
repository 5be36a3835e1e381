"""Export: a Keras model -> an ONNX graph that gives the same answers.

It knows nothing about training, compression or bundles.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray

from training.columns.arrays import Arrays, Predict, distance, spread, take
from training.errors import ParityError
from training.export.fronts import Fronts, arrange
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
    body, _ = tf2onnx.convert.from_keras(network.served, input_signature=signature, opset=OPSET)
    body.graph.name = "slipway"
    arrange(body.graph.output, network.outputs)  # TensorFlow sorts them by name
    graph = Fronts.of(network).before(body)
    for tensor in (*graph.graph.input, *graph.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_param = BATCH
    del graph.graph.value_info[:]
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString())


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
