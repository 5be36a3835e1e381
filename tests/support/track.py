"""A made-up type of features, unlike those there are: a track of points, in two tensors of other dtypes and ranks.

[[0, 1], [2, 3]] ─ laid_out, which training calls too ─> track_points (rows, features * most, 2) float32
                                                         track_length (rows, features) int64
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.bins.layout import Counted, Floats, Layout
from app.bins.number import NumberBins, NumberCounter
from app.features.base import Arrays, Count, Feature, FeatureType, WireFault
from app.tensors import BY_BUNDLE, Array, TensorSpec

POINTS, LENGTH = "track_points", "track_length"
Points = list[tuple[float, float]]


def laid_out(tracks: Sequence[Points | None], most: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the first points of each track, with zeros behind them, and how many these are."""
    points = np.zeros((len(tracks), most, 2), np.float32)
    cut = [(track or [])[:most] for track in tracks]
    for row, track in enumerate(cut):
        points[row, : len(track)] = np.reshape(track, (-1, 2))
    return points, np.array([len(track) for track in cut], np.int64)


class Track(Feature, frozen=True, kw_only=True):
    """The keys of a feature."""

    place: int
    most: int


class Tracks(FeatureType):
    """See `app.features.base.FeatureType`."""

    form = Track
    bins = NumberBins
    nested = True

    def __init__(self, features: Sequence[Track]) -> None:
        self.features: Sequence[Track] = sorted(features, key=lambda feature: feature.place)
        most = sum(feature.most for feature in features)
        self.inputs = (
            TensorSpec(POINTS, BY_BUNDLE["float32"], (None, most, 2)),
            TensorSpec(LENGTH, BY_BUNDLE["int64"], (None, len(features))),
        )

    def json_type(self, feature: Track) -> Any:
        return Points | None if feature.optional else Points

    def cell(self, values: Sequence[Any]) -> Any:
        return tuple(values)

    def arrays(self, cells: Sequence[Any]) -> dict[str, Array]:
        tracks = [
            laid_out(track, each.most) for track, each in zip(zip(*cells, strict=True), self.features, strict=True)
        ]
        return {
            POINTS: np.concatenate([points for points, _ in tracks], axis=1),
            LENGTH: np.stack([length for _, length in tracks], axis=1),
        }

    def from_wire(self, arrays: Arrays) -> dict[str, Array]:
        for row, column in np.argwhere(arrays[LENGTH] < 0).tolist():
            raise WireFault(LENGTH, (row, column), "a length of zero or more", arrays[LENGTH][row, column])
        return {POINTS: arrays[POINTS], LENGTH: arrays[LENGTH]}

    def read_text(self, feature: Track, text: str) -> Any:
        try:
            return msgspec.convert(json.loads(text), Points)
        except ValueError as error:
            raise ValueError("a list of points") from error

    def openapi(self, feature: Track) -> dict[str, Any]:
        point = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
        return {"type": "array", "items": point}

    def strange(self, feature: Track) -> list[Any]:
        return [[], [(0.0, 0.0)] * (feature.most + 1)]

    def layout(self, feature: Track, bins: NumberBins) -> Layout:
        return bins.layout()

    def counter(self, counted: Mapping[str, Counted]) -> Count:
        places = [place for place, feature in enumerate(self.features) if feature.name in counted]
        counter = NumberCounter(places, [counted[self.features[place].name] for place in places])

        def count(arrays: Arrays, found: Floats, out_of_range: Floats) -> None:
            counter.count(arrays[LENGTH].astype(np.float64), found, out_of_range)

        return count
