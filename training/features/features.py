"""Features: what the training split says about each column, and rows as the tensors that the graph takes.

    training rows ─ describe ─> Features      (statistics; the only place that computes any)
    rows          ─ tensors  ─> {"numeric": (rows, numbers) float32, "categorical": (rows, strings) text}

A missing number is NaN, a missing string is "". It knows nothing about networks or ONNX.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.values import ColumnType

NUMERIC, CATEGORICAL = "numeric", "categorical"
MIN_PIECE_ROWS = 10  # a piece of a number's range with fewer training rows would be learned by heart
MIN_VALUE_ROWS = 3  # a value seen in fewer training rows teaches the network nothing but noise


@dataclass(frozen=True)
class Number:
    """A number or boolean column in the training split; float32 values, as the graph sees them."""

    name: str
    type: ColumnType
    missing_share: float
    minimum: float
    maximum: float
    mean: float
    deviation: float  # 0 when the column is constant
    median: float
    edges: tuple[float, ...]  # quantiles from minimum to maximum, ascending, unique


@dataclass(frozen=True)
class Category:
    """A string column in the training split."""

    name: str
    missing_share: float
    vocabulary: tuple[str, ...]  # known values, most frequent first, without ""


@dataclass(frozen=True)
class Features:
    """All columns, in the order of the data file and in the order of the tensors."""

    order: tuple[str, ...]
    numbers: tuple[Number, ...]
    categories: tuple[Category, ...]

    @property
    def columns(self) -> dict[str, Number | Category]:
        """Return every feature by its name, in the order of the data file."""
        both: list[Number | Category] = [*self.numbers, *self.categories]
        found = {feature.name: feature for feature in both}
        return {name: found[name] for name in self.order}

    def names(self, tensor: str) -> list[str]:
        """Return the features that feed a tensor, by column."""
        return [feature.name for feature in (self.numbers if tensor == NUMERIC else self.categories)]

    def tensors_used(self) -> list[str]:
        """Return the tensors that have columns; the graph has no empty input."""
        return [tensor for tensor in (NUMERIC, CATEGORICAL) if self.names(tensor)]


def describe(frame: pd.DataFrame, types: Mapping[str, ColumnType], *, bins: int, max_vocabulary: int) -> Features:
    """Compute the statistics of the training rows."""
    numbers = [name for name, type_ in types.items() if type_ != "string"]
    strings = [name for name, type_ in types.items() if type_ == "string"]
    return Features(
        order=tuple(types),
        numbers=tuple(_describe_number(frame[name], types[name], bins) for name in numbers),
        categories=tuple(_describe_category(frame[name], max_vocabulary) for name in strings),
    )


def tensors(frame: pd.DataFrame, features: Features) -> dict[str, NDArray[Any]]:
    """Lay converted rows out as the graph's inputs."""
    numbers, strings = features.names(NUMERIC), features.names(CATEGORICAL)
    arrays: dict[str, NDArray[Any]] = {}
    if numbers:
        arrays[NUMERIC] = frame[numbers].to_numpy(np.float32)  # (rows, numbers) float32
    if strings:
        arrays[CATEGORICAL] = frame[strings].to_numpy(object)  # (rows, strings) text
    return arrays


def instances_to_tensors(instances: Sequence[Mapping[str, Any]], features: Features) -> dict[str, NDArray[Any]]:
    """Lay out named values, with None for missing, as a caller of the service sends them."""
    numbers, strings = features.names(NUMERIC), features.names(CATEGORICAL)
    arrays: dict[str, NDArray[Any]] = {}
    if numbers:
        arrays[NUMERIC] = np.array([[row[name] for name in numbers] for row in instances], np.float32)
    if strings:
        arrays[CATEGORICAL] = np.array([[row[name] or "" for name in strings] for row in instances], object)
    return arrays


def _describe_number(series: pd.Series, type_: ColumnType, bins: int) -> Number:
    present = series.dropna().to_numpy(np.float32).astype(np.float64)
    if not len(present):  # missing in every training row, though not in the others
        present = np.zeros(1)
    return Number(
        name=str(series.name),
        type=type_,
        missing_share=float(series.isna().mean()),
        minimum=float(present.min()),
        maximum=float(present.max()),
        mean=float(present.mean()),
        deviation=float(present.std()),
        median=float(np.quantile(present, 0.5, method="inverted_cdf")),
        edges=_cuts(present, bins),
    )


def _cuts(present: NDArray[np.float64], bins: int) -> tuple[float, ...]:
    """Return quantiles in which no single value counts for more than one piece.

    Plain quantiles of a column that is nine tenths zeros would spend nine tenths of the pieces on the zero.
    """
    bins = max(1, min(bins, len(present) // MIN_PIECE_ROWS))
    values, counts = np.unique(present, return_counts=True)  # (different,)
    weights = np.minimum(counts, len(present) / bins)
    reached = np.cumsum(weights) / weights.sum()
    places = np.searchsorted(reached, np.linspace(0, 1, bins + 1)[1:-1])
    return tuple(np.unique(values[[0, *places, -1]]).tolist())


def _describe_category(series: pd.Series, max_vocabulary: int) -> Category:
    counts = series[series != ""].value_counts()
    return Category(
        name=str(series.name),
        missing_share=float((series == "").mean()),
        vocabulary=vocabulary({str(value): int(count) for value, count in counts.items()}, max_vocabulary),
    )


def vocabulary(counts: Mapping[str, int], most: int) -> tuple[str, ...]:
    """Return the values that are worth knowing, by how often training saw each, most frequent first."""
    frequent = [(value, count) for value, count in counts.items() if count >= MIN_VALUE_ROWS]
    ranked = sorted(frequent, key=lambda item: (-item[1], item[0]))
    return tuple(value for value, _ in ranked[:most])
