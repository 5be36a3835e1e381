"""JSON values to arrays and back: what is taken, what is refused and where, and that nothing changes on the way."""

import math
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from app.codecs.json_tensors import read, write
from app.errors import InvalidInput, ModelFailed, RequestError
from app.tensors import DATATYPES

INTEGERS = [name for name in DATATYPES if "INT" in name]


@pytest.mark.parametrize(
    ("data", "datatype", "shape", "values"),
    [
        (b"[[1, 2.5], [3, 4]]", "FP32", (2, 2), [[1.0, 2.5], [3.0, 4.0]]),
        (b" [ [1]\n, [2] ] ", "INT64", (2, 1), [[1], [2]]),
        (b"3", "FP64", (), 3.0),
        (b"[]", "FP32", (0,), []),
        (b"[[], []]", "BYTES", (2, 0), [[], []]),
        (b"[true, false, 0, 1]", "BOOL", (4,), [True, False, False, True]),
        (b"[18446744073709551615]", "UINT64", (1,), [2**64 - 1]),
        (b"[0.1, 65504]", "FP16", (2,), [float(np.float16(0.1)), 65504.0]),
        (b'[["a"], ["\\u00e4"]]', "BYTES", (2, 1), [["a"], ["ä"]]),
    ],
)
def test_what_is_read(data: bytes, datatype: str, shape: tuple[int, ...], values: Any) -> None:
    """In the shape as written and of the dtype asked for."""
    array = read(data, DATATYPES[datatype], ("x",))
    assert (array.shape, array.dtype) == (shape, DATATYPES[datatype].dtype)
    assert array.tolist() == values


def test_null_is_a_missing_float() -> None:
    """And in no other datatype a value."""
    assert math.isnan(read(b"[null]", DATATYPES["FP32"], ("x",))[0])
    for datatype in ("BOOL", "INT8", "BYTES"):
        with pytest.raises(InvalidInput, match=r"Invalid `x\[0\]`: expected .* Received: null"):
            read(b"[null]", DATATYPES[datatype], ("x",))


@pytest.mark.parametrize(
    ("data", "datatype", "message"),
    [
        (b'[[1], ["a"]]', "FP32", 'Invalid `x[1][0]`: expected a finite number or null. Received: "a".'),
        (b"[1, 2.5]", "INT32", "Invalid `x[1]`: expected a whole number. Received: 2.5."),
        (b"[1, 256]", "UINT8", "Invalid `x[1]`: expected a whole number of at most 255. Received: 256."),
        (b"[-129]", "INT8", "Invalid `x[0]`: expected a whole number of at least -128. Received: -129."),
        (b"[18446744073709551616]", "UINT64", "Invalid `x`: expected whole numbers up to 18446744073709551615."),
        (b"[2]", "BOOL", "Invalid `x[0]`: expected true or false. Received: 2."),
        (b"[0, [1, 1e39]]", "FP32", "Invalid `x[1]`: expected a finite number or null. Received: [1,1e39]."),
        (b"[[0, 0], [1, 1e39]]", "FP32", "Invalid `x[1][1]`: expected a number up to 3.40282e+38."),
        (b"[1e400]", "FP64", "Invalid `x[0]`: expected a number within the range of a 32-bit float. Received: 1e400."),
        (b"[[1, 2], [3]]", "FP32", "Invalid `x`: expected lists of equal lengths at each level."),
        (b'[["a"], ["b", "c"]]', "BYTES", "Invalid `x`: expected lists of equal lengths at each level."),
        (b"[NaN]", "FP32", "Invalid JSON at byte 1: "),
        (b'{"a": 1}', "FP32", 'Invalid `x`: expected a finite number or null. Received: {"a":1}.'),
        (b"[" * 40 + b"]" * 40, "FP32", "Invalid `x`: expected at most 32 dimensions. Received: 40."),
        (b'[{"b64": "YQ=="}]', "BYTES", "Invalid `x[0]`: expected a string."),
    ],
)
def test_what_is_refused(data: bytes, datatype: str, message: str) -> None:
    """With the path, the expectation and the value."""
    with pytest.raises(InvalidInput) as error:
        read(data, DATATYPES[datatype], ("x",))
    assert str(error.value).startswith(message)


def test_base64_stands_for_a_string_where_it_may() -> None:
    """Beside plain ones; what is no base64 of UTF-8 is told with its place."""
    bytes_ = DATATYPES["BYTES"]
    assert read(b'[["a", {"b64": "w6Q="}]]', bytes_, ("x",), b64=True).tolist() == [["a", "ä"]]
    for wrong in (b'"_"', b'"/w=="'):
        with pytest.raises(InvalidInput, match=r"Invalid `x\[0\]\[1\]\.b64`: expected base64 of UTF-8"):
            read(b'[["a", {"b64": %b}]]' % wrong, bytes_, ("x",), b64=True)


@given(st.binary(max_size=60) | st.text('[]{}0123456789.,-+eE"anulltruefs ', max_size=60).map(str.encode), st.data())
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes, draw: st.DataObject) -> None:
    """Nothing but a fault that the caller is told about comes out."""
    datatype = DATATYPES[draw.draw(st.sampled_from(sorted(DATATYPES)))]
    try:
        array = read(data, datatype, ("x",), b64=draw.draw(st.booleans()))
    except RequestError:
        return
    assert array.dtype == datatype.dtype


@given(
    st.sampled_from([*INTEGERS, "BOOL", "FP16", "FP32", "FP64"]).flatmap(
        lambda name: npst.arrays(
            DATATYPES[name].dtype,
            npst.array_shapes(max_dims=3, max_side=4),
            elements={"allow_nan": False, "allow_infinity": False} if name.startswith("FP") else None,
        )
    )
)
@settings(deadline=None)
def test_what_is_written_is_read_again(array: np.ndarray[Any, Any]) -> None:
    """To the last bit, whatever its order in memory."""
    datatype = next(d for d in DATATYPES.values() if d.dtype == array.dtype)
    for form in (array, array.T):
        assert np.array_equal(read(write(form), datatype, ("x",)), form)
        assert np.array_equal(read(write(form, flat=True), datatype, ("x",)), form.reshape(-1))


def test_how_numbers_and_texts_are_written() -> None:
    """With the shortest digits of a 32-bit float, and a point in whole floats."""
    assert write(np.array([[0.1, 2]], np.float32)) == b"[[0.1,2.0]]"
    assert write(np.array(3.5, np.float32)) == b"3.5"
    assert orjson.loads(write(np.array([["ä", '"']], object))) == [["ä", '"']]


def test_what_is_not_finite_is_not_written() -> None:
    """JSON has no word for it."""
    for value in (np.nan, np.inf):
        with pytest.raises(ModelFailed, match="not finite"):
            write(np.array([[1, value]], np.float32))
