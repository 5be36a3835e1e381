"""What an infer request becomes: arrays that a kernel may use as they are, and nothing copied without need."""

import json

import numpy as np
import pytest

from app.errors import InvalidInput
from app.protocols.open_inference.request import read
from app.tensors import DATATYPES, Signature, TensorSpec
from tests.app.protocols.open_inference import cases as wire


def signature(datatype: str, *shape: int | None, batched: bool = True) -> Signature:
    specs = (TensorSpec("x", DATATYPES[datatype], shape),)
    return Signature(specs, specs, batched)


@pytest.mark.parametrize("datatype", ["FP64", "FP32", "INT16", "BOOL"])
@pytest.mark.parametrize("blanks", range(9))
def test_raw_bytes_are_aligned_wherever_they_begin(datatype: str, blanks: int) -> None:
    """A client chooses the length of its JSON; a copy is made only where that breaks the alignment."""
    raw = wire.raw_of(datatype, wire.SAMPLES[datatype])
    tensor = {"name": "x", "datatype": datatype, "shape": [2, 2], "parameters": {"binary_data_size": len(raw)}}
    head = json.dumps({"inputs": [tensor]}).encode() + b" " * blanks
    array = read(signature(datatype, None, 2), head + raw, b"%d" % len(head)).arrays["x"]
    assert array.flags.aligned
    assert array.ravel().tolist() == wire.SAMPLES[datatype]
    assert array.flags.owndata == (len(head) % array.itemsize != 0)


def test_a_timeout_is_in_microseconds() -> None:
    """None where the server decides."""
    for parameters, timeout_s in ({"timeout": 1500}, 0.0015), ({"timeout": 0}, None), ({}, None), (None, None):
        body = json.dumps(wire.plain() | {"parameters": parameters}).encode()
        assert read(signature("FP32", None, 2), body, b"").timeout_s == timeout_s


@pytest.mark.parametrize(
    ("shape", "batched", "size", "expected"),
    [
        ((None, 4), True, 4, [1, 4]),
        ((None, None), True, 7, [1, 7]),
        ((None, 2, None), True, 6, [1, 2, 3]),
        ((None, 3), False, 6, [2, 3]),
        ((2, 3), False, 6, [2, 3]),
        ((), False, 1, []),
    ],
)
def test_the_shape_of_a_raw_body(shape: tuple[int | None, ...], batched: bool, size: int, expected: list[int]) -> None:
    """One row where requests share runs; the one open dimension follows from the bytes."""
    asked = read(signature("FP32", *shape, batched=batched), wire.raw_of("FP32", range(size)), b"0")
    array = asked.arrays["x"]
    assert list(array.shape) == expected
    assert array.dtype == np.float32
    assert all(wish.binary for wish in asked.wishes)


@pytest.mark.parametrize(
    ("shape", "batched", "size"),
    [((None, None), False, 4), ((None, None, None), True, 4), ((0, None), False, 4)],
)
def test_a_raw_body_of_no_one_shape(shape: tuple[int | None, ...], batched: bool, size: int) -> None:
    """Two open dimensions, or no elements to count by."""
    with pytest.raises(InvalidInput):
        read(signature("FP32", *shape, batched=batched), b"\0" * 4 * size, b"0")
