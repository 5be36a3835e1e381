"""What a type of features offers: everything that the service must know of the values of a request.

    manifest's `features` ── registry ──> FeatureType, one for all features of a type in a bundle
        json_type, cell, arrays      JSON values ─> cell of a row ─> tensors, once a run
        from_wire                    tensors that came by another protocol ─> those of the graph
        from_arrow                   columns of an Arrow table ─> the same tensors, at once
        openapi, strange             what callers are told; what a loaded graph must survive
        typical                      a usual value, for examples that are nobody's row
        read_text                    a cell of a CSV file ─> JSON value
        layout, counter              drift
        files, completed_by          files of the bundle ─> tensors that are made of the others when a run begins

Types share neither tensors nor code, so numbers can be packed together and texts be padded to the longest of a run.
A type is handed its own keys of the manifest, and knows nothing of answers, requests or protocols.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import msgspec

from app.bins.layout import Counted, Floats, Layout
from app.features.names import FeatureName
from app.tensors import Array, TensorSpec

Arrays = Mapping[str, Array]
Cell = Any  # what a type makes of the values of its features in one row: opaque to everybody else
# Adds the rows of a run: its tensors, rows by bin of the version, and rows out of range by feature.
Count = Callable[[Arrays, Floats, Floats], None]
# Returns tensors that the graph takes beside those of a run; raises `InvalidInput` for a row that has none.
Complete = Callable[[Arrays], Arrays]
# Adds the same, but for rows out of range, by Arrow columns.
CountColumns = Callable[[Mapping[str, Any], Floats], None]


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One named column of the input, in the order of the data file; a type adds the keys of its own.

    `optional` says that a caller may leave it out or send null.
    """

    name: FeatureName
    type: str
    optional: bool
    missing_share: float  # share of training rows without a value, 0 to 1


class Part(NamedTuple):
    """What can be left out of a value: its characters from `start` to `stop`."""

    place: int  # of the feature in its type
    start: int
    stop: int
    text: str


class Fault(ValueError):
    """Raised for a value that its feature, at `place` in its type, does not take, and no JSON type or dtype refuses."""

    def __init__(self, place: int, expected: str, received: Any, row: int = 0) -> None:
        super().__init__(f"row {row}: expected {expected}. Received: {received!s:.80}")
        self.place, self.expected, self.received, self.row = place, expected, received, row


class WireFault(ValueError):
    """Raised for an element of a tensor that came by another protocol: `tensor[index]`."""

    def __init__(self, tensor: str, index: Sequence[int], expected: str, received: Any) -> None:
        super().__init__(f"{tensor}{list(index)}: expected {expected}. Received: {received!s:.80}")
        self.tensor, self.index, self.expected, self.received = tensor, tuple(index), expected, received


