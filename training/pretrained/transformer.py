"""Build an encoder of texts in Keras, with the weights of a file.

    ids (batch, tokens) int32 ─ EmbedTokens ─ Block … ─ MeanOfTokens ─> text_vector (batch, width) float32

It knows nothing about where weights come from, or what the vectors are for.
"""

from typing import Any

import keras
import numpy as np

from training.pretrained import weight_names
from training.pretrained.architecture import Architecture
from training.pretrained.layers import Block, EmbedTokens, Mask, MeanOfTokens, Worth
from training.pretrained.weight_names import NamedWeights


def transformer(of: Architecture, weights: NamedWeights) -> Any:
    """Return a Keras model: ids of (batch, tokens) int32 -> (batch, width) float32; it is not to be fitted."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    embed, blocks = EmbedTokens(of, name="embed"), [Block(of, name=f"block_{n}") for n in range(of.layers)]
    mask = Mask(of.padding, name="mask")(ids)
    worth = Worth(name="worth")(mask)
    x = embed(ids)
    for block in blocks:
        x = block(x, worth)
    model = keras.Model(ids, MeanOfTokens(name="mean")(x, mask), name="encoder")
    fill_embedding(embed, of, weights)
    for number, block in enumerate(blocks):
        fill_block(block, of, weights, weights.block(number))
    model.trainable = False
    return model


def fill_embedding(layer: EmbedTokens, of: Architecture, weights: NamedWeights) -> None:
    """Set the tables of tokens and positions."""
    # A text is always the first of a pair, so what that adds is added once, to each position.
    positions = weights.table(weight_names.POSITIONS, of.positions, of.width) + weights.kinds(of.width)
    layer.tokens.set_weights([weights.table(weight_names.TOKENS, of.vocabulary, of.width)])
    layer.positions.set_weights([positions.astype(np.float32)])
    layer.norm.set_weights(weights.norm(weight_names.NORM, of.width))


def fill_block(block: Block, of: Architecture, weights: NamedWeights, names: dict[str, str]) -> None:
    """Set the layers of a block."""
    for name in ("query", "key", "value", "output"):
        getattr(block, f"{name}_").set_weights(weights.dense(names[name], of.width, of.width))
    block.inner_.set_weights(weights.dense(names["inner"], of.width, of.inner))
    block.outer_.set_weights(weights.dense(names["outer"], of.inner, of.width))
    block.attention_norm_.set_weights(weights.norm(names["attention_norm"], of.width))
    block.block_norm_.set_weights(weights.norm(names["block_norm"], of.width))
