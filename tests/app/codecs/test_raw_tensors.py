"""Raw bytes to arrays and back: little-endian, row-major, strings behind their lengths."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from app.codecs.raw_tensors import count_of, from_raw, to_raw
from app.errors import InvalidInput
from app.tensors import DATATYPES

NUMBERS = [datatype for datatype in DATATYPES.values() if datatype.item_bytes]


@given(
    st.sampled_from(NUMBERS).flatmap(
        lambda datatype: npst.arrays(datatype.dtype, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    )
)
@settings(deadline=None)
def test_numbers_return_as_they_went(array: np.ndarray[Any, Any]) -> None:
    """Bit by bit, NaN and infinities included, whatever the order in memory."""
    datatype = next(d for d in NUMBERS if d.dtype == array.dtype)
    for form in (array, array.T):
        data = to_raw(form)
        assert len(data) == form.size * array.dtype.itemsize
        assert to_raw(from_raw(data, datatype, form.shape, ("x",))) == data


def test_the_layout_is_little_endian_and_row_major() -> None:
    """As `struct` writes it."""
    assert to_raw(np.array([[1, 2], [3, 4]], np.int32)) == struct.pack("<4i", 1, 2, 3, 4)
    assert from_raw(struct.pack("<2d", 0.5, -1), DATATYPES["FP64"], (2,), ("x",)).tolist() == [0.5, -1.0]


def test_numbers_are_not_copied() -> None:
    """The array looks at the request's own bytes."""
    data = bytes(range(16))
    array = from_raw(memoryview(data)[4:12], DATATYPES["INT32"], (2,), ("x",))
    assert np.shares_memory(array, np.frombuffer(data, np.uint8))


@given(st.lists(st.text(max_size=5), max_size=6))
@settings(deadline=None)
def test_strings_return_as_they_went(texts: list[str]) -> None:
    """The empty one and those of several bytes a character too."""
    array = np.empty((len(texts), 1), object)
    array[:, 0] = texts
    assert from_raw(to_raw(array), DATATYPES["BYTES"], array.shape, ("x",)).tolist() == array.tolist()


@pytest.mark.parametrize(
    ("data", "datatype", "shape"),
    [
        (b"\0" * 7, "FP32", (2,)),
        (b"\0" * 9, "FP32", (2,)),
        (b"\2", "BOOL", (1,)),
        (b"", "INT8", (-1,)),
        (b"", "INT8", (2**40, 2**40)),
        (b"", "INT8", (0, 2**60)),
        (b"", "FP32", (0, 10**7)),
        (b"", "FP32", (1025, 0, 1024)),
        (b"", "INT8", (1,) * 40),
        (b"\1\0\0\0a", "BYTES", (2,)),
        (b"\1\0\0\0ab", "BYTES", (1,)),
        (b"\2\0\0\0a", "BYTES", (1,)),
        (b"\1\0\0", "BYTES", (1,)),
        (b"\1\0\0\0\xff", "BYTES", (1,)),
        (b"\0\0\0\0", "BYTES", (0,)),
        (b"\xff\xff\xff\xff", "BYTES", (1,)),
    ],
)
def test_bytes_that_do_not_fit_are_refused(data: bytes, datatype: str, shape: tuple[int, ...]) -> None:
    """With the tensor's name."""
    with pytest.raises(InvalidInput, match="`x"):
        from_raw(data, DATATYPES[datatype], shape, ("x",))


@given(st.binary(max_size=40), st.integers(0, 6))
@settings(deadline=None)
def test_any_bytes_are_strings_or_refused(data: bytes, count: int) -> None:
    """A length that points beyond the end reads nothing."""
    try:
        array = from_raw(data, DATATYPES["BYTES"], (count,), ("x",))
    except InvalidInput:
        return
    assert to_raw(array) == data


def test_the_elements_of_a_shape() -> None:
    """A scalar has one, an empty dimension none."""
    assert [count_of(shape, ("x",)) for shape in ((), (3, 4), (5, 0))] == [1, 12, 0]
