"""Reparameterize: a fitted network -> the same answers from fewer layers, and what a task changes about them.

    encoder ─ Dense         one dense layer on what the encoder of the served network gives
    Heads                   one dense head that says their mean
    calibrate               scale and shift of what is said, by the validation rows

What helped to learn is not served: the graph has the nodes of a plain network, whatever it was trained with.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.calibration.adjustment import Adjustment
from training.columns.arrays import Rows, predict_in_batches
from training.errors import DataError
from training.features.encoder import Encoder
from training.features.features import Features
from training.network.architectures import READERS, Heads, rescale, widened
from training.network.network import Network, build
from training.options import Options
from training.tasks.base import Task


def fitted(features: Features, task: Task, options: Options) -> Network:
    """Build the network that is fitted; one of a task's own is served as it is.

    Raises a DataError where it would read what Keras cannot read where it is served.
    """
    if task.has_own_network:
        return _readable(build(features, task, options), features, task)
    half = options.fit.mixed_precision
    policy = "float32" if half == "off" else f"mixed_{half}"
    return build(features, task, options, members=options.network.members, fitted=True, policy=policy)


def _readable(network: Network, features: Features, task: Task) -> Network:
    if {tensor.name for tensor in network.served.inputs} != {tensor.name for tensor in features.tensors}:
        raise DataError(
            f"`--task`: expected columns without texts, or rows of any length, for {task.name}, whose network is its "
            "own. Received: such a column. Leave it out (--drop), or let it be a category (--type column=category)."
        )
    return network


def fold(network: Network, features: Features, task: Task, options: Options) -> Network:
    """Build the network that is served, with the weights of a fitted one."""
    if task.has_own_network:
        return network
    chosen = options.network
    served = build(features, task, options, hidden=widened(chosen.family, chosen.hidden, chosen.members))
    layers = {layer.name: layer for layer in network.trunk.layers}
    for layer in served.trunk.layers:
        if layer.get_weights():
            layer.set_weights(_weights(layers[layer.name], network.encoders))
    adopt(served, network)
    return served


def adopt(network: Network, other: Network) -> None:
    """Let encoders take over what Keras does not copy."""
    for encoder, its in zip(network.encoders, other.encoders, strict=True):
        encoder.adopt(its)


def calibrate(network: Network, task: Task, validation: Rows, options: Options) -> Adjustment:
    """Fold what the task changes by the validation rows into a network's last weights, and say what was done."""
    found = task.adjustment(lambda: predict_in_batches(network.predict, validation.arrays), validation, options)
    if found.changes:
        rescale(network.trunk, found.scale, found.shift)
    return found


def _weights(layer: Any, encoders: Sequence[Encoder]) -> list[NDArray[Any]]:
    """Return what a layer of the served network has in place of the fitted one's weights."""
    if isinstance(layer, Heads):
        return list(layer.joined())
    weights: list[NDArray[Any]] = layer.get_weights()
    return _folded(weights, encoders) if layer.name in READERS else weights


def _folded(weights: list[NDArray[Any]], encoders: Sequence[Encoder]) -> list[NDArray[Any]]:
    """Let each encoder fold its rows of the kernel of a layer that reads the joined vectors."""
    kernel, bias = weights
    readers = [encoder for encoder in encoders if encoder.vector is not None]
    ends = np.cumsum([encoder.width for encoder in readers])[:-1]
    parts = [encoder.fold(part) for encoder, part in zip(readers, np.split(kernel, ends), strict=True)]
    return [np.concatenate([rows for rows, _ in parts]), bias + sum(more for _, more in parts)]
