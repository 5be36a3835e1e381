"""Devices: several graphics cards of one machine -> the scope in which a network is built for all of them.

It knows nothing about what is built.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import tensorflow as tf


def scope(devices: list[str] | None = None) -> AbstractContextManager[Any]:
    """Return the scope for a copy of the network on each device; each takes its share of a batch.

    Args:
        devices: their names; None: every graphics card there is. One or none needs no scope.
    """
    names = [device.name for device in tf.config.list_logical_devices("GPU")] if devices is None else devices
    if len(names) < 2:
        return nullcontext()
    made: AbstractContextManager[Any] = tf.distribute.MirroredStrategy(names).scope()
    return made
