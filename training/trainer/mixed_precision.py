"""Halves: numbers of 16 bits in the hidden layers while they are fitted, where the hardware computes in them.

Weights stay in 32 bits, and so do the encoding of the columns, the last layers, the loss and whatever is served.
Mixed precision: Micikevicius and others 2018, "Mixed precision training".
It knows nothing about networks but the policies of their layers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from training.errors import DataError
from training.options import Options
from training.options.rooms import HalfName, MixedPrecision

# From here on graphics cards have tensor cores: https://docs.nvidia.com/deeplearning/performance
TENSOR_CORES: dict[HalfName, tuple[int, int]] = {"float16": (7, 0), "bfloat16": (8, 0)}
CPU_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # of x86 and, the last one, of ARM
CPU_UNITS = 512  # a processor's hidden layers must be so wide to gain: docs/decisions/0215
CPU_INFO = Path("/proc/cpuinfo")


def decided(options: Options) -> tuple[Options, str]:
    """Put what this machine has in the place of `auto`, and return what is to be said; a DataError: it lacks it."""
    asked = options.fit.mixed_precision
    if asked == "off":
        return options, ""
    there, where = available()
    if asked != "auto" and asked not in there:
        raise DataError(
            f"`--mixed-precision`: expected numbers that this machine computes with: "
            f"{', '.join(there) or 'none'} ({where}). Received: {asked}. `auto` takes what there is."
        )
    chosen = _chosen(options, there) if asked == "auto" else asked
    if chosen == "off":
        why = f"they gain from {CPU_UNITS} units on" if there else "it has nothing shorter"
        return options.changed(mixed_precision=chosen), f"hidden layers compute in float32: {where}, {why}"
    return options.changed(mixed_precision=chosen), f"hidden layers compute in {chosen} while fitting: {where}"


def available() -> tuple[tuple[HalfName, ...], str]:
    """Return what numbers of 16 bits this machine computes with, first what `auto` takes, and what computes."""
    cards = tf.config.list_physical_devices("GPU")
    if cards:
        able = [tf.config.experimental.get_device_details(card).get("compute_capability", (0, 0)) for card in cards]
        return of_cards(able), f"graphics card of compute capability {'.'.join(map(str, min(able)))}"
    return (("bfloat16",) if CPU_FLAGS & cpu_flags() else ()), "processor"


def of_cards(capabilities: Sequence[tuple[int, int]]) -> tuple[HalfName, ...]:
    """Return what every graphics card computes with, by their compute capabilities."""
    return tuple(name for name, needed in TENSOR_CORES.items() if min(capabilities) >= needed)


def cpu_flags() -> set[str]:
    """Return what Linux says that the processor can do; nothing where there is no Linux."""
    lines = CPU_INFO.read_text().splitlines() if CPU_INFO.is_file() else []
    named = [line.partition(":")[2] for line in lines if line.lower().startswith(("flags", "features"))]
    return set(" ".join(named[:1]).split())


def scaled(optimizer: Any, trunk: Any) -> Any:
    """Scale the loss, if a layer computes in float16, whose smallest number is 6e-8."""
    if any(layer.compute_dtype == "float16" for layer in trunk.layers):
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _chosen(options: Options, there: tuple[HalfName, ...]) -> MixedPrecision:
    if not there:
        return "off"
    on_card = bool(tf.config.list_physical_devices("GPU"))
    return there[0] if on_card or max(options.network.hidden) >= CPU_UNITS else "off"
