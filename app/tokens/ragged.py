"""Rows of any length: run in groups of like length, so that a short row never pays for a long one.

    (rows, columns) of int32 arrays ─ sorted by the longest of a row, cut into groups ─> (group, columns, longest)
    each group ─ run ─> answers, back in the order of the rows

0 is padding, which the graph must mask. What comes as a tensor of numbers is run as it is.
It knows neither texts nor sessions.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from app.tensors import OBJECT, Array, TensorSpec

Run = Callable[..., list[Array]]  # as a session's: names of outputs, inputs, options

INTEGER = np.dtype(np.int32)
STRETCH = 1.25  # times the shortest row of a group that its longest has: an encoder gains little by more company
GROUP_NUMBERS = 2**10  # of a group, padding with it, or one row: with more, memory is taken and given back each time


def ragged_names(inputs: Sequence[TensorSpec]) -> list[str]:
    """Return the inputs whose rows may be of any length: integers, with a last dimension that the graph leaves open."""
    return [
        spec.name for spec in inputs if spec.datatype.dtype == INTEGER and spec.shape[1:] and spec.shape[-1] is None
    ]


def grouped(run: Run, names: Sequence[str]) -> Run:
    """Return a run that takes the inputs of these names as (rows, …) of int32 arrays, too."""

    def run_grouped(outputs: Sequence[str], inputs: Mapping[str, Array], options: Any = None) -> list[Array]:
        ragged = [name for name in names if inputs[name].dtype == OBJECT]
        if not ragged:
            return run(outputs, inputs, options)
        lengths = np.max([_lengths(inputs[name]) for name in ragged], axis=0)  # (rows,)
        groups = groups_of(lengths)
        answers = []
        for group in groups:
            some = {name: array[group] for name, array in inputs.items()}
            longest = lengths[group[-1]]
            some |= {name: _padded(some[name], longest) for name in ragged}
            answers.append(run(outputs, some, options))
        back = np.argsort(np.concatenate(groups))
        return [np.concatenate(parts)[back] for parts in zip(*answers, strict=True)]

    return run_grouped


def groups_of(lengths: Array) -> list[Array]:
    """Return the rows of each group, shortest first."""
    order = np.argsort(lengths, kind="stable")
    groups, start = [], 0
    while start < len(order):
        most = STRETCH * max(1, lengths[order[start]])
        alike = lengths[order[start:]]
        alike = alike[: int(np.searchsorted(alike, most, side="right"))]
        fitting = int(np.count_nonzero(alike * np.arange(1, len(alike) + 1) <= GROUP_NUMBERS))
        stop = start + max(1, fitting)
        groups.append(order[start:stop])
        start = stop
    return groups


def _lengths(array: Array) -> Array:
    """Return the length of the longest array of each row, at least 1: no graph is asked about nothing."""
    rows = array.reshape(len(array), -1)
    return np.array([max([1, *map(len, row)]) for row in rows])


def _padded(array: Array, longest: int) -> Array:
    whole = np.zeros((array.size, longest), INTEGER)
    for place, numbers in enumerate(array.flat):
        whole[place, : len(numbers)] = numbers
    return whole.reshape(*array.shape, longest)
