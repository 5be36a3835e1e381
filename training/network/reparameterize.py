"""Fold: a fitted network -> the same answers from fewer layers.

    EmbedNumbers ─ Dense    one dense layer on the pieces themselves
    Heads                   one dense head that says their mean

What helped to learn is not served: the graph has the nodes of a plain network, whatever it was trained with.
It knows nothing about data, ONNX or files.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.features.features import Features
from training.features.options import CategoryOptions, NumberOptions
from training.network.architectures import READERS, Heads, widened
from training.network.network import SUMS, Network, build
from training.options import MixedPrecision, Options
from training.tasks.base import Task


def fitted(features: Features, task: Task, options: Options) -> Network:
    """Build the network that is fitted."""
    return build(
        features,
        task,
        hidden=options.network.hidden,
        dropout=options.network.dropout,
        embedding=options.own(CategoryOptions).embedding,
        family=options.network.family,
        members=options.network.members,
        sums=options.own(NumberOptions).sums,
        policy=policy(options.fit.mixed_precision),
    )


def policy(chosen: MixedPrecision) -> str:
    """Return the Keras policy of the hidden layers."""
    return "float32" if chosen == "off" else f"mixed_{chosen}"


def fold(network: Network, features: Features, task: Task, options: Options) -> Network:
    """Build the network that is served, with the weights of a fitted one."""
    served = plain(
        features, task, options, widened(options.network.family, options.network.hidden, options.network.members)
    )
    layers = {layer.name: layer for layer in network.trunk.layers}
    for layer in served.trunk.layers:
        if layer.get_weights():
            layer.set_weights(_weights(layers[layer.name], layers.get(SUMS)))
    return served


def plain(features: Features, task: Task, options: Options, hidden: tuple[int, ...]) -> Network:
    """Build a network that is served, with new weights."""
    return build(
        features,
        task,
        hidden=hidden,
        dropout=options.network.dropout,
        embedding=options.own(CategoryOptions).embedding,
        family=options.network.family,
    )


def _weights(layer: Any, sums: Any | None) -> list[NDArray[Any]]:
    """Return what a layer of the served network has in place of the fitted one's weights."""
    if isinstance(layer, Heads):
        return list(layer.joined())
    weights: list[NDArray[Any]] = layer.get_weights()
    if sums is None or layer.name not in READERS:
        return weights
    kernel, bias = weights
    width = sums.output.shape[-1]  # the numbers come first among the encoded columns
    numbers, more = sums.fold(kernel[:width])
    return [np.concatenate([numbers, kernel[width:]]), bias + more]
