"""Rows of named values: bodies in, arrays out, and what callers are told of both."""

import json
import math
import struct
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BodyTooLarge, InvalidInput
from app.features.base import Feature
from app.features.packed import FLOAT32_MAX, TOO_LARGE
from app.features.row_reader import _permutation
from tests.app.bad_requests import BAD
from tests.support import tiny

TINY = tiny.Tiny()
MIXED = tiny.Tiny(
    numbers=("a", "b"), booleans=("c",), strings=("s", "t"), optional=("t", "b"), order=("s", "b", "t", "c", "a")
)


def body(*rows: Any) -> bytes:
    return json.dumps({"instances": rows}).encode()


@pytest.mark.parametrize("format_", [1, 2])
def test_values_stand_by_type_and_column(format_: int) -> None:
    """From records, and from arrays in the manifest's order."""
    reader = tiny.row_reader(replace(MIXED, format=format_))
    expected = {"s": ("x", "y"), "n": struct.pack("2f", 1.0, 2.0), "b": struct.pack("f", 1.0)}
    for rows in (
        reader.decode(body({"t": "y", "s": "x", "c": True, "b": 2, "a": 1})),
        reader.decode(body(["x", 2, "y", True, 1])),
        reader.rows([{"a": 1, "b": 2, "c": True, "s": "x", "t": "y"}]),
    ):
        assert list(rows) == [(expected["s"], expected["n"], expected["b"])]


def test_missing_values() -> None:
    """A missing number is NaN; a missing string is empty."""
    arrays = (
        tiny.row_reader(replace(MIXED, format=2))
        .decode(body({"a": 1, "c": False, "s": "x"}, ["x", None, None, False, 1]))
        .arrays()
    )
    assert arrays["numeric"].dtype == np.float32
    np.testing.assert_array_equal(arrays["numeric"], np.array([[1, math.nan]] * 2, np.float32))
    np.testing.assert_array_equal(arrays["boolean"], np.zeros((2, 1), np.float32))
    assert arrays["categorical"].tolist() == [["x", ""]] * 2


DATED = tiny.Tiny(
    dates=("when", "until"),
    optional=("until", "level"),
    order=("when", "age", "member", "until", "level", "hours-per-week"),
)
FORMS = [TINY, MIXED, tiny.Tiny(strings=(), optional=()), tiny.Tiny(numbers=(), booleans=())]
FORMS += [replace(named, format=2) for named in (*FORMS, DATED)]


@pytest.mark.parametrize("named", FORMS)
def test_arrays_are_what_the_graph_wants(named: tiny.Tiny) -> None:
    """The same as made the long way round, for every mixture of types and both formats."""
    named = replace(named, optional=[n for n in named.optional if n in tiny.instance(named)])
    rows = [tiny.instance(named, row) for row in range(5)]
    found, expected = tiny.row_reader(named).rows(rows).arrays(), tiny.tensors(named, rows)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@given(st.floats(-FLOAT32_MAX, FLOAT32_MAX) | st.integers(-(2**127), 2**127))
def test_every_number_in_range_arrives_rounded_once(number: float) -> None:
    """What a 32-bit float makes of it, never infinity, never an error."""
    reader = tiny.row_reader(tiny.Tiny(numbers=("x",), booleans=(), strings=(), optional=()))
    arrays = reader.decode(body([number])).arrays()
    assert arrays["numeric"][0, 0] == np.float32(float(number))
    assert np.isfinite(arrays["numeric"]).all()


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: abs(number) >= TOO_LARGE))
def test_every_number_beyond_is_refused(number: float) -> None:
    """Before it could become infinity; also where golden rows or a file bring it."""
    reader = tiny.row_reader(TINY)
    with pytest.raises(InvalidInput, match="32-bit float"):
        reader.decode(body([number, 1, True, "low"]))
    with pytest.raises(ValueError, match=r"`instances\[0\]\.age`: expected a number within"):
        reader.rows([{"age": number, "hours-per-week": 1, "member": True, "level": "low"}])


