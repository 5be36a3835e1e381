"""All features of a bundle, composed of their types: what a row is, whichever way it came.

    cells of each type ── arrays ──> the graph's tensors <── from_wire ── tensors of other protocols
                                                         <── from_arrow ── columns of a table

It knows no type by name, and nothing of bodies; `app.features.row_reader` reads those.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from app.bins.layout import Counted
from app.errors import InvalidInput, Path
from app.features.base import Arrays, Cell, Complete, Count, CountColumns, Feature, FeatureType, Part, WireFault
from app.features.column_type import ColumnType
from app.features.registry import types_of
from app.printable import listed
from app.tensors import Array, TensorSpec


class FeatureSet:
    """The features of one bundle, in the order of the manifest; raises `ValueError` where they do not fit together."""

    def __init__(self, features: Sequence[Feature]) -> None:
        names = [feature.name for feature in features]
        if len(names) != len(set(names)):
            raise ValueError(f"expected unique feature names. Received: {listed(names)}")
        self.features = features
        self.names = names
        self.types = types_of(features)
        self.ordered = [feature for type_ in self.types for feature in type_.features]  # as rows hold their values
        self.places = _places(self.types)
        self.cell = _cell(self.types, self.places)
        self._of = {feature.name: (type_, feature) for type_ in self.types for feature in type_.features}
        self.inputs, self._shared = _merged(self.types)
        self.wire = _merged(self.types, wire=True)[0]
        self.padded = [(type_, at) for at, type_ in enumerate(self.types) if type_.padded]
        self.bounded = {spec.name for type_, _ in self.padded for spec in type_.inputs}  # what decides sizes, in bounds
        self.parted = [(type_, at) for at, type_ in enumerate(self.types) if type_.parted]
        self.nested = {feature.name for type_ in self.types if type_.nested for feature in type_.features}
        self.files = [name for type_ in self.types for name in type_.files]
        self.key = tuple([spec.shape[1:] for spec in self.inputs])  # of the requests that may share a run

    def arrays(self, cells: Sequence[Cell]) -> dict[str, Array]:
        """Turn the cells of rows into the graph's tensors, with the rows first."""
        if len(self.types) == 1:
            return self.types[0].arrays(cells)
        return self._joined([type_.arrays([cell[at] for cell in cells]) for at, type_ in enumerate(self.types)])

    def from_wire(self, arrays: Arrays) -> dict[str, Array]:
        """Check tensors of another protocol, and return the graph's; raises `InvalidInput` for what no row holds."""
        found: dict[str, Array] = {}
        try:
            for type_ in self.types:
                found.update(type_.from_wire(arrays))
        except WireFault as fault:
            path: Path = (fault.tensor, *fault.index)
            raise InvalidInput(path, fault.expected, f"{fault.received!s:.80}") from fault
        return found

    def from_arrow(self, columns: Mapping[str, Any], rows: int) -> tuple[dict[str, Array], Array]:
        """Turn Arrow columns by the features' names into the graph's tensors, and say which rows were not read so.

        Those, (rows,) truths, are to be read cell by cell: what the tensors hold of them does not matter, and where it
        is all rows, there are none.
        """
        unread = np.zeros(rows, bool)
        parts = [type_.from_arrow(columns, unread) for type_ in self.types]
        return ({} if unread.all() else self._joined(parts)), unread

    def completed_by(self, files: Mapping[str, bytes]) -> Complete | None:
        """Return what completes the tensors of a run, None where nothing is missing; see `FeatureType.completed_by`."""
        found = [complete for type_ in self.types if (complete := type_.completed_by(files)) is not None]

        def complete_all(arrays: Arrays) -> Arrays:
            return {**arrays, **{name: array for complete in found for name, array in complete(arrays).items()}}

        return complete_all if found else None

    def elements(self, rows: Sequence[Cell] | Arrays) -> list[int]:
        """Return how many elements each row has of all types that are `padded`; there is one."""
        if isinstance(rows, Mapping):
            found = [type_.elements_of(rows) for type_, _ in self.padded]
        elif len(self.types) == 1:
            return self.types[0].elements(rows)
        else:
            found = [type_.elements([cell[at] for cell in rows]) for type_, at in self.padded]
        return found[0] if len(found) == 1 else [sum(each) for each in zip(*found, strict=True)]

    def largest(self, arrays: Arrays) -> dict[str, Array]:
        """Return a row of the graph's tensors that has as many elements as one may have."""
        row = {name: array[:1] for name, array in arrays.items()}
        for type_, _ in self.padded:
            row.update(type_.largest(arrays))
        return row

    def parts(self, row: Cell) -> list[tuple[int, Part]]:
        """Return what can be left out of a row, each with the place of its type."""
        alone = len(self.types) == 1
        return [(at, part) for type_, at in self.parted for part in type_.parts(row if alone else row[at])]

    def without(self, row: Cell, at: int, part: Part) -> Cell:
        """Return the row without a part of a value of the type at a place."""
        if len(self.types) == 1:
            return self.types[0].without(row, part)
        return (*row[:at], self.types[at].without(row[at], part), *row[at + 1 :])

    def json_type(self, feature: Feature) -> Any:
        return self.type_of(feature.name).json_type(feature)

    def type_of(self, name: str) -> FeatureType:
        return self._of[name][0]

    def text_reader(self, name: str) -> Callable[[str], Any]:
        """Return a feature's `FeatureType.read_text`."""
        type_, feature = self._of[name]
        return partial(type_.read_text, feature)

    def openapi(self, feature: Feature) -> dict[str, Any]:
        schema = self.type_of(feature.name).openapi(feature)
        if feature.optional and "type" in schema:
            schema["type"] = [schema["type"], "null"]
        if feature.missing_share:
            missing = f"Missing in {feature.missing_share:.1%} of the training rows."
            schema["description"] = f"{schema['description']} {missing}" if "description" in schema else missing
        return schema

    def strange(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return rows that a loaded graph must survive: `row` without its optional values, and with strange ones."""
        values = {feature.name: self.type_of(feature.name).strange(feature) for feature in self.features}
        missing: dict[str, Any] = {feature.name: None for feature in self.features if feature.optional}
        columns = itertools.zip_longest(*values.values(), fillvalue=...)
        strange = [
            {name: value for name, value in zip(values, each, strict=True) if value is not ...} for each in columns
        ]
        return [dict(row) | change for change in (missing, *strange)]

    def typical(self, bins: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row of usual values by the `bins` of features, which is the row of nobody."""
        return {f.name: self.type_of(f.name).typical(f, bins.get(f.name)) for f in self.features}

    def counters(self, counted: Mapping[str, Counted]) -> list[tuple[Count, CountColumns | None]]:
        """Return what counts the features of these names, a type each, by tensors or by Arrow columns."""
        by_type = [{f.name: counted[f.name] for f in type_.features if f.name in counted} for type_ in self.types]
        return [
            (type_.counter(its), type_.column_counter(its))
            for type_, its in zip(self.types, by_type, strict=True)
            if its
        ]

    def _joined(self, parts: Iterable[Arrays]) -> dict[str, Array]:
        """Put the tensors of all types together; some share one, each with columns of its own."""
        arrays: dict[str, Array] = {}
        for type_, part in zip(self.types, parts, strict=True):
            for name, array in part.items():
                width = self._shared.get(name)
                if width is None:
                    arrays[name] = array
                    continue
                whole = arrays.setdefault(name, np.empty((len(array), width), array.dtype))
                whole[:, type_.columns] = array  # type: ignore[attr-defined]  # `_merged` made sure
        return arrays


def _places(types: Sequence[FeatureType]) -> list[slice]:
    ends = [0, *itertools.accumulate(len(type_.features) for type_ in types)]
    return [slice(start, end) for start, end in itertools.pairwise(ends)]


def _cell(types: Sequence[FeatureType], places: Sequence[slice]) -> Callable[[Sequence[Any]], Cell]:
    """Return what turns the values of a row into a cell: that of the only type, or those of each; it raises `Fault`."""
    parts = [(type_.cell, place) for type_, place in zip(types, places, strict=True)]
    if len(parts) == 1:
        return parts[0][0]
    if len(parts) == 2:  # the most common case, without a loop
        (first, one), (second, other) = parts
        return lambda values: (first(values[one]), second(values[other]))
    return lambda values: tuple([cell(values[place]) for cell, place in parts])


def _merged(types: Sequence[FeatureType], *, wire: bool = False) -> tuple[tuple[TensorSpec, ...], dict[str, int]]:
    """Return the tensors of all types, and the columns of those that types of columns share."""
    owners: dict[str, list[FeatureType]] = {}
    merged: dict[str, TensorSpec] = {}
    for type_ in types:
        for spec in type_.wire if wire else type_.inputs:
            owners.setdefault(spec.name, []).append(type_)
            merged.setdefault(spec.name, spec)
    shared = {name: _width(name, its) for name, its in owners.items() if len(its) > 1}
    for name, its in owners.items():
        _check_columns(name, its)
    merged |= {name: TensorSpec(name, merged[name].datatype, (None, width)) for name, width in shared.items()}
    return tuple(merged.values()), shared


def _width(name: str, types: Sequence[FeatureType]) -> int:
    own = [type_ for type_ in types if isinstance(type_, ColumnType) and type_.tensor == name]
    if len(own) < len(types) or len({type_.inputs[0].dtype for type_ in own}) > 1:
        raise ValueError(f"expected the tensor `{name}` to be fed by one type of features. Received: {len(types)}")
    return sum([len(type_.columns) for type_ in own])


def _check_columns(name: str, types: Sequence[FeatureType]) -> None:
    columns = [column for type_ in types if isinstance(type_, ColumnType) for column in type_.columns.tolist()]
    if sorted(columns) != list(range(len(columns))):
        raise ValueError(f"expected each column of `{name}` to be fed by one feature. Received: {sorted(columns)}")
