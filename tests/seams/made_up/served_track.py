"""The feature `track`, [[x, y], …]: at most `points` of its points, and how many there are.

    <tensor>_points (rows, points, 2) float32, padded to the longest of the run      <tensor>_length (rows,) int64

Each feature has two tensors of its own; a missing track has the length 0. Training calls `thinned` and `padded`, too.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np

from app.bins.layout import MISSING, Counted, Floats, Layout, check_shares
from app.features.base import Arrays, Count, Fault, Feature, FeatureType, WireFault
from app.tensors import BY_BUNDLE, Array, TensorSpec

FARTHEST = 1000.0
IN_REACH = f"points whose coordinates are within {FARTHEST:g}"
Point = tuple[float, float]
Track = Annotated[list[Point], msgspec.Meta(min_length=1, max_length=500)]


def thinned(track: Sequence[Point], most: int) -> list[Point]:
    """Return at most so many points, from all over the track; both ends stay."""
    if len(track) <= most:
        return list(track)
    return [track[place] for place in np.linspace(0, len(track) - 1, most).round().astype(int)]


def padded(tracks: Sequence[Sequence[Point]], width: int = 1) -> tuple[Array, Array]:
    """Return points, (rows, longest, 2) float32 with zeros behind the last, and lengths, (rows,) int64."""
    lengths = np.array([len(track) for track in tracks], np.int64)
    points = np.zeros((len(tracks), max([width, *lengths.tolist()]), 2), np.float32)
    for row, track in enumerate(tracks):
        points[row, : len(track)] = np.reshape(track, (-1, 2))
    return points, lengths


class TrackKeys(Feature, frozen=True, kw_only=True):
    """The keys of a feature."""

    tensor: str
    points: Annotated[int, msgspec.Meta(ge=2)]


class TrackBins(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="track"):
    """Tracks by their length: up to each edge, and beyond the last."""

    lengths: tuple[int, ...]
    shares: tuple[float, ...]
    missing: float

    def check(self) -> None:
        """See `app.bins.number.NumberBins`."""
        check_shares([*self.shares, self.missing])
        if len(self.shares) != len(self.lengths) + 1:
            raise ValueError(f"expected {len(self.lengths) + 1} shares. Received: {len(self.shares)}")


class Tracks(FeatureType):
    """See `app.features.base.FeatureType`."""

    form = TrackKeys
    bins = TrackBins
    nested = True

    def __init__(self, features: Sequence[TrackKeys]) -> None:
        self.features: Sequence[TrackKeys] = features
        self.inputs = [spec for feature in features for spec in _specs(feature)]

    # ── a row ──

    def json_type(self, feature: TrackKeys) -> Any:
        return Track | None if feature.optional else Track

    def cell(self, values: Sequence[Any]) -> list[list[Point]]:
        return [self._read(place, value) for place, value in enumerate(values)]

    def arrays(self, cells: Sequence[Any]) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for place, feature in enumerate(self.features):
            tensors = padded([cell[place] for cell in cells])
            found |= {spec.name: array for spec, array in zip(_specs(feature), tensors, strict=True)}
        return found

    def _read(self, place: int, track: Sequence[Point] | None) -> list[Point]:
        points = thinned(track or [], self.features[place].points)
        for point in points:
            if not max(map(abs, point)) <= FARTHEST:
                raise Fault(place, IN_REACH, list(point))
        return points

    # ── other roads to the same tensors ──

    def from_wire(self, arrays: Arrays) -> dict[str, Array]:
        return {spec.name: arrays[spec.name] for feature in self.features for spec in self._checked(feature, arrays)}

    def _checked(self, feature: TrackKeys, arrays: Arrays) -> Sequence[TensorSpec]:
        points, lengths = (arrays[spec.name] for spec in _specs(feature))
        least, most = 0 if feature.optional else 1, min(points.shape[1], feature.points)
        for row in np.flatnonzero((lengths < least) | (lengths > most)).tolist():
            raise WireFault(f"{feature.tensor}_length", (row,), f"{least} to {most} points", lengths[row])
        there = np.arange(points.shape[1]) < lengths[:, None]  # (rows, points)
        for row, point in np.argwhere(there & ~(np.abs(points).max(axis=2) <= FARTHEST)).tolist():
            raise WireFault(f"{feature.tensor}_points", (row, point), IN_REACH, points[row, point])
        return _specs(feature)

    def read_text(self, feature: TrackKeys, text: str) -> Any:
        try:
            return msgspec.json.decode(text, type=Track)
        except msgspec.DecodeError as error:
            raise ValueError("a list of points: [[x, y], …]") from error

    # ── what is said of them ──

    def openapi(self, feature: TrackKeys) -> dict[str, Any]:
        point = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
        return {"type": "array", "items": point, "minItems": 1, "maxItems": 500}

    def strange(self, feature: TrackKeys) -> list[Any]:
        return [[(0.0, 0.0)], [(FARTHEST, -FARTHEST)] * 500]

    # ── drift ──

    def layout(self, feature: TrackKeys, bins: TrackBins) -> Layout:
        names = [f"to {edge}" for edge in bins.lengths]
        return Layout((*names, "longer", MISSING), (*bins.shares, bins.missing))

    def counter(self, counted: Mapping[str, Counted]) -> Count:
        tensors = {feature.name: f"{feature.tensor}_length" for feature in self.features}

        def count(arrays: Arrays, found: Floats, out_of_range: Floats) -> None:
            for name, its in counted.items():
                lengths = arrays[tensors[name]]
                places = np.searchsorted(its.bins.lengths, lengths)
                places[lengths == 0] = len(its.bins.shares)
                found[its.start : its.start + len(its.bins.shares) + 1] += np.bincount(
                    places, minlength=len(its.bins.shares) + 1
                )

        return count


def _specs(feature: TrackKeys) -> tuple[TensorSpec, TensorSpec]:
    points = TensorSpec(f"{feature.tensor}_points", BY_BUNDLE["float32"], (None, None, 2))
    return points, TensorSpec(f"{feature.tensor}_length", BY_BUNDLE["int64"], (None,))


def written(track: Any) -> str:
    """Write a track as the cell of a CSV file."""
    return json.dumps([list(map(float, point)) for point in track])
