"""A marker: says that a part and its rejected rows are written whole, and what is in them.

    name_of(7, 2)      part-00007-00002, the third part of stretch 7
    sound(place, …)    its marker, where part and rejected rows are what the marker says

Whoever finds a sound marker need not do the part; it is written last.
"""

import hashlib

import msgspec

from app.scoring.errors import Failed, Refused
from app.scoring.parts.plan import Plan
from app.scoring.places.base import Place

FOLDER, REJECTED = "_parts", "_rejected"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was written."""

    name: str
    bytes: int
    sha256: str


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """One part that is done."""

    plan: str  # its sha256
    rows: int
    answered: int
    rejected: int
    last: bool  # of its stretch
    files: tuple[Written, ...]  # the part, and the rejected rows where there are some
    tally: msgspec.Raw

    def __post_init__(self) -> None:
        if self.rows != self.answered + self.rejected:
            raise ValueError(f"expected {self.rows} rows. Received: {self.answered} answered, {self.rejected} rejected")


def name_of(stretch: int, part: int) -> str:
    """Return what a part is called, without its ending."""
    return f"part-{stretch:05}-{part:05}"


def numbers_of(name: str) -> tuple[int, int]:
    """Return stretch and part of a marker's name."""
    _, stretch, part = name.removesuffix(".json").split("-")
    return int(stretch), int(part)


def written(name: str, data: bytes) -> Written:
    """Describe a file."""
    return Written(name=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def marker_name(stretch: int, part: int) -> str:
    """Return where the marker of a part stands."""
    return f"{FOLDER}/{name_of(stretch, part)}.json"


def read(place: Place, plan: Plan, stretch: int, part: int) -> Marker | None:
    """Return a marker; None where there is none. Raises `Refused` for that of another plan."""
    name = marker_name(stretch, part)
    if (data := place.get(name)) is None:
        return None
    try:
        found = msgspec.json.decode(data, type=Marker)
    except (msgspec.DecodeError, ValueError):
        return None  # damaged: the part is done again
    if found.plan != plan.sha256:
        raise Refused(f"{place.address}/{name}: expected a part of the plan {plan.sha256}. Received: {found.plan}.")
    return found


def sound(place: Place, plan: Plan, stretch: int, part: int) -> Marker | None:
    """Return a marker whose files are what it says, to the byte."""
    found = read(place, plan, stretch, part)
    if found is None or any(_hash(place, file.name) != file.sha256 for file in found.files):
        return None
    return found


def check_sizes(place: Place, marker: Marker) -> None:
    """Raise `Failed` where a file of a part is gone or has another size."""
    for file in marker.files:
        if (size := place.size(file.name)) != file.bytes:
            received = "none" if size is None else f"{size:,} bytes"
            raise Failed(
                f"{place.address}/{file.name}: expected {file.bytes:,} bytes, as in its marker. Received: {received}. "
                "Give the same command again: the part is written anew."
            )


def _hash(place: Place, name: str) -> str | None:
    data = place.get(name)
    return None if data is None else hashlib.sha256(data).hexdigest()
