"""Network: features and task -> Keras models, with the preprocessing inside.

    numeric ─ EncodeNumbers, or EmbedNumbers of it ───────────┐
    categorical ─ StringLookup ─ ColumnCodes ─ EmbedColumns ──┴─ family … head ─ finish
                  └── lookup (once a row) ──┘ └────── trunk (what is trained) ───────┘
    └───────────────────────── served (what is exported) ─────────────────────────────────────┘

Strings are looked up once before training, so an epoch costs no hashing.
A run in ONNX Runtime costs about a microsecond a node, so all columns share one look-up, one remapping,
one embedding table and one vectorised encoding of numbers.
It knows nothing about optimizers, files or ONNX.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.columns.arrays import Arrays, Outputs
from training.features.features import CATEGORICAL, NUMERIC, Category, Features
from training.network.architectures import answer
from training.network.layers import ColumnCodes, EmbedColumns, EmbedNumbers, EncodeNumbers, known
from training.options import FamilyName
from training.tasks.base import Task

SUMS = "embed_numbers"  # a layer that only training has
CODES = "codes"  # the tensor that takes the place of `categorical` while training
LOOKUP_ROWS = 65_536
UNKNOWN = "slipway:unknown"  # Keras' name for the first index; a column may well hold its default, "[UNK]"


@dataclass(frozen=True)
class Network:
    """One set of weights, seen from training and from serving."""

    trunk: Any  # keras.Model: numeric, codes -> logits or standardised value
    served: Any  # keras.Model: numeric, categorical -> probabilities or value
    lookup: Any | None  # keras.Model: categorical -> codes

    def encode(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        """Replace the strings by their codes, as the trunk wants them."""
        encoded = {name: array for name, array in arrays.items() if name != CATEGORICAL}
        if self.lookup is not None:
            strings = arrays[CATEGORICAL]  # (rows, strings) text
            parts = [strings[start : start + LOOKUP_ROWS] for start in range(0, len(strings), LOOKUP_ROWS)]
            encoded[CODES] = np.concatenate([self.lookup(tf.constant(part)).numpy() for part in parts])
        return encoded

    def predict(self, arrays: Arrays) -> Outputs:
        """Answer raw rows, as ONNX Runtime will."""
        inputs = [tf.constant(arrays[tensor.name]) for tensor in self.served.inputs]
        answers = self.served(inputs, training=False)
        named = answers if isinstance(answers, dict) else {self.served.output_names[0]: answers}
        return {name: tensor.numpy() for name, tensor in named.items()}


def build(  # noqa: PLR0913 - what a network is made of
    features: Features,
    task: Task,
    *,
    hidden: tuple[int, ...],
    dropout: float,
    embedding: int,
    family: FamilyName = "plain",
    members: int = 1,
    sums: int = 0,
    policy: str = "float32",
) -> Network:
    """Wire the models; every statistic is a constant of the graph.

    Args:
        features: what training knows about the columns.
        task: what the network ends in.
        hidden: units of the hidden layers.
        dropout: share of units silenced in training.
        embedding: numbers that a string value is turned into.
        family: how the hidden layers are wired.
        members: heads, each with a last hidden layer of its own.
        sums: learned sums that a number's pieces are turned into before the first layer; 0: none.
        policy: Keras' dtype policy of the hidden layers; all else computes in float32.
    """
    trunk_inputs, raw_inputs, parts = [], [], []
    lookup = None
    if features.numbers:
        numeric = keras.Input((len(features.numbers),), name=NUMERIC)
        trunk_inputs.append(numeric)
        raw_inputs.append(numeric)
        encode = EncodeNumbers(features.numbers, name="encode_numbers")
        parts.append(EmbedNumbers(encode, sums, name=SUMS)(numeric) if sums else encode(numeric))
    if features.categories:
        lookup = _lookup(features.categories)
        codes = keras.Input((len(features.categories),), name=CODES, dtype="int64")
        trunk_inputs.append(codes)
        raw_inputs.append(lookup.inputs[0])
        parts.append(EmbedColumns(features.categories, embedding, name="embed_columns")(codes))
    joined = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]  # (batch, encoded)
    said = answer(family, joined, hidden=hidden, dropout=dropout, members=members, width=task.width, policy=policy)
    trunk = keras.Model(trunk_inputs, said, name="trunk")
    middle = [lookup(raw) if lookup and raw.dtype == "string" else raw for raw in raw_inputs]
    served = keras.Model(raw_inputs, task.finish()(trunk(middle)), name="slipway")
    return Network(trunk=trunk, served=served, lookup=lookup)


def _lookup(categories: tuple[Category, ...]) -> Any:
    """Strings -> codes: one look-up over the union of all vocabularies, then each column's own numbers."""
    union = sorted({value for category in categories for value in known(category)})
    strings = keras.Input((len(categories),), name=CATEGORICAL, dtype="string")
    index = keras.layers.StringLookup(vocabulary=union, mask_token=None, oov_token=UNKNOWN, name="string_lookup")
    return keras.Model(strings, ColumnCodes(categories, union, name="column_codes")(index(strings)), name="lookup")
