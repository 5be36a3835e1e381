"""Inputs made up for a graph that says no more of them than their types and shapes.

    samples(specs, rows)    sizes, with values, that may fit ─> {input: array}, the cheapest first

A dimension without a size gets one by its symbol, so that two inputs that share a symbol agree.
It runs nothing; `app.runtime.graph` finds out which of them fit.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from app.tensors import OBJECT, Array, TensorSpec

SIZES = (8, 32, 64, 224, 320, 512, 576, 1, 2, 16)  # of dimensions of any size: sequences, windows of sound, images
MAX_BYTES = 2**26  # of one sample: five dimensions of 512 would fill any memory
TEXT_BYTES = 64  # that a string weighs, about
SEED = 20

# What decides a size: a symbol of the graph, or the name of an input and the place of its dimension.
Unknown = str | tuple[str, int]


class Values(NamedTuple):
    """What fills the arrays, drawn at random."""

    scale: float  # fractions lie between 0 and this
    low: int  # whole numbers lie between these, both included
    high: int
    words: tuple[str, ...]


LETTERS, DIGITS = tuple("abcdefghijklmnop"), tuple("0123456789")

# Small whole numbers are in any table that they may be looked up in; digits are for graphs that read numbers from text.
VALUES = (Values(1.0, 0, 1, LETTERS), Values(8.0, 1, 9, DIGITS), Values(255.0, 0, 255, DIGITS))


def samples(specs: tuple[TensorSpec, ...], rows: int) -> Iterator[dict[str, Array]]:
    """Make up inputs; leading dimensions without a size count `rows`."""
    leading = {_unknown(spec, 0) for spec in specs if spec.shape and spec.shape[0] is None}
    found = [_unknown(spec, at) for spec in specs for at, dim in enumerate(spec.shape) if dim is None]
    others = [unknown for unknown in dict.fromkeys(found) if unknown not in leading]
    for values in VALUES:
        for sizes in _sizes(others):
            all_sizes = sizes | dict.fromkeys(leading, rows)
            shapes = {spec.name: _shape(spec, all_sizes) for spec in specs}
            item_bytes = {spec.name: spec.datatype.item_bytes or TEXT_BYTES for spec in specs}
            if sum(math.prod(shape) * item_bytes[name] for name, shape in shapes.items()) <= MAX_BYTES:
                yield _fill(specs, shapes, values)


def _sizes(unknowns: list[Unknown]) -> Iterator[dict[Unknown, int]]:
    """Give all the same size; then one after the other a size, with the others 1."""
    if not unknowns:
        yield {}
        return
    yield from [dict.fromkeys(unknowns, size) for size in SIZES]
    if len(unknowns) > 1:
        for unknown in unknowns:
            yield from [dict.fromkeys(unknowns, 1) | {unknown: size} for size in SIZES]


def _unknown(spec: TensorSpec, at: int) -> Unknown:
    return (spec.symbols[at] if spec.symbols else "") or (spec.name, at)


def _shape(spec: TensorSpec, sizes: dict[Unknown, int]) -> list[int]:
    return [sizes[_unknown(spec, at)] if dim is None else dim for at, dim in enumerate(spec.shape)]


def _fill(specs: tuple[TensorSpec, ...], shapes: dict[str, list[int]], values: Values) -> dict[str, Array]:
    rng = np.random.default_rng(SEED)
    sample: dict[str, Array] = {}
    for spec in specs:
        shape, dtype = shapes[spec.name], spec.datatype.dtype
        if dtype == OBJECT:
            sample[spec.name] = np.asarray(rng.choice(np.array(values.words, object), shape), object)
        elif dtype.kind == "f":
            sample[spec.name] = np.asarray(rng.uniform(0, values.scale, shape), dtype)
        else:
            sample[spec.name] = np.asarray(rng.integers(values.low, values.high, shape, endpoint=True), dtype)
    return sample
