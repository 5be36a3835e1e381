"""The layers of a transformer encoder in Keras, as the families that are read define them.

    ids ─ EmbedTokens ─> x ─ Block ─ … ─> x ─ MeanOfTokens ─> a vector a text
     └─ != padding ─> mask ─────┴─────────────────┘

A token that is padding is seen by none and counts in no mean, so a text's vector does not depend on its company.
They know nothing about files.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from training.pretrained.architecture import Architecture

UNSEEN = -1e9  # added to what a padded token is worth before the softmax


def gelu(x: Any) -> Any:
    """Return the exact form, by an error function that ONNX has; Keras's own is exported as one that it has not."""
    return 0.5 * x * (1.0 + ops.erf(x * math.sqrt(0.5)))


def activation(name: str) -> Any:
    """Return the activation of a name that `architecture` lets pass."""
    if name == "relu":
        return ops.relu
    return gelu if name == "gelu" else lambda x: ops.gelu(x, approximate=True)


def norm(of: Architecture, name: str) -> Any:
    """Return a normalisation of each token's vector."""
    return keras.layers.LayerNormalization(epsilon=of.epsilon, name=name)


class EmbedTokens(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """A token's vector and its position's, normalised."""

    def __init__(self, of: Architecture, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tokens = keras.layers.Embedding(of.vocabulary, of.width, name="tokens")
        self.positions = keras.layers.Embedding(of.positions, of.width, name="positions")
        self.norm = norm(of, "norm")
        self._of = of

    def build(self, shape: Sequence[int | None]) -> None:
        self.tokens.build(shape)
        self.positions.build(shape)
        self.norm.build((*shape, self._of.width))

    def call(self, ids: Any) -> Any:
        """Embed (batch, tokens) int32: (batch, tokens, width)."""
        places = ops.arange(ops.shape(ids)[1]) + self._of.first_position  # padding stands behind all others
        return self.norm(self.tokens(ids) + self.positions(places)[None])


class Block(keras.layers.Layer):  # type: ignore[misc]
    """Attention, then two dense layers; each is added to what it read, and the sum normalised."""

    def __init__(self, of: Architecture, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._of = of
        for name in ("query", "key", "value", "output"):
            setattr(self, f"{name}_", keras.layers.Dense(of.width, name=name))
        self.inner_ = keras.layers.Dense(of.inner, activation=activation(of.activation), name="inner")
        self.outer_ = keras.layers.Dense(of.width, name="outer")
        self.attention_norm_, self.block_norm_ = norm(of, "attention_norm"), norm(of, "block_norm")

    def build(self, shape: Sequence[int | None]) -> None:
        for layer in (self.query_, self.key_, self.value_, self.output_, self.inner_):
            layer.build(shape)
        self.outer_.build((*shape[:-1], self._of.inner))
        self.attention_norm_.build(shape)
        self.block_norm_.build(shape)

    def call(self, x: Any, worth: Any) -> Any:
        """Return (batch, tokens, width) of the same; `worth` is added to each token's: (batch, 1, 1, tokens)."""
        scale = 1.0 / math.sqrt(self._of.width // self._of.heads)
        query, key, value = (self._heads(each(x)) for each in (self.query_, self.key_, self.value_))
        shares = tf.nn.softmax(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * scale + worth)
        seen = ops.transpose(ops.matmul(shares, value), (0, 2, 1, 3))
        seen = ops.reshape(seen, (-1, ops.shape(x)[1], self._of.width))
        x = self.attention_norm_(x + self.output_(seen))
        return self.block_norm_(x + self.outer_(self.inner_(x)))

    def _heads(self, x: Any) -> Any:
        parts = ops.reshape(x, (-1, ops.shape(x)[1], self._of.heads, self._of.width // self._of.heads))
        return ops.transpose(parts, (0, 2, 1, 3))


class Mask(keras.layers.Layer):  # type: ignore[misc]
    """1 where a token is one, 0 where it is padding."""

    def __init__(self, padding: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._padding = padding

    def call(self, ids: Any) -> Any:
        """Return (batch, tokens) float32 of (batch, tokens) int32."""
        return ops.cast(ops.not_equal(ids, self._padding), "float32")


class Worth(keras.layers.Layer):  # type: ignore[misc]
    """What the mask comes to before a softmax."""

    def call(self, mask: Any) -> Any:
        """Return (batch, 1, 1, tokens) of (batch, tokens)."""
        return ((1.0 - mask) * UNSEEN)[:, None, None, :]


class MeanOfTokens(keras.layers.Layer):  # type: ignore[misc]
    """The mean of a text's tokens; 0 for a text without any."""

    def call(self, x: Any, mask: Any) -> Any:
        """Return (batch, width) of (batch, tokens, width) and (batch, tokens)."""
        there = mask[:, :, None]
        return ops.sum(x * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)
