"""A made-up type of features, unlike those there are: a track of points, in two tensors of other dtypes and ranks.

"[[0, 1], [2, 3]]" ─> points (rows, features * most, 2) float32, zeros behind the last · length (rows, features) int64
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.sources.rules import ColumnRule
from app.sources.tally import Tally, Verdict
from tests.support.track import LENGTH, POINTS, Points, laid_out
from training.columns.arrays import Arrays
from training.columns.bins import number_bins
from training.columns.summaries import Summary
from training.features.base import Column, FeatureType, Mask, Tabular, Tensor, scattered
from training.features.encoder import Columns, Encoder, Purpose
from training.options.declare import option


@dataclass(frozen=True, kw_only=True)
class TrackOptions:
    """Its own option."""

    title: ClassVar[str] = "Tracks"

    track_points: int = option(8, "Points of a track that are looked at.", low=1)


@dataclass(frozen=True)
class TrackColumn(Column):
    """What is known of a track."""

    most: int
    reach: float  # of the training rows: the largest coordinate


class Track(FeatureType):
    """See `training.features.base.FeatureType`."""

    name = "track"
    encoder = "tests.training.features.track:TrackEncoder"

    def certainty(self, tally: Tally, verdict: Verdict) -> float:
        return float(len(tally.sample) > 0 and all(one.startswith("[[") for one in tally.sample))

    def cells(self, values: pa.Array, rule: ColumnRule) -> NDArray[Any]:
        return np.array(values.fill_null("").to_pylist(), object)

    def describe(self, cells: pd.Series, options: TrackOptions, of: Summary, trained: Summary) -> TrackColumn:
        reach = max(abs(number) for cell in cells for point in _points(cell) for number in point)
        return TrackColumn(str(cells.name), float((cells == "").mean()), options.track_points, float(reach))

    def tensors(self, columns: Sequence[TrackColumn]) -> tuple[Tensor, ...]:
        most = sum(column.most for column in columns)
        return Tensor(POINTS, "float32", (most, 2)), Tensor(LENGTH, "int64", (len(columns),))

    def arrays(self, columns: Sequence[TrackColumn], cells: pd.DataFrame) -> dict[str, NDArray[Any]]:
        tracks = [laid_out([_points(cell) for cell in cells[each.name]], each.most) for each in columns]
        return {
            POINTS: np.concatenate([points for points, _ in tracks], axis=1),
            LENGTH: np.stack([length for _, length in tracks], axis=1),
        }

    def cell(self, value: Any) -> str:
        return "" if value is None else json.dumps(value)

    def value(self, cell: str) -> Any:
        return json.loads(cell) if cell else None

    def spoiled(self, columns: Sequence[Any], arrays: Arrays, random: np.random.Generator) -> dict[str, NDArray[Any]]:
        return {
            POINTS: scattered(arrays[POINTS], (0.0, 1e6), random),
            LENGTH: scattered(arrays[LENGTH], (0,), random),
        }

    def tabular(self, column: TrackColumn, arrays: Arrays) -> Tabular:
        return Tabular.of(numbers=np.concatenate([arrays[LENGTH], arrays[POINTS].mean(axis=1)], axis=1))

    def slices(self, column: TrackColumn, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        yield "no points", arrays[LENGTH][:, 0] == 0

    def bins(self, column: TrackColumn, arrays: Arrays) -> dict[str, Any]:
        return number_bins(arrays[LENGTH][:, 0].astype(np.float32))

    def manifest(self, column: TrackColumn, place: int) -> Mapping[str, Any]:
        return {"place": place, "most": column.most}


class TrackEncoder(Encoder):
    """The mean point of each track in units of its reach, and how long it is."""

    def __init__(self, columns: Columns, options: TrackOptions, purpose: Purpose) -> None:
        ((type_, of_type),) = columns
        points, length = type_.tensors(of_type)
        self.raw = self.learned = [
            keras.Input(points.shape, name=points.name),
            keras.Input(length.shape, name=length.name, dtype=length.dtype),
        ]
        apart = keras.layers.Reshape((len(of_type), options.track_points, 2))(self.raw[0])
        reach = [1 / column.reach for column in of_type]
        mean = keras.ops.mean(apart, axis=2) * np.array(reach, np.float32)[:, None]  # (batch, features, 2)
        flat = keras.layers.Flatten()(mean)
        self.vector = keras.layers.Concatenate()([flat, keras.ops.cast(self.raw[1], "float32")])


def _points(cell: str) -> Points:
    return [(x, y) for x, y in json.loads(cell)] if cell else []