class FeatureType(ABC):
    """All features of one type in a bundle, in its order; raises `ValueError` where their keys do not fit together."""

    form: ClassVar[type[Feature]]  # of a feature's keys
    bins: ClassVar[type[Any]]  # of a feature in `profile.json`
    bracketless: ClassVar[bool] = False  # JSON values hold neither brackets nor braces: rows can be counted by them
    nested: ClassVar[bool] = False  # JSON values are lists or objects; a list around one of another type stands for it

    encoded: ClassVar[bool] = False  # Arrow columns of texts are read quicker as dictionaries
    padded: ClassVar[bool] = (
        False  # values decide how large a row is, and the graph pads all rows of a run to the largest
    )

    parted: ClassVar[bool] = False  # of its values a part can be left out, to see what that moves

    features: Sequence[Feature]  # in the order in which rows hold their values
    inputs: Sequence[TensorSpec]  # what the graph takes of them
    files: Sequence[str] = ()  # of the bundle, in JSON, by which some of `inputs` are made
    longest = 0  # characters of the longest text that drift tells from others
    counted_rows = 1000  # at most, of a sample of the traffic: to count them stops the loop for two milliseconds
    # As `cell`, with the values one by one; it raises any error where one is missing or out of range.
    pack: Callable[..., Cell] | None = None

    @abstractmethod
    def __init__(self, features: Sequence[Any]) -> None: ...

    @property
    def wire(self) -> Sequence[TensorSpec]:
        """What callers of other protocols send of them."""
        return self.inputs

    @abstractmethod
    def json_type(self, feature: Any) -> Any:
        """Return the type that msgspec decodes a value to, with None where the feature is optional."""

    @abstractmethod
    def cell(self, values: Sequence[Any]) -> Cell:
        """Turn the values of a row, in the order of `features`, into a cell; raises `Fault`."""

    @abstractmethod
    def arrays(self, cells: Sequence[Cell]) -> dict[str, Array]:
        """Turn cells into `inputs`, with the rows first, but for those that `completed_by` adds."""

    @abstractmethod
    def from_wire(self, arrays: Arrays) -> dict[str, Array]:
        """Check `wire` tensors for what a cell could not hold, and return `inputs`; raises `WireFault`."""

    def from_arrow(self, columns: Mapping[str, Any], unread: Array) -> dict[str, Array]:
        """Turn Arrow columns by the features' names into `inputs`, and mark rows in `unread`, (rows,) truths.

        Texts stand for what `read_text` makes of them. A row is marked where a cell is no value of its feature, or is
        written in a way that is not usual: such rows are read cell by cell, and what the tensors hold of them does not
        matter. A type that has no quick way leaves it at this: all rows are marked.
        """
        unread[:] = True
        return {}

    def completed_by(self, files: Mapping[str, bytes]) -> Complete | None:
        """Return what makes the inputs that are made in a run, out of its others, by the contents of `files`.

        Raises `ValueError` for contents that are not what they should be.
        """
        return None

    def column_counter(self, counted: Mapping[str, Counted]) -> CountColumns | None:
        """Return what counts Arrow columns that `from_arrow` has read; None where tensors are counted as quickly."""
        return None

    def holds(self, feature: Any, kind: Any) -> bool:
        """Say whether an Arrow column of the type `kind` may hold values of a feature."""
        return True

    def read_text(self, feature: Any, text: str) -> Any:
        """Turn a text that is not missing, as in CSV, into a JSON value; raises `ValueError` with the expectation."""
        return text

    def elements(self, cells: Sequence[Cell]) -> list[int]:
        """Return how many elements each row has in a run by itself, where the type is `padded`."""
        raise NotImplementedError

    def elements_of(self, arrays: Arrays) -> list[int]:
        """Return the same of rows of `inputs`."""
        raise NotImplementedError

    def largest(self, arrays: Arrays) -> dict[str, Array]:
        """Return a row of `inputs` that has as many elements as one may have, by the example of some."""
        raise NotImplementedError

    def parts(self, cell: Cell) -> list[Part]:
        """Return what can be left out of the values of a row, each once and in their order; not too many."""
        raise NotImplementedError

    def without(self, cell: Cell, part: Part) -> Cell:
        """Return the cell without a part of one of its values."""
        raise NotImplementedError

    @abstractmethod
    def openapi(self, feature: Any) -> dict[str, Any]:
        """Describe a value as JSON Schema; `type` without null."""

    @abstractmethod
    def strange(self, feature: Any) -> list[Any]:
        """Return values that a loaded graph must survive: unseen, empty, extreme; missing ones are added."""

    def typical(self, feature: Any, bins: Any) -> Any:
        """Return a usual value by the `bins` of training, or None where nothing was profiled; no row need have it."""
        return None if feature.optional else self.strange(feature)[0]

    def layout(self, feature: Any, bins: Any) -> Layout:
        """Lay out the bins of a feature."""
        layout: Layout = bins.layout()
        return layout

    def layouts(self, feature: Any, bins: Any) -> Mapping[str, Layout]:
        """Lay out the sides from which a feature is looked at, by name, in the order in which they are counted."""
        return {"": self.layout(feature, bins)}

    @abstractmethod
    def counter(self, counted: Mapping[str, Counted]) -> Count:
        """Return what counts the features of these names."""
