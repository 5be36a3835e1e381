"""Strongest: the n-grams that say most, for the card and the report.

table of n-grams ─ against the mean of all outputs ─ times the root of how many texts hold each ─> the first few
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.features.text.column import TextColumn
from training.features.text.front import Front
from training.features.text.hashing import named
from training.rendering.markdown import code, table

SHOWN = 20  # n-grams of an output
OUTPUTS_MAX = 100
SPACE = "␣"  # at the end of a stretch of characters


def section(columns: Sequence[TextColumn], front: Front, texts: NDArray[Any], outputs: Sequence[str]) -> str:
    """Say which n-grams speak most for each output, by their names in `texts`, (rows, columns) of training."""
    strength = strengths(columns, front)  # (n-grams, outputs)
    shown = min(len(outputs), OUTPUTS_MAX)
    first = np.argsort(-strength, axis=0, kind="stable")[:SHOWN, :shown]  # (few, outputs)
    names = dict(_names(columns, texts, front.keys[np.unique(first)]))
    lines = [
        (
            code(outputs[output]),
            ", ".join(code(names[key]) for key in _for(front, strength, first, output) if key in names),
        )
        for output in range(shown)
    ]
    title = "N-grams that speak most for each, of words and of characters:"
    return f"{title}\n\n{table(['', 'n-grams'], lines)}"


def strengths(columns: Sequence[TextColumn], front: Front) -> NDArray[np.float64]:
    """Return how much each n-gram says for each output, beside all others: (n-grams, outputs)."""
    said = (front.table if front.kernel is None else front.table @ front.kernel).astype(np.float64)
    apart = said - said.mean(axis=1, keepdims=True) if said.shape[1] > 1 else said
    held = np.zeros(len(front.keys))
    for column in columns:
        places = np.minimum(np.searchsorted(front.keys, column.keys), len(held) - 1)
        there = front.keys[places] == column.keys
        held[places[there]] = column.rows_with[there]
    return apart * np.sqrt(held)[:, None]


def _for(front: Front, strength: NDArray[np.float64], first: NDArray[np.int64], output: int) -> Iterator[int]:
    """Yield the hashes that speak for an output, the strongest first."""
    for place in first[:, output].tolist():
        if strength[place, output] > 0:
            yield int(front.keys[place])


def _names(columns: Sequence[TextColumn], texts: NDArray[Any], wanted: NDArray[np.int64]) -> Iterator[tuple[int, str]]:
    for at, column in enumerate(columns):
        for key, name in named(texts[:, at].tolist(), column.characters, wanted, column.place).items():
            yield key, name.replace(" ", SPACE) if name != name.strip() else name
