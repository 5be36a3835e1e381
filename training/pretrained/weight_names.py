"""Where each family keeps the weights of its layers.

    Architecture ─ blocks ─> our names of a block's layers -> names in the file
    Weights ─ found ─> those names, whatever head the file was saved with: `bert.embeddings…` or `embeddings…`

It knows nothing about how arrays are read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError

TOKENS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
KINDS = "embeddings.token_type_embeddings.weight"  # of the first and the second text; DistilBERT has none
NORM = "embeddings.LayerNorm"

# Layers of a block in the order in which they are used.
BERT = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "block_norm": "output.LayerNorm",
}
DISTILBERT = {
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "output": "attention.out_lin",
    "attention_norm": "sa_layer_norm",
    "inner": "ffn.lin1",
    "outer": "ffn.lin2",
    "block_norm": "output_layer_norm",
}
OLD = {".weight": ".gamma", ".bias": ".beta"}  # how the first BERT files call those of a normalisation

Array = NDArray[np.float32]


class NamedWeights:
    """The weights of an encoder by the names of its layers."""

    def __init__(self, weights: Mapping[str, Array], family: str) -> None:
        self._weights = weights
        self._start = next((name.removesuffix(TOKENS) for name in sorted(weights) if name.endswith(TOKENS)), "")
        self._blocks = ("transformer.layer", DISTILBERT) if family == "distilbert" else ("encoder.layer", BERT)

    def table(self, name: str, rows: int, width: int) -> Array:
        return self._array((name,), (rows, width))

    def kinds(self, width: int) -> Array:
        """Return what a text's tokens get for being of a first text: (width,)."""
        if self._start + KINDS not in self._weights:
            return np.zeros(width, np.float32)
        found: Array = self._weights[self._start + KINDS]
        if found.ndim != 2 or not len(found) or found.shape[1] != width:  # a table
            raise _other(self._start + KINDS, f"(…, {width})", found.shape)
        first: Array = found[0]
        return first

    def norm(self, name: str, width: int) -> list[Array]:
        return [self._array((name + end, name + old), (width,)) for end, old in OLD.items()]

    def dense(self, name: str, inputs: int, units: int) -> list[Array]:
        kernel = self._array((name + ".weight",), (units, inputs))
        return [kernel.T, self._array((name + ".bias",), (units,))]

    def block(self, number: int) -> dict[str, str]:
        """Return our names of a block's layers with those in the file."""
        where, names = self._blocks
        return {ours: f"{where}.{number}.{its}" for ours, its in names.items()}

    def _array(self, names: Sequence[str], shape: tuple[int, ...]) -> Array:
        name = next((self._start + each for each in names if self._start + each in self._weights), None)
        found: Any = None if name is None else self._weights[name]
        if found is None or found.shape != shape:
            raise _other(self._start + names[0], shape, "none" if found is None else found.shape)
        array: Array = found
        return array


def _other(name: str, expected: object, received: object) -> DataError:
    return DataError(f"Invalid weights: expected `{name}` of {expected}. Received: {received}.")
