"""Tensors as the standard protocols know them: datatypes, signatures, and rows that can be batched.

    DATATYPES       the Open Inference Protocol's names beside NumPy's, ONNX Runtime's and TensorFlow's
    Signature       the tensors that a model takes and gives; `check` compares a request with it
    Instances       rows to predict, whichever way they came: a length, slices, `arrays()`
    Tensors         those that came as named arrays

It knows neither transport nor batches.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidInput

Array = NDArray[Any]
Dim = int | None  # None: any size
OBJECT = np.dtype(object)


@dataclass(frozen=True)
class Datatype:
    """One element type under its four names; `item_bytes` is None where elements differ in size."""

    name: str  # Open Inference Protocol: "FP32"
    dtype: np.dtype[Any]
    ort: str  # "tensor(float)"
    tensorflow: str  # "DT_FLOAT"
    item_bytes: int | None

    @property
    def bundle(self) -> str:
        """What a manifest calls it: "float32", "string"."""
        return "string" if self.item_bytes is None else self.dtype.name


def _datatype(name: str, dtype: str, ort: str, tensorflow: str) -> Datatype:
    numpy = np.dtype(dtype)
    return Datatype(name, numpy, f"tensor({ort})", f"DT_{tensorflow}", None if numpy == OBJECT else numpy.itemsize)


DATATYPES = {
    datatype.name: datatype
    for datatype in (
        _datatype("BOOL", "?", "bool", "BOOL"),
        _datatype("UINT8", "u1", "uint8", "UINT8"),
        _datatype("UINT16", "<u2", "uint16", "UINT16"),
        _datatype("UINT32", "<u4", "uint32", "UINT32"),
        _datatype("UINT64", "<u8", "uint64", "UINT64"),
        _datatype("INT8", "i1", "int8", "INT8"),
        _datatype("INT16", "<i2", "int16", "INT16"),
        _datatype("INT32", "<i4", "int32", "INT32"),
        _datatype("INT64", "<i8", "int64", "INT64"),
        _datatype("FP16", "<f2", "float16", "HALF"),
        _datatype("FP32", "<f4", "float", "FLOAT"),
        _datatype("FP64", "<f8", "double", "DOUBLE"),
        _datatype("BYTES", "O", "string", "STRING"),  # in arrays: str
    )
}
BY_ORT = {datatype.ort: datatype for datatype in DATATYPES.values()}
BY_BUNDLE = {datatype.bundle: datatype for datatype in DATATYPES.values()}


@dataclass(frozen=True)
class TensorSpec:
    """The name, element type and shape of an input or output; a dimension of None may have any size.

    `symbols` holds what the graph calls its dimensions, "" where nothing; where it is given, it is as long as `shape`.
    """

    name: str
    datatype: Datatype
    shape: tuple[Dim, ...]
    symbols: tuple[str, ...] = field(default=(), compare=False)

    @property
    def dtype(self) -> str:
        """The element type as a manifest names it."""
        return self.datatype.bundle

    @property
    def wire_shape(self) -> list[int]:
        """The shape as both protocols write it: -1 for any size."""
        return [-1 if dim is None else dim for dim in self.shape]

    def __str__(self) -> str:
        return f"{self.name} {self.datatype.name} {self.wire_shape}"


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives.

    `batched` says that the first dimension of every tensor counts rows, that rows do not depend on their neighbours,
    and that requests may therefore share a run. Without it each request is a run of its own, and `rowless` says why
    its outputs are no predictions for rows, where that is known.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    batched: bool
    rowless: str = ""

    def described(self) -> dict[str, Any]:
        """Return `inputs` and `outputs` as JSON has them."""
        return {
            side: [{"name": spec.name, "datatype": spec.datatype.name, "shape": spec.wire_shape} for spec in specs]
            for side, specs in (("inputs", self.inputs), ("outputs", self.outputs))
        }

    def find(self, name: str) -> TensorSpec:
        """Return the input of that name; raises `InvalidInput` when there is none."""
        for spec in self.inputs:
            if spec.name == name:
                return spec
        raise InvalidInput((), f"one of {_names(self.inputs)}", f"`{name[:80]}`", noun="input")

    def check_output(self, name: str) -> None:
        """Make sure that there is an output of that name; raises `InvalidInput` when there is none."""
        if all(spec.name != name for spec in self.outputs):
            raise InvalidInput((), f"one of {_names(self.outputs)}", f"`{name[:80]}`", noun="output")

    def check(self, arrays: Mapping[str, Array]) -> "Tensors":
        """Check a request's arrays, with the rows first where the model is `batched`, and return them as instances.

        Raises `InvalidInput` when a tensor is missing or unknown, or a shape is not what the model takes.
        """
        if len(arrays) != len(self.inputs):
            for name in arrays:
                self.find(name)
        ordered = {}
        for spec in self.inputs:
            array = arrays.get(spec.name)
            if array is None:
                raise InvalidInput((), _names(self.inputs), f"no `{spec.name}`", noun="inputs")
            check_shape(spec, array.shape)
            ordered[spec.name] = array
        return Tensors(ordered, _count(ordered) if self.batched else 1)


class Instances(Protocol):
    """Rows to predict: what `app.batching.batcher` asks of them is a length and slices."""

    @property
    def key(self) -> Hashable: ...  # what instances must have in common to share a run: the shapes of their rows
    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> Self: ...
    def arrays(self) -> dict[str, Array]: ...  # the graph's tensors, with the rows first unless it is not batched


class Tensors:
    """Instances that came as named arrays, (rows, …) each; any shapes, counted as 1, where the model is not batched."""

    __slots__ = ("_named", "_rows")

    def __init__(self, named: dict[str, Array], rows: int) -> None:
        self._named = named
        self._rows = rows

    @property
    def key(self) -> Hashable:
        return tuple([array.shape[1:] for array in self._named.values()])

    def arrays(self) -> dict[str, Array]:
        return self._named

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, part: slice) -> "Tensors":
        start, stop, _ = part.indices(self._rows)
        return Tensors({name: array[start:stop] for name, array in self._named.items()}, max(0, stop - start))

    @classmethod
    def join(cls, parts: Sequence["Tensors"]) -> "Tensors":
        """Put parts of equal names and trailing shapes after one another; one part is not copied."""
        if len(parts) == 1:
            return parts[0]
        return cls(concatenated([part.arrays() for part in parts]), sum([len(part) for part in parts]))


def concatenated(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Put named arrays of equal trailing shapes after one another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _count(arrays: Mapping[str, Array]) -> int:
    counts = {name: len(array) for name, array in arrays.items()}
    rows = next(iter(counts.values()))
    if not rows:
        raise InvalidInput((), "at least one row", "none", noun="inputs")
    if len(set(counts.values())) > 1:
        raise InvalidInput((), "as many rows in each", counts, noun="inputs")
    return rows


def check_shape(spec: TensorSpec, shape: Sequence[int]) -> None:
    """Raise `InvalidInput` unless a tensor of this shape is what the model takes."""
    if len(shape) == len(spec.shape):
        for found, wanted in zip(shape, spec.shape, strict=True):
            if wanted is not None and found != wanted:
                break
        else:
            return
    raise InvalidInput((spec.name,), str(spec.wire_shape), list(shape)[:16], noun="shape of")


def _names(specs: Iterable[TensorSpec]) -> str:
    return ", ".join([f"`{spec.name}`" for spec in specs])
