"""Beside: what a frozen encoder says of texts, added to what their n-grams say, in NumPy and as a graph.

    texts ─ front ──────────────────────────────────────────────────────────────┐
    text_tokens (rows, columns, tokens) int32 ─ encoder ─ kernel, bias ─────────┴─ + ─> text_vector (rows, width)

It knows nothing about how the kernel was learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from training.features.text.front.graph import BATCH, OUTPUT
from training.features.text.readings import TENSOR, Reading, unit_vectors
from training.nodes import Nodes
from training.pretrained.graph import FULL_BITS

OF_GRAMS = "text/of-grams"


@dataclass(frozen=True, eq=False)
class Beside:
    """An encoder that reads all columns."""

    readings: Sequence[Reading]  # of each column
    kernel: NDArray[np.float32]  # (columns * width of a vector, width)
    bias: NDArray[np.float32]  # (width,)

    def answer(self, tokens: NDArray[Any]) -> NDArray[np.float32]:
        """Return what the texts of each row say, of (rows, columns) of ids: (rows, width)."""
        folder = self.readings[0].folder
        vectors = [unit_vectors(folder, tokens[:, place]) for place in range(len(self.readings))]
        found: NDArray[np.float32] = np.concatenate(vectors, axis=1) @ self.kernel + self.bias
        return found

    def added(self, front: onnx.ModelProto, bits: int = FULL_BITS) -> onnx.ModelProto:
        """Return the graph of a front with what the encoder says added to it."""
        nodes = Nodes("encoder/")
        columns = nodes.constant([-1, len(self.readings) * self.readings[0].folder.architecture.width])
        texts = nodes.add("Concat", nodes.constant([-1]), nodes.add("Shape", TENSOR, start=2), axis=0)
        read = self.readings[0].folder.add(nodes, nodes.add("Reshape", TENSOR, texts), bits)
        vectors = nodes.add("LpNormalization", read, axis=-1, p=2)
        kernel, bias = (nodes.constant(each, np.float32) for each in (self.kernel, self.bias))
        said = nodes.add("Gemm", nodes.add("Reshape", vectors, columns), kernel, bias)
        nodes.add("Add", OF_GRAMS, said)
        nodes.name_last(OUTPUT)
        found = onnx.ModelProto()
        found.CopyFrom(front)
        last = next(node for node in found.graph.node if OUTPUT in node.output)
        last.output[:] = [OF_GRAMS if name == OUTPUT else name for name in last.output]
        tokens = helper.make_tensor_value_info(TENSOR, TensorProto.INT32, [BATCH, len(self.readings), "tokens"])
        found.graph.input.append(tokens)
        found.graph.node.extend(nodes.nodes)
        found.graph.initializer.extend(nodes.constants)
        return found