def test_what_rounds_to_the_largest_number_is_taken() -> None:
    """Half a step further begins infinity."""
    reader = tiny.row_reader(tiny.Tiny(numbers=("x",), booleans=(), strings=(), optional=()))
    below = float(np.nextafter(TOO_LARGE, 0))
    assert below > FLOAT32_MAX
    assert reader.decode(body([below], [-below])).arrays()["numeric"].tolist() == [
        [FLOAT32_MAX],
        [-FLOAT32_MAX],
    ]
    with pytest.raises(InvalidInput, match=r"`instances\[1\]\[0\]`: .*32-bit float"):
        reader.decode(body([below], [TOO_LARGE]))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_string_arrives_unchanged(text: str) -> None:
    """Whatever characters it holds."""
    reader = tiny.row_reader(tiny.Tiny(numbers=(), booleans=(), strings=("s",), optional=()))
    assert reader.decode(body({"s": text})).arrays()["categorical"].tolist() == [[text]]


def test_an_empty_string_is_missing() -> None:
    """So it is refused where the feature is not optional."""
    reader = tiny.row_reader(MIXED)
    assert reader.decode(body(["x", 1, "", True, 1])) == reader.decode(body(["x", 1, None, True, 1]))
    with pytest.raises(InvalidInput, match=r"`instances\[0\].s`: expected a string of at least 1 characters. .* \"\""):
        reader.decode(body({"a": 1, "c": True, "s": ""}))


@pytest.mark.parametrize("case", [name for name, bad in BAD.items() if bad.status == 400 and not bad.query])
def test_every_bad_body_is_an_error_for_the_caller(case: str) -> None:
    """With the same words as on the wire."""
    with pytest.raises(InvalidInput) as error:
        tiny.row_reader(TINY).decode(BAD[case].body)
    for part in BAD[case].says:
        assert part in str(error.value)


def test_the_row_limit() -> None:
    """The limit itself passes."""
    reader = tiny.row_reader(TINY, max_rows=3)
    assert len(reader.decode(body(*[[1, 1, True, "low"]] * 3))) == 3
    with pytest.raises(BodyTooLarge, match=r"expected at most 3 rows. Received: 4."):
        reader.decode(body(*[[1, 1, True, "low"]] * 4))


def test_the_request_is_described() -> None:
    """Names, types, what is required, and what training knew."""
    record, array = tiny.row_reader(TINY).openapi()["properties"]["instances"]["items"]["anyOf"]
    assert list(record["properties"]) == ["age", "hours-per-week", "member", "level"]
    assert record["required"] == ["age", "member"]
    assert record["additionalProperties"] is False
    assert record["properties"]["age"]["type"] == "number"
    assert record["properties"]["hours-per-week"]["type"] == ["number", "null"]
    assert record["properties"]["member"] == {"type": "boolean"}
    assert record["properties"]["level"]["examples"] == ["low", "high"]
    assert "Missing in 10.0% of the training rows." in record["properties"]["level"]["description"]
    assert "Seen in training: 0 to 10." in record["properties"]["age"]["description"]
    assert (array["minItems"], array["maxItems"]) == (4, 4)


def test_rows_of_a_bundle_written_to_disk(tmp_path: Path) -> None:
    """Golden rows pass through the same door as requests."""
    folder = tiny.write(tmp_path)
    golden = json.loads((folder / "golden.json").read_text())["instances"]
    reader = tiny.row_reader(TINY)
    assert reader.rows(golden) == reader.decode(body(*golden))


def test_many_features_are_put_in_order_at_once() -> None:
    """Each was looked for among all: 20,000 took 7 s of CPU time and more."""
    listed = [Feature(name=f"f{at}", type="number", optional=False, missing_share=0.0) for at in range(20_000)]
    began = time.thread_time()
    reordered = _permutation(listed, listed[::-1])
    assert time.thread_time() - began < 2
    assert reordered([*range(20_000)]) == tuple(reversed(range(20_000)))
