"""The kind `table`: rows in, arrays between, texts out, and its own description."""

import json
import math
import struct
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.reader import Manifest
from app.errors import BodyTooLarge, InvalidInput
from app.features.table import FLOAT32_MAX, TOO_LARGE, TableSchema
from tests.app.bad_requests import BAD
from tests.support import tiny

TINY = tiny.Tiny()
MIXED = tiny.Tiny(
    numbers=("a", "b"), booleans=("c",), strings=("s", "t"), optional=("t", "b"), order=("s", "b", "t", "c", "a")
)


def schema_for(named: tiny.Tiny, max_rows: int = 100) -> TableSchema:
    content = {**tiny.manifest(named), "files": {}}
    return TableSchema(msgspec.convert(content, Manifest), max_rows)


def body(*rows: Any) -> bytes:
    return json.dumps({"instances": rows}).encode()


def test_rows_stand_in_tensor_order() -> None:
    """Floats before strings, each by column, from records and from arrays in the manifest's order."""
    schema = schema_for(MIXED)
    expected = [(struct.pack("3f", 1.0, 2.0, 1.0), "x", "y")]
    assert schema.decode(body({"t": "y", "s": "x", "c": True, "b": 2, "a": 1})) == expected
    assert schema.decode(body(["x", 2, "y", True, 1])) == expected
    assert schema.rows([{"a": 1, "b": 2, "c": True, "s": "x", "t": "y"}]) == expected


def test_missing_values() -> None:
    """A missing number is NaN; a missing string is empty."""
    schema = schema_for(MIXED)
    rows = schema.decode(body({"a": 1, "c": False, "s": "x"}, ["x", None, None, False, 1]))
    arrays = schema.assemble(rows)
    assert arrays["numeric"].dtype == np.float32
    np.testing.assert_array_equal(arrays["numeric"], np.array([[1, math.nan, 0]] * 2, np.float32))
    assert arrays["categorical"].tolist() == [["x", ""]] * 2


@pytest.mark.parametrize("named", [TINY, MIXED, tiny.Tiny(strings=(), optional=()), tiny.Tiny(numbers=(), booleans=())])
def test_arrays_are_what_the_graph_wants(named: tiny.Tiny) -> None:
    """The same as made the long way round, for every mixture of dtypes."""
    named = tiny.Tiny(**{**vars(named), "optional": [n for n in named.optional if n in tiny.instance(named)]})
    rows = [tiny.instance(named, row) for row in range(5)]
    found, expected = schema_for(named).assemble(schema_for(named).rows(rows)), tiny.tensors(named, rows)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@given(st.floats(-FLOAT32_MAX, FLOAT32_MAX) | st.integers(-(2**127), 2**127))
