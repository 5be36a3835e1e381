"""Lists of elements that are read some items a step are what they are when they are read at once."""

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.codecs import chunks
from app.codecs.json_lists import items
from app.protocols.open_inference import request as openinference_request
from app.protocols.tfserving.body import Write
from app.protocols.tfserving.handler import read_body_in_steps
from app.protocols.tfserving.predict import predict
from app.tensors import DATATYPES, Signature, TensorSpec
from tests.app.codecs.test_chunks import (
    MATRIX,
    PAIR,
    STYLES,
    WORDS,
    Served,
    assert_same,
    drained,
    outcome,
    pairs,
    texts,
    whole_numbers,
    words,
)

NOISE: list[dict[str, Any]] = [{}, {"id": '"data":[1,2]'}, {"x": {"data": [1, 2]}}, {"id": "data"}]


def test_a_list_of_numbers_is_cut_between_two() -> None:
    text = b",".join([b"1.5"] * 100_000)
    cut = list(items(b"[%b]" % text))
    assert max(map(len, cut)) < 2**16 + 10
    assert np.concatenate([json.loads(part) for part in cut]).tolist() == [1.5] * 100_000


columns = {
    "alone": (MATRIX, st.fixed_dictionaries({"inputs": st.lists(pairs, max_size=40)})),
    "texts": (WORDS, st.fixed_dictionaries({"inputs": st.lists(st.tuples(words, words), max_size=20)})),
    "named": (
        PAIR,
        st.fixed_dictionaries(
            {
                "inputs": st.fixed_dictionaries(
                    {"y": st.lists(words, max_size=20), "x": st.lists(pairs, max_size=40)},
                    optional={"z": st.lists(whole_numbers)},
                )
            },
            optional={"x": st.lists(whole_numbers), "instances": st.just([]), "signature_name": words},
        ),
    ),
}


@pytest.mark.parametrize("name", columns)
def test_columns(name: str) -> None:
    """One input's values alone, or those of each by name; other keys may hold lists, too."""
    model: Any = columns[name][0]

    @given(texts(columns[name][1]), st.integers(0, 60))
    @settings(max_examples=150)
    def same(body: bytes, portion_bytes: int) -> None:
        def plain(content: tuple[Any, Write]) -> Any:
            return [(name, array.dtype, array.tolist()) for name, array in content[0].items()], content[1]

        with patch.object(chunks, "PORTION_BYTES", portion_bytes):
            found = outcome(lambda: plain(drained(read_body_in_steps(predict, model, body))[0]))
        assert_same(found, outcome(lambda: plain(predict(model, body))))

    same()


def test_large_columns_take_many_steps() -> None:
    """With either way to name them, and the blanks that writers put."""
    numbers, texts_ = [[1.5, 2]] * 50_000, ['say "hi", [you]'] * 40_000
    for model, inputs, expected in (
        (MATRIX, numbers, {"x": numbers}),
        (PAIR, {"y": texts_, "x": numbers}, {"x": numbers, "y": texts_}),
    ):
        for style in STYLES[:2]:
            body = json.dumps({"signature_name": "serving_default", "inputs": inputs}, **style).encode()
            with patch.object(Served, "max_request_rows", 50_000):
                (given, _), count = drained(read_body_in_steps(predict, model, body))  # type: ignore[arg-type]
            arrays: Any = given
            assert {name: array.tolist() for name, array in arrays.items()} == expected
            assert list(arrays) == list(expected)  # in the order of the signature
            assert count > len(body) / 2**16 - 2


def flat(values: list[Any]) -> list[Any]:
    return values


def in_pairs(values: list[Any]) -> list[Any]:
    """An odd one is alone in the last."""
    return [values[place : place + 2] for place in range(0, len(values), 2)]


def deeper(values: list[Any]) -> list[Any]:
    return in_pairs(in_pairs(values))


def ragged(values: list[Any]) -> list[Any]:
    return [[value] if place % 3 else value for place, value in enumerate(values)]


