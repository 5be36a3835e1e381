"""The type `track` in training; see `served_track`, whose functions lay tracks out on both sides."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.sources.rules import ColumnRule
from app.sources.tally import Tally, Verdict
from training.columns.arrays import Arrays
from training.columns.summaries import Summary
from training.features.base import Column, FeatureType, Mask, Tabular, Tensor

from .options import TrackOptions
from .served_track import padded, thinned, written

EDGES = (5, 10, 20)  # lengths at which drift cuts


@dataclass(frozen=True)
class TrackColumn(Column):
    """What is known of a track."""

    tensor: str
    points: int
    reach: float  # of the training rows: the largest coordinate


class Track(FeatureType):
    """See `training.features.base.FeatureType`."""

    name = "track"
    encoder = f"{__package__}.encoder:TrackEncoder"

    # ── a column of a file ──

    def certainty(self, tally: Tally, verdict: Verdict) -> float:
        is_list = verdict.arrow_type.startswith("list")
        return float(is_list or (len(tally.sample) > 0 and all(one.startswith("[[") for one in tally.sample)))

    def cells(self, values: pa.Array, rule: ColumnRule) -> NDArray[Any]:
        return np.array([_text(value) for value in values.to_pylist()], object)

    # ── statistics ──

    def describe(self, cells: pd.Series, options: TrackOptions, of: Summary, trained: Summary) -> TrackColumn:
        tracks = [_track(cell) for cell in cells]
        missing = trained.missing_share
        longest = max(2, *map(len, tracks))
        reach = max(abs(number) for track in tracks for point in track for number in point)
        return TrackColumn(str(cells.name), missing, str(cells.name), min(options.track_points, longest), float(reach))

    # ── tensors ──

    def tensors(self, columns: Sequence[TrackColumn]) -> tuple[Tensor, ...]:
        return tuple(tensor for column in columns for tensor in _tensors(column))

    def arrays(self, columns: Sequence[TrackColumn], cells: pd.DataFrame) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {}
        for column in columns:
            tracks = [thinned(_track(cell), column.points) for cell in cells[column.name]]
            laid_out = padded(tracks, column.points)
            found |= {tensor.name: array for tensor, array in zip(_tensors(column), laid_out, strict=True)}
        return found

    def cell(self, value: Any) -> str:
        return _text(value)

    def value(self, cell: str) -> Any:
        return _track(cell) or None

    def some(self, columns: Sequence[TrackColumn], places: Sequence[int], arrays: Arrays) -> dict[str, NDArray[Any]]:
        return {tensor.name: arrays[tensor.name] for place in places for tensor in _tensors(columns[place])}

    def dealt(
        self, columns: Sequence[TrackColumn], place: int, arrays: Arrays, order: NDArray[np.int64]
    ) -> dict[str, NDArray[Any]]:
        return {tensor.name: arrays[tensor.name][order] for tensor in _tensors(columns[place])}

    def spoiled(self, columns: Sequence[Any], arrays: Arrays, random: np.random.Generator) -> dict[str, NDArray[Any]]:
        changed = {name: array.copy() for name, array in arrays.items()}
        for column in columns:
            points, length = (changed[tensor.name] for tensor in _tensors(column))
            length[random.random(len(length)) < 0.2] = 0
            points[random.random(len(points)) < 0.1] *= 10
        return changed

    # ── judged and told ──

    def tabular(self, column: TrackColumn, arrays: Arrays) -> Tabular:
        points, length = (arrays[tensor.name] for tensor in _tensors(column))
        mean = points.sum(axis=1) / np.maximum(length, 1)[:, None]
        return Tabular.of(numbers=np.concatenate([mean, length[:, None]], axis=1))

    def slices(self, column: TrackColumn, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        length = arrays[f"{column.tensor}_length"]
        yield from (("short", (length > 0) & (length <= EDGES[0])), ("long", length > EDGES[0]))

    def bins(self, column: TrackColumn, arrays: Arrays) -> dict[str, Any]:
        length = arrays[f"{column.tensor}_length"]
        present = np.searchsorted(EDGES, length[length > 0])
        shares = np.bincount(present, minlength=len(EDGES) + 1) / len(length)
        missing = float(np.mean(length == 0))
        return {"kind": "track", "lengths": EDGES, "shares": shares.tolist(), "missing": missing}

    def section(self, column: TrackColumn) -> Iterator[str]:
        yield f"At most {column.points} points of each track in `{column.name}` are looked at."

    def manifest(self, column: TrackColumn, place: int) -> Mapping[str, Any]:
        return {"tensor": column.tensor, "points": column.points}


def _tensors(column: TrackColumn) -> tuple[Tensor, Tensor]:
    return Tensor(f"{column.tensor}_points", "float32", (None, 2)), Tensor(f"{column.tensor}_length", "int64", ())


def _is_track(value: Any) -> bool:
    return value.startswith("[[") if isinstance(value, str) else isinstance(value, list | np.ndarray)


def _text(value: Any) -> str:
    """Return the cell of a value as a file or a caller has it; "" is missing."""
    if isinstance(value, str):
        return value
    return written(value) if isinstance(value, list | tuple | np.ndarray) else ""


def _track(cell: str) -> list[tuple[float, float]]:
    return [(x, y) for x, y in json.loads(cell)] if cell else []