def test_every_number_in_range_arrives_rounded_once(number: float) -> None:
    """What a 32-bit float makes of it, never infinity, never an error."""
    schema = schema_for(tiny.Tiny(numbers=("x",), booleans=(), strings=(), optional=()))
    arrays = schema.assemble(schema.decode(body([number])))
    assert arrays["numeric"][0, 0] == np.float32(float(number))
    assert np.isfinite(arrays["numeric"]).all()


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: abs(number) >= TOO_LARGE))
def test_every_number_beyond_is_refused(number: float) -> None:
    """Before it could become infinity; also where golden rows or a file bring it."""
    schema = schema_for(TINY)
    with pytest.raises(InvalidInput, match="32-bit float"):
        schema.decode(body([number, 1, True, "low"]))
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.instances\[0\]\.age`"):
        schema.rows([{"age": number, "hours-per-week": 1, "member": True, "level": "low"}])


def test_what_rounds_to_the_largest_number_is_taken() -> None:
    """Half a step further begins infinity."""
    schema = schema_for(tiny.Tiny(numbers=("x",), booleans=(), strings=(), optional=()))
    below = float(np.nextafter(TOO_LARGE, 0))
    assert below > FLOAT32_MAX
    assert schema.assemble(schema.decode(body([below], [-below])))["numeric"].tolist() == [
        [FLOAT32_MAX],
        [-FLOAT32_MAX],
    ]
    with pytest.raises(InvalidInput, match=r"`instances\[1\]\[0\]`: .*32-bit float"):
        schema.decode(body([below], [TOO_LARGE]))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_string_arrives_unchanged(text: str) -> None:
    """Whatever characters it holds."""
    schema = schema_for(tiny.Tiny(numbers=(), booleans=(), strings=("s",), optional=()))
    assert schema.assemble(schema.decode(body({"s": text})))["categorical"].tolist() == [[text]]


def test_an_empty_string_is_missing() -> None:
    """So it is refused where the feature is not optional."""
    schema = schema_for(MIXED)
    assert schema.decode(body(["x", 1, "", True, 1])) == schema.decode(body(["x", 1, None, True, 1]))
    with pytest.raises(InvalidInput, match=r"`instances\[0\].s`: expected a string of at least 1 characters. .* \"\""):
        schema.decode(body({"a": 1, "c": True, "s": ""}))


@pytest.mark.parametrize("case", [name for name, bad in BAD.items() if bad.status == 400 and not bad.query])
def test_every_bad_body_is_an_error_for_the_caller(case: str) -> None:
    """With the same words as on the wire."""
    with pytest.raises(InvalidInput) as error:
        schema_for(TINY).decode(BAD[case].body)
    for part in BAD[case].says:
        assert part in error.value.message


def test_the_row_limit() -> None:
    """The limit itself passes."""
    schema = schema_for(TINY, max_rows=3)
    assert len(schema.decode(body(*[[1, 1, True, "low"]] * 3))) == 3
    with pytest.raises(BodyTooLarge, match=r"expected at most 3 rows. Received: 4."):
        schema.decode(body(*[[1, 1, True, "low"]] * 4))


def test_answers_are_json_with_seven_digits() -> None:
    """As many as a 32-bit float holds."""
    values = np.array([[1 / 3], [1234567.8], [-1e-20], [0], [3e38]], np.float32)
    texts = schema_for(tiny.Tiny(task="regression")).encode([values])
    assert [json.loads(text)["value"] for text in texts] == [0.3333333, 1234568, -1e-20, 0, 3e38]


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_a_number_survives_its_text(values: list[float]) -> None:
    """To within a millionth of itself."""
    array = np.array(values, np.float32)[:, None]
    texts = schema_for(tiny.Tiny(task="regression")).encode([array])
    found = [json.loads(text)["value"] for text in texts]
    np.testing.assert_allclose(np.array(found), array[:, 0].astype(float), rtol=1e-6)


LABELS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=4, unique=True)


@given(LABELS, st.data())
def test_any_label_is_spelt_right(labels: list[str], data: st.DataObject) -> None:
    """Percent signs, quotes and backslashes included; the label is that of the largest share."""
    best = data.draw(st.integers(0, len(labels) - 1))
    shares = np.full((1, len(labels)), 0.125, np.float32)
    shares[0, best] = 0.5
    (text,) = schema_for(tiny.Tiny(task="multiclass", labels=labels)).encode([shares])
    answer = json.loads(text)
    assert answer["label"] == labels[best]
    assert list(answer["probabilities"].items()) == list(zip(labels, shares[0].tolist(), strict=True))


def test_the_request_is_described() -> None:
    """Names, types, what is required, and what training knew."""
    record, array = schema_for(TINY).request_openapi()["properties"]["instances"]["items"]["anyOf"]
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


def test_the_answer_is_described() -> None:
    """Labels for classes, a value for numbers."""
    classes = schema_for(TINY).response_openapi()
    assert classes["properties"]["label"]["enum"] == ["no", "yes"]
    assert classes["properties"]["probabilities"]["required"] == ["no", "yes"]
    assert list(schema_for(tiny.Tiny(task="regression")).response_openapi()["properties"]) == ["value"]


def test_the_schema_of_a_bundle_written_to_disk(tmp_path: Path) -> None:
    """Golden rows pass through the same door as requests."""
    folder = tiny.write(tmp_path)
    golden = json.loads((folder / "golden.json").read_text())["instances"]
    schema = schema_for(TINY)
    assert schema.rows(golden) == schema.decode(body(*golden))
