"""The options that the type and the task bring; read before pandas and TensorFlow."""

from dataclasses import dataclass
from typing import ClassVar

from training.options.declare import option


@dataclass(frozen=True, kw_only=True)
class TrackOptions:
    """How a track is read."""

    title: ClassVar[str] = "Tracks"
    track_points: int = option(32, "At most so many points of a track.", unit="points", low=2)


@dataclass(frozen=True, kw_only=True)
class VisitOptions:
    """How places are ranked."""

    title: ClassVar[str] = "Visits"
    visit_units: int = option(16, "Units of the layer before the scores.", unit="units", low=1)
