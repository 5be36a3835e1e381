"""Declare: every option once, as a field of the dataclass of the room that reads it.

    epochs: int = option(100, "At most so many passes over the data.", unit="epochs", low=1)

    dataclass ─ declared ─> Declared ─┬─> the command line     training/cli/generated.py
                                      ├─> the manifest         training/options/options.py
                                      └─> the table of docs/training.md, which a test compares

    Member    a line of a registry: where a type of features or a task is, and the options that it brings

It knows nothing about which options there are, nor about the library behind the command line.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Literal, get_type_hints

KEY = "words"  # of a field's metadata


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is said of an option beside its type and its default."""

    help: str
    name: str | None = None  # on the command line and in the manifest; None: that of the field
    unit: str | None = None  # stands for the value in `--help`
    unset: str | None = None  # what happens without it, where its default is none
    low: float | None = None  # bounds of a number
    high: float | None = None
    read: Callable[[str], Any] | None = None  # from what stands on the command line; it raises ValueError
    repeated: bool = False  # it may be said several times; the value is a tuple
    choices: str | None = None  # "module:ATTRIBUTE": the words that are allowed, where no Literal can list them
    common: bool = False  # most people need it: it stands first
    place: bool = False  # where a run reads or writes; it says nothing about the model and is not kept with it
    learned: bool = True  # whether another value gives another network
    argument: bool = False  # stands without a flag


def option(default: Any, help: str, **words: Any) -> Any:
    """Declare a field; `words` are those of `Words`."""
    return dataclasses.field(default=default, metadata={KEY: Words(help=help, **words)})


REQUIRED = dataclasses.MISSING


@dataclass(frozen=True)
class Member:
    """A type of features or a task, resolved when it is first asked for; two may have the same class or options."""

    where: str  # "module:Class"
    options: str | None = None  # "module:Dataclass", in a module that imports neither pandas nor TensorFlow

    @property
    def room(self) -> type[Any] | None:
        """Return the dataclass of its options; None where it brings none."""
        found: type[Any] | None = None if self.options is None else resolve_name(self.options)
        return found


@dataclass(frozen=True)
class Declared:
    """An option with all that is known about it."""

    room: type[Any]
    field: str
    type: Any
    default: Any
    words: Words

    @property
    def name(self) -> str:
        return self.words.name or self.field

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def allowed(self) -> Any:
        """Return the type of what may stand on the command line."""
        if self.words.repeated:
            return list[str]
        if self.words.choices is None:
            return str if self.words.read else self.type
        names: Sequence[str] = tuple(resolve_name(self.words.choices))
        return Literal[names] | None

    def value(self, given: Any) -> Any:
        """Turn what stood on the command line into the option's value, or raise a ValueError."""
        if self.words.read is not None and isinstance(given, str):
            return self.words.read(given)
        if self.words.repeated:
            return (given,) if isinstance(given, str) else tuple(given)
        is_path = self.type in (Path, Path | None)
        return Path(given) if isinstance(given, str) and is_path else given

    def flags(self, value: Any) -> list[str]:
        if value is True:
            return [self.flag]
        if value is False:
            return [self.flag.replace("--", "--no-", 1)]
        if self.words.repeated:
            return [word for one in value for word in (self.flag, one)]
        return [self.flag, text(value)]


def declared(room: type[Any]) -> tuple[Declared, ...]:
    """Return the options of a room, in the order of its fields."""
    types = get_type_hints(room)
    return tuple(
        Declared(room, field.name, types[field.name], field.default, field.metadata[KEY])
        for field in dataclasses.fields(room)
    )


def text(value: Any) -> str:
    """Write a value for people: a list divided by commas."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def names(written: str) -> tuple[str, ...]:
    """Read a list divided by commas."""
    return tuple(word.strip() for word in written.split(",") if word.strip())


def units(written: str) -> tuple[int, ...]:
    """Read the units of hidden layers, 128,64, or raise a ValueError with what was expected and received."""
    try:
        found = tuple(int(word) for word in names(written))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise ValueError(f"expected positive numbers divided by commas. Received: {written!r}.")
    return found
