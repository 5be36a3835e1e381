"""Families: encoded columns -> hidden layers -> logits (or the standardised value).

    plain           first ─ … ─ Dense ─ head
    residual        first ─┬─ Dense ─ Dense ─ + ─ … ─ head        (a block for each further hidden layer)
                           └──────────────────┘
    wide-and-deep   ┬─ first ─ … ─ Dense ─ head ─┬─ +             (a linear model of the encoded columns beside it)
                    └─ wide ─────────────────────┘

What encoders say of the answer by themselves is added to any of them, or stands alone: `beside`.
In any of them what the head reads may stand `members` times side by side, each with a head of its own: an ensemble
that shares what lies before. What is said is linear in the layers named in `LAST`, whose weights end in
[kernel, bias] with the outputs as the last axis: `rescale` changes what a network says without another node.
It knows nothing about columns, losses or files.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.options.rooms import FamilyName, NetworkOptions

FIRST, HEAD, WIDE, SAID = "first", "head", "wide_columns", "said"  # names of layers, and so parts of their nodes' names
READERS = (FIRST, WIDE)  # layers that read the encoded columns; all are dense
LAST = (HEAD, WIDE)  # and `Said`


class Heads(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """A head for each part of the last hidden layer: (batch, members * units) -> the mean of what they say.

    In training each head answers for itself, (batch, members, outputs), so that each part learns to do without
    the others; in serving the mean of linear heads is one linear head.
    """

    def __init__(self, members: int, outputs: int, **options: Any) -> None:
        super().__init__(**options)
        self._members, self._outputs = members, outputs

    def build(self, shape: Any) -> None:
        units = shape[-1] // self._members
        glorot = (6 / (units + self._outputs)) ** 0.5
        evenly = keras.initializers.RandomUniform(-glorot, glorot)
        self._kernel = self.add_weight(shape=(self._members, units, self._outputs), initializer=evenly, name="kernel")
        self._bias = self.add_weight(shape=(self._members, self._outputs), initializer="zeros", name="bias")

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            parts = tf.reshape(x, (-1, self._members, x.shape[-1] // self._members))  # (batch, members, units)
            return tf.einsum("bmu,muo->bmo", parts, self._kernel) + self._bias
        joined = tf.reshape(self._kernel / self._members, (-1, self._outputs))  # (members * units, outputs)
        return tf.matmul(x, joined) + tf.reduce_mean(self._bias, axis=0)

    def compute_output_shape(self, shape: Any) -> tuple[Any, int]:
        return shape[0], self._outputs

    def joined(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return kernel and bias of the one head that says the mean: (members * units, outputs), (outputs,)."""
        kernel, bias = self.get_weights()
        return (kernel / self._members).reshape(-1, self._outputs), bias.mean(axis=0)


