"""Datatypes under their four names, signatures against requests, and arrays as rows."""

import itertools
import re

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from app.errors import InvalidInput
from app.tensors import BY_ORT, DATATYPES, OBJECT, Signature, Tensors, TensorSpec
from tests.app.graphs import Array
from tests.clients.models import TYPES


def spec(name: str, shape: tuple[int | None, ...], datatype: str = "FP32") -> TensorSpec:
    return TensorSpec(name, DATATYPES[datatype], shape)


TWO = Signature((spec("a", (None, 2)), spec("b", (None,), "INT64")), (spec("y", (None,)),), batched=True)
FIXED = Signature((spec("a", (2, None)), spec("s", (), "INT64")), (spec("y", (2,)),), batched=False)


@pytest.mark.parametrize("name", DATATYPES)
def test_a_datatype_is_the_same_under_each_name(name: str) -> None:
    """As ONNX knows it: the NumPy type, its size, and TensorFlow's word."""
    datatype = DATATYPES[name]
    dtype = helper.tensor_dtype_to_np_dtype(TYPES[name])
    assert datatype.dtype == dtype
    assert datatype.item_bytes == (None if dtype == OBJECT else dtype.itemsize)
    assert BY_ORT[datatype.ort] is datatype
    word = onnx.TensorProto.DataType.Name(TYPES[name])
    assert datatype.tensorflow == {"DT_FLOAT16": "DT_HALF"}.get(f"DT_{word}", f"DT_{word}")


def test_no_datatype_depends_on_the_machine() -> None:
    """What goes over the wire as raw bytes is little-endian everywhere."""
    assert all(datatype.dtype.newbyteorder("<") == datatype.dtype for datatype in DATATYPES.values())


def test_a_tensor_reads_as_both_protocols_write_it() -> None:
    assert spec("x", (None, 3)).wire_shape == [-1, 3]
    assert str(spec("x", (None, 3))) == "x FP32 [-1, 3]"
    assert str(spec("s", (), "INT64")) == "s INT64 []"


# ── a request against the signature ──


def arrays(rows: int = 3, other: int | None = None) -> dict[str, Array]:
    return {
        "b": np.arange(rows if other is None else other),
        "a": np.zeros((rows, 2), np.float32),
    }


def test_rows_are_counted_and_put_in_the_signature_s_order() -> None:
    rows = TWO.check(arrays(3))
    assert len(rows) == 3
    assert list(rows.arrays()) == ["a", "b"]
    assert rows.key == TWO.check(arrays(5)).key


def test_only_requests_of_equal_trailing_shapes_have_one_key() -> None:
    wide = Signature((spec("x", (None, None)),), TWO.outputs, batched=True)
    keys = {wide.check({"x": np.zeros(shape, np.float32)}).key for shape in ((1, 2), (4, 2), (1, 3))}
    assert len(keys) == 2


def test_without_batching_a_request_is_one_row_whatever_its_shape() -> None:
    rows = FIXED.check({"a": np.zeros((2, 7), np.float32), "s": np.array(1)})
    assert (len(rows), rows.arrays()["a"].shape) == (1, (2, 7))
    nothing = Signature((), FIXED.outputs, batched=False)
    assert len(nothing.check({})) == 1


@pytest.mark.parametrize(
    ("signature", "given_arrays", "said"),
    [
        (TWO, {"a": arrays()["a"]}, "expected `a`, `b`. Received: no `b`."),
        (TWO, arrays() | {"c": np.zeros(3)}, "expected one of `a`, `b`. Received: `c`."),
        (TWO, {"a": arrays()["a"], "c": np.zeros(3)}, "Received: no `b`."),
        (TWO, arrays() | {"a": np.zeros((3, 1), np.float32)}, "shape of `a`: expected [-1, 2]. Received: [3, 1]."),
        (TWO, arrays() | {"a": np.zeros(3, np.float32)}, "shape of `a`: expected [-1, 2]. Received: [3]."),
        (TWO, arrays() | {"b": np.array(3)}, "shape of `b`: expected [-1]. Received: []."),
        (TWO, arrays(0), "expected at least one row. Received: none."),
        (TWO, arrays(3, other=2), "expected as many rows in each. Received: {'a': 3, 'b': 2}."),
        (FIXED, {"a": np.zeros((1, 7)), "s": np.array(1)}, "shape of `a`: expected [2, -1]. Received: [1, 7]."),
        (FIXED, {"a": np.zeros((2, 7)), "s": np.array([1])}, "shape of `s`: expected []. Received: [1]."),
    ],
)
def test_what_the_model_does_not_take(signature: Signature, given_arrays: dict[str, Array], said: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(said) + "$"):
        signature.check(given_arrays)


def test_names_are_looked_up() -> None:
    assert TWO.find("b").datatype.name == "INT64"
    TWO.check_output("y")
    with pytest.raises(InvalidInput, match=r"expected one of `a`, `b`. Received: `y`."):
        TWO.find("y")
    with pytest.raises(InvalidInput, match=r"expected one of `y`. Received: `a`."):
        TWO.check_output("a")
    with pytest.raises(InvalidInput, match=r"Received: `x{80}`\.$"):
        TWO.find("x" * 1000)


# ── arrays as rows ──


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(0, 40), st.integers(0, 40))
def test_parts_put_together_are_cut_as_lists_are(sizes: list[int], start: int, stop: int) -> None:
    """In order, in every array, for numbers and for text."""
    ends = np.cumsum([0, *sizes]).tolist()
    numbers = np.arange(ends[-1] * 2).reshape(-1, 2)
    words = np.array([f"w{row}" for row in range(ends[-1])], object)
    parts = [
        Tensors({"n": numbers[low:high], "w": words[low:high]}, high - low) for low, high in itertools.pairwise(ends)
    ]
    whole = Tensors.join(parts)
    assert len(whole) == ends[-1]
    piece = whole[start:stop]
    assert len(piece) == len(range(ends[-1])[start:stop])
    np.testing.assert_array_equal(piece.arrays()["n"], numbers[start:stop])
    assert piece.arrays()["w"].tolist() == words[start:stop].tolist()
    assert piece.arrays()["w"].dtype == OBJECT


def test_neither_one_part_nor_a_slice_is_copied() -> None:
    part = Tensors({"n": np.arange(6)}, 6)
    assert Tensors.join([part]) is part
    assert np.shares_memory(part[2:4].arrays()["n"], part.arrays()["n"])
