"""Which place an address means."""

from pathlib import Path

from app.scoring.places import addresses
from app.scoring.places.base import Place
from app.scoring.places.local import LocalPlace


def place_of(address: str) -> Place:
    """Return the place that an address names: a folder of this machine, or one of an object store."""
    if addresses.is_remote(address):
        from app.scoring.places.remote import RemotePlace  # noqa: PLC0415 - most places are folders

        return RemotePlace(address)
    return LocalPlace(Path(address))