class Beside(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Add what the linear model says, (batch, outputs), to what each head says."""

    def call(self, both: Any) -> Any:
        said, wide = both
        return said + (wide if said.shape.rank == wide.shape.rank else wide[:, None])

    def compute_output_shape(self, shapes: Any) -> Any:
        return shapes[0]


class Said(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """What encoders say, (batch, outputs), by a scale that is no weight of the fit, plus a bias that is.

    The bias begins with what is said of a row of which nothing is known, so that no encoder has to learn that.
    """

    def __init__(self, begin: Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self._begin = begin

    def build(self, shape: Any) -> None:
        self._bias = self.add_weight(shape=(shape[-1],), initializer="zeros", name="bias")
        self._bias.assign(self._begin)
        self._scale = self.add_weight(shape=(), initializer="ones", trainable=False, name="scale")

    def call(self, said: Any) -> Any:
        return said * self._scale + self._bias

    def rescale(self, scale: float, shift: NDArray[Any] | float) -> None:
        """Make it say `scale` times what it said, plus `shift`."""
        self._scale.assign(self._scale * scale)
        self._bias.assign(self._bias * scale + shift)


def beside(said: Sequence[Any], of_trunk: bool, begin: Sequence[float]) -> Any:
    """Add what encoders say to what the trunk says, which stands first if there is one."""
    first, others = (said[0], said[1:]) if of_trunk else (None, said)
    if not others:
        return first
    own = others[0] if len(others) == 1 else keras.layers.Add()(list(others))
    own = Said(begin, name=SAID)(own)
    return own if first is None else Beside(name="beside_said")([first, own])


def answer(
    chosen: NetworkOptions, x: Any, *, hidden: tuple[int, ...], members: int, width: int, policy: str = "float32"
) -> Any:
    """Wire a family on the encoded columns, (batch, encoded), with `width` outputs.

    Units after the first of a residual network are inside the blocks. Each of the `members` is a head with a last
    hidden layer of its own. Hidden layers have the dtype `policy`; what is said is computed in float32.
    """
    wire = _residual if chosen.family == "residual" else _stack
    last = wire(x, widened(chosen.family, hidden, members), chosen.dropout, policy)
    said = Heads(members, width, name=HEAD)(last) if members > 1 else keras.layers.Dense(width, name=HEAD)(last)
    if chosen.family != "wide-and-deep":
        return said
    wide = keras.layers.Dense(width, kernel_initializer="zeros", name=WIDE)(x)  # begins with nothing to say
    return Beside(name="beside")([said, wide])


def widened(family: FamilyName, hidden: tuple[int, ...], members: int) -> tuple[int, ...]:
    """Return the units with what the heads read so many times as wide: the last layer, or a residual's first."""
    if family == "residual":
        return hidden[0] * members, *hidden[1:]
    return *hidden[:-1], hidden[-1] * members


def unit_groups(family: FamilyName, layers: int) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Name, for each entry of `hidden`, the layers that make its units and those that read them."""
    if family == "residual":
        places = range(1, layers)
        inside, outside = [f"inside_{place}" for place in places], [f"outside_{place}" for place in places]
        blocks = [((maker,), (reader,)) for maker, reader in zip(inside, outside, strict=True)]
        return [((FIRST, *outside), (*inside, HEAD)), *blocks]
    names = [FIRST, *(f"hidden_{place}" for place in range(1, layers)), HEAD]
    return [((maker,), (reader,)) for maker, reader in pairwise(names)]


def rescale(trunk: Any, scale: float, shift: NDArray[Any] | float) -> None:
    """Make a network of any family say `scale` times what it said, plus `shift`: (outputs,)."""
    shifted = HEAD if HEAD in {layer.name for layer in trunk.layers} else SAID
    for layer in trunk.layers:
        its = shift if layer.name == shifted else 0.0
        if layer.name in LAST:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel * scale, bias * scale + its])
        elif isinstance(layer, Said):
            layer.rescale(scale, its)


def _dense(x: Any, units: int, dropout: float, policy: str, name: str) -> Any:
    x = keras.layers.Dense(units, activation="relu", dtype=policy, name=name)(x)
    return keras.layers.Dropout(dropout, dtype=policy)(x) if dropout else x


def _stack(x: Any, hidden: tuple[int, ...], dropout: float, policy: str) -> Any:
    for place, units in enumerate(hidden):
        x = _dense(x, units, dropout, policy, FIRST if place == 0 else f"hidden_{place}")
    return x


def _residual(x: Any, hidden: tuple[int, ...], dropout: float, policy: str) -> Any:
    first, *blocks = hidden
    x = keras.layers.Dense(first, dtype=policy, name=FIRST)(x)
    for place, units in enumerate(blocks, 1):
        inside = _dense(x, units, dropout, policy, f"inside_{place}")
        outside = keras.layers.Dense(first, dtype=policy, name=f"outside_{place}")(inside)
        x = keras.layers.Add(dtype=policy)([x, outside])
    return keras.layers.Activation("relu", dtype=policy)(x)
