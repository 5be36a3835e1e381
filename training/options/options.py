"""Options: what a person chose, room by room.

    Options.of(data=path, hidden=(64,))   by the names of the command line ─> each value in its room
    options.fit.epochs                    of a room of the house
    options.own(NumberOptions).bins       of a feature type or a task, which the house does not know

The rooms of feature types and tasks are found by name, in their registries, when all options are listed.
A function that reads one room is handed that room, not the whole.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, TypeVar, get_type_hints

from training.options.declare import Declared, declared, text
from training.options.rooms import (
    CompressOptions,
    DataOptions,
    EvaluationOptions,
    FitOptions,
    NetworkOptions,
    RunOptions,
    TuneOptions,
)

T = TypeVar("T")
REGISTRIES = ("training.features.registry:FEATURES", "training.tasks.registry:TASKS")


@dataclass(frozen=True, kw_only=True)
class Options:
    """All rooms; the order is that of `--help`."""

    data: DataOptions
    network: NetworkOptions = NetworkOptions()
    fit: FitOptions = FitOptions()
    compress: CompressOptions = CompressOptions()
    evaluation: EvaluationOptions = EvaluationOptions()
    tune: TuneOptions = TuneOptions()
    run: RunOptions = RunOptions()
    others: tuple[Any, ...] = ()  # rooms of feature types and tasks, those that differ from their defaults

    @classmethod
    def of(cls, *, data: Path, **values: Any) -> "Options":
        return cls(data=DataOptions(path=data)).changed(**values)

    def changed(self, **values: Any) -> "Options":
        """Return the same with other values, by their names on the command line."""
        known = by_name()
        changes: dict[type[Any], dict[str, Any]] = {}
        for name, value in values.items():
            one = known[name]
            alone = one.words.repeated and isinstance(value, str)
            changes.setdefault(one.room, {})[one.field] = (value,) if alone else value
        house = {name: replace(room, **changes.pop(type(room), {})) for name, room in self._house()}
        others = {type(one): one for one in self.others}
        others |= {room: replace(self.own(room), **found) for room, found in changes.items()}
        differ = sorted((one for room, one in others.items() if one != room()), key=lambda one: type(one).__name__)
        return Options(**house, others=tuple(differ))

    def own(self, room: type[T]) -> T:
        """Return the room of a feature type or a task."""
        return next((one for one in self.others if type(one) is room), room())

    def value(self, one: Declared) -> Any:
        room = next((room for _, room in self._house() if type(room) is one.room), None)
        return getattr(self.own(one.room) if room is None else room, one.field)

    def values(self) -> dict[str, Any]:
        """Return every value by its name on the command line."""
        return {name: self.value(one) for name, one in by_name().items()}

    def _house(self) -> Iterator[tuple[str, Any]]:
        return ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self) if field.name != "others")


def rooms() -> dict[str, type[Any]]:
    """Return every room by the name that the manifest gives it; two types or tasks may share one."""
    of = get_type_hints(Options)
    house = {field.name: of[field.name] for field in dataclasses.fields(Options) if field.name != "others"}
    features, tasks = (
        {name: member.room for name, member in resolve_name(registry).items() if member.options is not None}
        for registry in REGISTRIES
    )
    return {"data": house.pop("data"), **features, "network": house.pop("network"), **tasks, **house}


def by_name() -> Mapping[str, Declared]:
    """Return every option by its name, in the order of the rooms; a ValueError says that two have one name."""
    found: dict[str, Declared] = {}
    for room in dict.fromkeys(rooms().values()):
        for one in declared(room):
            if one.name in found:
                raise ValueError(
                    f"{room.__qualname__}: expected names of its own. Received: {one.name!r}, which "
                    f"{found[one.name].room.__qualname__} has."
                )
            found[one.name] = one
    return found


def flags(options: Options) -> list[str]:
    """Write the options that differ from their defaults as on a command line, but for where it reads and writes."""
    values = ((one, options.value(one)) for one in by_name().values() if not one.words.place)
    return [word for one, value in values if value != one.default for word in one.flags(value)]


def facts(options: Options, kinds: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return all options but places as JSON holds them, room by room: another version may have other defaults.

    `kinds` are the feature types and the task of this run; the rooms of others say nothing about it.
    """
    house = {field.name for field in dataclasses.fields(Options)}
    return {
        name: {one.name: _plain(options.value(one)) for one in declared(room) if not one.words.place}
        for name, room in rooms().items()
        if name in house or name in kinds
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, bool | int | float | str) else text(value)
