"""Graph: an encoder of texts in ONNX operators, with the weights of a file.

    ids (texts, tokens) int32, 0 is padding ─ embed ─ block … ─ mean of tokens, or the first ─> (texts, width) float32

It is never fitted, so it needs no Keras. Attention, gelu and products with weights of 8 bits are ONNX Runtime's own
(com.microsoft), the others are of ONNX. Of 8 bits are weights alone: each 32 of a column have a scale of their own, and
nothing is learned from the rows of a run, so that company moves no answer.
It knows nothing about files, or what the vectors are for.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from training.nodes import Nodes
from training.pretrained import weight_names
from training.pretrained.architecture import Architecture
from training.pretrained.weight_names import NamedWeights

INPUT, OUTPUT = "ids", "vectors"
OPSETS = {"": 18, "com.microsoft": 1}
IR_VERSION = 9
OURS = "com.microsoft"
FULL_BITS, FEW_BITS = 32, 8
BLOCK = 32  # weights that share a scale: of 128, ONNX Runtime's answers to a row changed with its company
LARGEST = 127  # of a weight of 8 bits
MIDDLE = 128  # that stands for 0
# Products of 8 bits: the row of a text is rounded by itself, a block at a time. Twice as fast as in floats.
ACCURACY_LEVEL = 4
UNSEEN = -1e9  # added to what a padded token is worth before the softmax
GELU = {"gelu": ("Gelu", OURS), "gelu_new": ("FastGelu", OURS), "gelu_pytorch_tanh": ("FastGelu", OURS)}
ACTIVATIONS: Mapping[str, tuple[str, str]] = {**GELU, "relu": ("Relu", "")}


def model(of: Architecture, weights: NamedWeights) -> onnx.ModelProto:
    """Return a graph: `ids` (texts, tokens) int32 -> `vectors` (texts, width) float32."""
    nodes = Nodes("encoder/")
    Reader(nodes, of, weights, FULL_BITS).vectors(INPUT)
    nodes.name_last(OUTPUT)
    inputs = [helper.make_tensor_value_info(INPUT, TensorProto.INT32, ["texts", "tokens"])]
    outputs = [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["texts", of.width])]
    body = helper.make_graph(nodes.nodes, "encoder", inputs, outputs, nodes.constants)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION)


class Reader:
    """Adds the operators of an encoder to a graph, with weights of so many `bits`."""

    def __init__(self, nodes: Nodes, of: Architecture, weights: NamedWeights, bits: int) -> None:
        self._nodes, self._of, self._weights, self._bits = nodes, of, weights, bits

    def vectors(self, ids: str) -> str:
        """Read (texts, tokens) int32, 0 where there is none, and return their vectors: (texts, width)."""
        add = self._nodes.add
        there = add("Greater", ids, self._nodes.constant(0, np.int32))
        x, seen = self._embedded(ids), add("Cast", there, to=TensorProto.INT32)
        for number in range(self._of.layers):
            x = self._block(x, seen, self._weights.block(number))
        return self._pooled(x, add("Cast", there, to=TensorProto.FLOAT))

    def _embedded(self, ids: str) -> str:
        """Return a token's vector and its position's, normalised: (texts, tokens, width)."""
        of, add, constant = self._of, self._nodes.add, self._nodes.constant
        first = constant([of.first_position])
        end = add("Add", add("Shape", ids, start=1, end=2), first)
        # A text is always the first of a pair, so what that adds is added once, to each position.
        table = self._weights.table(weight_names.POSITIONS, of.positions, of.width) + self._weights.kinds(of.width)
        positions = add("Slice", constant(table, np.float32, "positions"), first, end)
        return self._norm(add("Add", self._tokens(ids), positions), weight_names.NORM)

    def _tokens(self, ids: str) -> str:
        """Return the vectors of tokens: (texts, tokens, width)."""
        of, add, constant = self._of, self._nodes.add, self._nodes.constant
        table = self._weights.table(weight_names.TOKENS, of.vocabulary, of.width)
        if of.padding:  # and 0 have changed places
            table[[0, of.padding]] = table[[of.padding, 0]]
        if self._bits == FULL_BITS:
            return str(add("Gather", constant(table, np.float32, "tokens"), ids))
        scales = np.maximum(np.abs(table).max(axis=1, keepdims=True) / LARGEST, np.finfo(np.float32).tiny)
        narrow = constant(np.rint(table / scales), np.int8, "tokens")
        wide = add("Cast", add("Gather", narrow, ids), to=TensorProto.FLOAT)
        return str(add("Mul", wide, add("Gather", constant(scales, np.float32, "token-scales"), ids)))

    def _block(self, x: str, seen: str, names: Mapping[str, str]) -> str:
        """Add attention, then two dense layers, each to what it read, and normalise the sum: as `x`."""
        of, add = self._of, self._nodes.add
        parts = [self._product(x, names[each], of.width, of.width) for each in ("query", "key", "value")]
        products, biases = zip(*parts, strict=True)
        bias = self._nodes.constant(np.concatenate(biases), np.float32)
        attended = add(
            "MultiHeadAttention", *products, bias, seen, domain=OURS, num_heads=of.heads, mask_filter_value=UNSEEN
        )
        x = self._norm(
            add("Add", x, self._dense(attended, names["output"], of.width, of.width)), names["attention_norm"]
        )
        operator, domain = ACTIVATIONS[of.activation]
        inner = add(operator, self._dense(x, names["inner"], of.width, of.inner), domain=domain)
        return self._norm(add("Add", x, self._dense(inner, names["outer"], of.inner, of.width)), names["block_norm"])

    def _pooled(self, x: str, there: str) -> str:
        """Return a vector for each text: (texts, width); 0 for one without tokens."""
        add, constant = self._nodes.add, self._nodes.constant
        x = add("Mul", x, add("Unsqueeze", there, constant([2])))
        if self._of.pools_first:
            return str(add("Gather", x, constant(0), axis=1))
        count = add("Max", add("ReduceSum", there, constant([1])), constant(1, np.float32))
        return str(add("Div", add("ReduceSum", x, constant([1]), keepdims=0), count))

    def _norm(self, x: str, name: str) -> str:
        scale, shift = (self._nodes.constant(each, np.float32) for each in self._weights.norm(name, self._of.width))
        return str(self._nodes.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=self._of.epsilon))

    def _dense(self, x: str, name: str, inputs: int, units: int) -> str:
        product, bias = self._product(x, name, inputs, units)
        return str(self._nodes.add("Add", product, self._nodes.constant(bias, np.float32)))

    def _product(self, x: str, name: str, inputs: int, units: int) -> tuple[str, NDArray[np.float32]]:
        """Return the product of (…, inputs) with a layer's weights, and its bias, which is not added yet."""
        kernel, bias = self._weights.dense(name, inputs, units)
        if self._bits == FULL_BITS:
            return str(self._nodes.add("MatMul", x, self._nodes.constant(kernel, np.float32))), bias
        blocks, scales = narrowed(kernel)
        constants = self._nodes.constant(blocks, np.uint8), self._nodes.constant(scales, np.float32)
        sizes: dict[str, Any] = {"K": inputs, "N": units, "bits": FEW_BITS, "block_size": BLOCK}
        product = self._nodes.add("MatMulNBits", x, *constants, domain=OURS, accuracy_level=ACCURACY_LEVEL, **sizes)
        return str(product), bias


def narrowed(kernel: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return (inputs, units) weights as MatMulNBits takes them: (units, blocks, BLOCK), and scales (units, blocks)."""
    inputs, units = kernel.shape
    padded = np.pad(kernel.T, ((0, 0), (0, -inputs % BLOCK))).reshape(units, -1, BLOCK)
    scales = np.maximum(np.abs(padded).max(axis=2) / LARGEST, np.finfo(np.float32).tiny)
    return (np.rint(padded / scales[:, :, None]) + MIDDLE).astype(np.uint8), scales.astype(np.float32)