@st.composite
def inferences(draw: st.DrawFn) -> Any:
    """Inputs `x` of numbers and `y` of strings, and keys that mean nothing, one with a list that is no input's.

    The elements are listed one after another, or in lists of one depth, or of any.
    """
    x, y = draw(st.lists(st.floats(-9, 9, width=32), max_size=40)), draw(st.lists(words, max_size=20))
    shape = [len(x) + draw(st.sampled_from([0, 0, 0, 1]))]
    nested = st.sampled_from([flat, flat, in_pairs, in_pairs, deeper, ragged])
    inputs = [
        {
            "name": "x",
            "datatype": draw(st.sampled_from(["FP32", "FP32", "INT8"])),
            "shape": shape,
            "data": draw(nested)(x),
        },
        {"name": "y", "shape": [len(y)], "data": draw(nested)(y), "datatype": "BYTES", "parameters": {}},
    ]
    before, after = draw(st.sampled_from(NOISE)), {"y": {"data": [3]}} if draw(st.booleans()) else {}
    return {**before, "inputs": draw(st.permutations(inputs)), **after}


@given(texts(inferences()), st.integers(0, 60))
@settings(max_examples=200)
def test_an_infer_request(body: bytes, portion_bytes: int) -> None:
    specs = TensorSpec("x", DATATYPES["FP32"], (None,)), TensorSpec("y", DATATYPES["BYTES"], (None,))
    signature = Signature(specs, specs, batched=False)

    def plain(asked: openinference_request.Asked) -> Any:
        arrays = [(name, array.dtype, array.tolist()) for name, array in asked.arrays.items()]
        return arrays, asked.wishes, asked.id, asked.timeout_s

    with patch.object(chunks, "PORTION_BYTES", portion_bytes):
        found = outcome(lambda: plain(drained(openinference_request.read_in_steps(signature, body, b"", 10**6))[0]))
    assert_same(found, outcome(lambda: plain(openinference_request.read(signature, body, b""))))


@pytest.mark.parametrize(
    "tensor",
    [
        {"datatype": "FP32", "data": [[1], [2], [[5]], [3]]},
        {"datatype": "FP32", "data": [[1], [2], 5, [3]]},
        {"datatype": "FP32", "data": [1, 2, [5], 3]},
        {"datatype": "FP32", "data": [1, 2, "a", 3]},
        {"datatype": "INT8", "data": [1, 2, "a", 3]},
    ],
)
def test_an_item_that_is_not_like_the_first_is_told_as_ever(tensor: dict[str, Any]) -> None:
    spec = TensorSpec("x", DATATYPES["FP32"], (None,))
    signature = Signature((spec,), (spec,), batched=False)
    body = json.dumps({"inputs": [{"name": "x", "shape": [4], **tensor}]}).encode()
    with patch.object(chunks, "PORTION_BYTES", 0):
        found = outcome(lambda: drained(openinference_request.read_in_steps(signature, body, b"", 10**6)))
    assert found == outcome(lambda: openinference_request.read(signature, body, b""))


@pytest.mark.parametrize("nest", [flat, in_pairs, deeper])
@pytest.mark.parametrize(
    ("datatype", "values"),
    [("FP32", [1.5] * 100_000), ("BYTES", ['say "hi", [you]'] * 40_000)],
    ids=["numbers", "texts"],
)
def test_a_large_infer_request_takes_many_steps(
    datatype: str, values: list[Any], nest: Callable[[list[Any]], list[Any]]
) -> None:
    """Whether its elements are listed one after another, or in lists."""
    spec = TensorSpec("x", DATATYPES[datatype], (None,))
    content = {"name": "x", "datatype": datatype, "shape": [len(values)], "data": nest(values)}
    for style in STYLES[:2]:
        body = json.dumps({"inputs": [content], "id": "7"}, **style).encode()
        steps = openinference_request.read_in_steps(Signature((spec,), (spec,), batched=False), body, b"", 10**6)
        asked, count = drained(steps)
        assert (asked.arrays["x"].tolist(), asked.id) == (values, "7")
        assert count > len(body) / 2**16 - 1
