"""Features: the columns that are learned from, and rows as the tensors that the graph takes.

    training rows ─ describe ─> Features      (statistics; the only place that computes any)
    rows          ─ arrays   ─> tensor name -> (rows, …)

What a type makes of its columns is the type's; here they are only gathered. It knows no type by name, and nothing about
networks or ONNX.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pkgutil import resolve_name
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.arrays import Arrays, merged
from training.columns.summaries import Summary
from training.errors import DataError
from training.features.base import Column, FeatureType, Mask, Tabular, Tensor
from training.features.encoder import Encoder, Purpose
from training.features.registry import FEATURES, feature_type, own_options, ranked
from training.options import Options

Arranged = dict[str, NDArray[Any]]
Summaries = Mapping[str, Summary]  # feature -> what was kept of its cells


@dataclass(frozen=True)
class Group:
    """All features of one type."""

    type: FeatureType
    columns: tuple[Any, ...]  # `Column`s of the type

    @cached_property
    def places(self) -> dict[str, int]:
        return {column.name: place for place, column in enumerate(self.columns)}

    @property
    def names(self) -> list[str]:
        return list(self.places)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return self.type.tensors(self.columns)

    def of(self, arrays: Arrays) -> Arranged:
        return {tensor.name: arrays[tensor.name] for tensor in self.tensors}

    def some(self, arrays: Arrays, names: Sequence[str]) -> Arranged:
        return self.type.some(self.columns, [self.places[name] for name in names], self.of(arrays))


@dataclass(frozen=True)
class Features:
    """All features: in the order of the data file, and by type in the order of the registry."""

    order: tuple[str, ...]
    groups: tuple[Group, ...]

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Return every feature by its name, in the order of the data file."""
        by_name = {column.name: column for group in self.groups for column in group.columns}
        return {name: by_name[name] for name in self.order}

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return tuple(tensor for group in self.groups for tensor in group.tensors)

    def type_of(self, name: str) -> FeatureType:
        return self._group[name].type

    def encoders(self, options: Options, purpose: Purpose) -> list[Encoder]:
        """Make what reads the tensors in a network; TensorFlow is imported."""
        shared: dict[str, list[Group]] = {}
        for group in self.groups:
            shared.setdefault(group.type.encoder, []).append(group)
        return [
            resolve_name(where)(
                [(group.type, group.columns) for group in groups], own_options(groups[0].type, options), purpose
            )
            for where, groups in shared.items()
        ]

    # ── rows as tensors ──

    def arrays(self, cells: pd.DataFrame) -> Arranged:
        return merged(group.type.arrays(group.columns, cells[group.names]) for group in self.groups)

    def from_instances(self, instances: Sequence[Mapping[str, Any]]) -> Arranged:
        """Lay named values out, as a caller of the service sends them; None is missing."""
        cells = {
            name: pd.Series([self.type_of(name).cell(row[name]) for row in instances], name=name) for name in self.order
        }
        return self.arrays(pd.DataFrame(cells))

    def to_instances(self, cells: pd.DataFrame) -> list[dict[str, Any]]:
        """Return rows as a caller would send them, with None for missing."""
        rows = cells[list(self.order)].to_dict("records")
        return [{str(name): self.type_of(str(name)).value(cell) for name, cell in row.items()} for row in rows]

    def is_missing(self, cells: pd.DataFrame) -> pd.DataFrame:
        found = {name: self.type_of(name).is_missing(cells[name].to_numpy()) for name in self.order}
        return pd.DataFrame(found, index=cells.index)

    def spoiled(self, arrays: Arrays, random: np.random.Generator) -> Arranged:
        return merged(group.type.spoiled(group.columns, group.of(arrays), random) for group in self.groups)

    def alone(self, name: str, arrays: Arrays) -> Arranged:
        return self._group[name].some(arrays, [name])

    def mixed(self, name: str, arrays: Arrays, order: NDArray[np.int64]) -> Arrays:
        """Deal one feature's values out anew among the rows."""
        group = self._group[name]
        return {**arrays, **group.type.dealt(group.columns, group.places[name], group.of(arrays), order)}

    # ── some of them ──

    def without(self, dropped: Sequence[str]) -> "Features":
        """Return the others; their statistics stay."""
        groups = (
            replace(group, columns=group.type.together([one for one in group.columns if one.name not in dropped]))
            for group in self.groups
        )
        order = tuple(name for name in self.order if name not in dropped)
        return Features(order, tuple(group for group in groups if group.columns))

    def arrays_without(self, dropped: Sequence[str], arrays: Arrays) -> Arranged:
        kept = ((group, [name for name in group.names if name not in dropped]) for group in self.groups)
        return merged(group.some(arrays, names) for group, names in kept if names)

    # ── judged and told, feature by feature ──

    def tabular(self, name: str, arrays: Arrays) -> Tabular:
        return self.type_of(name).tabular(self.columns[name], self.alone(name, arrays))

    def table(self, arrays: Arrays) -> Tabular:
        """Return all features side by side for models that know numbers, names and texts alone."""
        return Tabular.joined([self.tabular(name, arrays) for name in self.order])

    def slices(self, name: str, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        column = self.columns[name]
        return self.type_of(name).slices(column, self.alone(name, trained), self.alone(name, arrays))

    def bins(self, name: str, arrays: Arrays) -> dict[str, Any]:
        return self.type_of(name).bins(self.columns[name], self.alone(name, arrays))

    def sections(self) -> list[str]:
        return [said for name, column in self.columns.items() for said in self.type_of(name).section(column)]

    def manifest(self, name: str) -> Mapping[str, Any]:
        group = self._group[name]
        return group.type.manifest(self.columns[name], group.places[name])

    def files(self) -> dict[str, bytes]:
        """Return what a bundle holds beside its manifest for the features, by the names of files."""
        return {name: file for group in self.groups for name, file in group.type.files(group.columns).items()}

    @cached_property
    def _group(self) -> dict[str, Group]:
        return {name: group for group in self.groups for name in group.places}


def describe(
    cells: pd.DataFrame, types: Mapping[str, str], options: Options, of: Summaries, trained: Summaries | None = None
) -> Features:
    """Compute the statistics of the training rows; `of` and `trained` are as in `FeatureType.describe`.

    `trained` is None where `cells` are all training rows.
    """

    def column(name: str, type_: FeatureType) -> Column:
        of_training = _summarised(type_, cells[name]) if trained is None else trained[name]
        return type_.describe(cells[name], own_options(type_, options), of[name], of_training)

    by_type: dict[str, list[str]] = {}
    for name, type_ in types.items():
        by_type.setdefault(type_, []).append(name)

    def group(type_: FeatureType, names: Sequence[str]) -> Group:
        return Group(type_, type_.together([column(name, type_) for name in names]))

    for absent in (feature_type(name) for name in FEATURES if name not in by_type):
        if (said := absent.unused(own_options(absent, options))) is not None:
            raise DataError(said)
    groups = tuple(group(feature_type(type_), by_type[type_]) for type_ in ranked(by_type))
    return Features(order=tuple(types), groups=groups)


def _summarised(type_: FeatureType, cells: pd.Series) -> Summary:
    summary = type_.summary(trained=True)
    summary.add(cells.to_numpy())
    return summary


def recut(exact: Features, sampled: Features) -> Features:
    """Return the statistics of all training rows, cut as a sample was that was described for other options."""

    def again(group: Group) -> Group:
        recut_columns = (group.type.recut(column, sampled.columns[column.name]) for column in group.columns)
        return replace(group, columns=tuple(recut_columns))

    return replace(exact, groups=tuple(map(again, exact.groups)))
