"""Which place an address means."""

from pathlib import Path

from app.scoring.places.base import Place
from app.scoring.places.local import LocalPlace


def place_of(address: str) -> Place:
    """Return the place that an address names: a folder."""
    return LocalPlace(Path(address))
