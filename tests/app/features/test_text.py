"""The feature `text`: what a caller may send by each road, how long it may be, and how large a row is."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from app.bins.text import text_bins
from app.errors import InvalidInput
from app.features.row_reader import RowReader
from tests.support import tiny

TWO = tiny.Tiny(
    format=2, numbers=(), booleans=(), strings=(), texts=("review", "reply"), optional=("reply",), longest=6
)
CUT = replace(TWO, cut=True)
ODD = ["a", " ", "\t\n", "\x00", "\x02\x03", "e\u0301", "\u202eab", "\U0001f680" * 6, "很好", "\ufffe"]


def reader(named: tiny.Tiny = TWO) -> RowReader:
    return tiny.row_reader(named)


def decoded(*rows: Any, named: tiny.Tiny = TWO) -> list[list[str]]:
    body = json.dumps({"instances": rows}).encode()
    found: list[list[str]] = reader(named).decode(body).arrays()["texts"].tolist()
    return found


def tensors(*rows: list[str]) -> dict[str, Any]:
    return {"texts": np.array(rows, object)}


def columns(review: list[str | None], reply: list[str | None]) -> dict[str, Any]:
    return {"review": pa.array(review, pa.string()), "reply": pa.array(reply, pa.string())}


@pytest.mark.parametrize("text", ODD)
def test_a_text_stays_as_it_is_by_every_road(text: str) -> None:
    assert decoded({"review": text}, [text, text]) == [[text, ""], [text, text]]
    assert reader().features.from_wire(tensors([text, ""]))["texts"].tolist() == [[text, ""]]
    found, unread = reader().features.from_arrow(columns([text], [None]), 1)
    assert (found["texts"].tolist(), unread.tolist()) == ([[text, ""]], [False])


def test_an_empty_text_is_a_missing_one() -> None:
    assert decoded({"review": "a", "reply": ""}, {"review": "a", "reply": None}) == [["a", ""]] * 2
    with pytest.raises(InvalidInput, match=r"`instances\[0\]\.review`: expected a string of at least 1 characters"):
        decoded({"review": ""})
    with pytest.raises(InvalidInput, match=r"`instances\[0\]\.review`: expected a string\. Received: null"):
        decoded({"review": None})
    with pytest.raises(InvalidInput, match=r"`texts\[1\]\[0\]`: expected a value of `review`"):
        reader().features.from_wire(tensors(["a", ""], ["", "a"]))
    assert reader().features.from_arrow(columns(["", None, "a"], ["", None, ""]), 3)[1].tolist() == [True, True, False]


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidInput):
        reader().decode(b'{"instances": [{"review": "\\ud83d"}]}')


@pytest.mark.parametrize("long", ["1234567", "\U0001f680" * 7, "e\u0301e\u0301e\u0301e"])
def test_what_is_too_long_is_told_with_its_length(long: str) -> None:
    said = r"expected a string of at most 6 characters\. Received: 7 characters"
    with pytest.raises(InvalidInput, match=rf"`instances\[1\]\.reply`: {said}"):
        decoded(["a", "a"], {"review": "a", "reply": long})
    with pytest.raises(InvalidInput, match=rf"`instances\[0\]\[0\]`: {said}"):
        decoded([long, None])
    with pytest.raises(InvalidInput, match=rf"`texts\[1\]\[1\]`: {said}"):
        reader().features.from_wire(tensors(["a", "a"], ["a", long]))
    with pytest.raises(InvalidInput, match=rf"`review`: {said}"):
        reader().row({"review": long})
    assert reader().features.from_arrow(columns(["a", long], [long, None]), 2)[1].tolist() == [True, True]


def test_a_long_text_in_a_large_body_is_told_without_a_second_look() -> None:
    with pytest.raises(InvalidInput, match=r"at most 6 characters\. Received: more"):
        decoded({"review": "a" * 300_000})


def test_where_training_cut_the_service_cuts() -> None:
    assert decoded(["1234567", "\U0001f680" * 7], named=CUT) == [["123456", "\U0001f680" * 6]]
    sent = tensors(["1234567", ""], ["a", "12345678"])
    features = reader(CUT).features
    assert features.from_wire(sent)["texts"].tolist() == [["123456", ""], ["a", "123456"]]
    assert sent["texts"][0, 0] == "1234567"  # a caller's tensor is not changed
    found, unread = features.from_arrow(columns(["1234567", "a"], [None, "12345678"]), 2)
    assert found["texts"].tolist() == [["123456", ""], ["a", "123456"]]
    assert not unread.any()


def test_columns_of_other_kinds_are_texts_too() -> None:
    some = {"review": pa.array(["a", "b", "a"]).dictionary_encode(), "reply": pa.array([b"a", None, b"c"], pa.binary())}
    assert reader().features.from_arrow(some, 3)[0]["texts"].tolist() == [["a", "a"], ["b", ""], ["a", "c"]]


def test_how_large_a_row_is_says_its_longest_text() -> None:
    features = reader().features
    rows = reader().rows([{"review": "ab", "reply": "\U0001f680" * 5}, {"review": "a"}])
    assert features.elements(rows) == features.elements(rows.arrays()) == [10, 2]
    assert features.elements(features.largest(rows.arrays())) == [12]
    assert features.largest(rows.arrays())["texts"].tolist() == [["ababab", "\U0001f680" * 6]]
    beside = reader(replace(TWO, numbers=("age",), strings=("level",)))
    rows = beside.rows([{"age": 1, "level": "low", "review": "abc"}])
    assert beside.features.elements(rows) == beside.features.elements(rows.arrays()) == [6]


def test_callers_are_told_how_long_a_text_may_be() -> None:
    features = reader().features
    schemas = [features.openapi(feature) for feature in features.features]
    assert schemas[0] == {"type": "string", "minLength": 1, "maxLength": 6, "description": "A text."}
    assert schemas[1]["type"] == ["string", "null"]
    assert "minLength" not in schemas[1]
    cut = reader(CUT).features
    schema = cut.openapi(cut.features[0])
    assert "maxLength" not in schema
    assert "what follows its first 6 characters is left out" in schema["description"]


def test_strange_rows_can_be_sent_and_one_is_as_long_as_may_be() -> None:
    found = reader().rows(reader().features.strange({"review": "a", "reply": None})).arrays()["texts"]
    assert max(map(len, found.ravel())) == 6
    assert len({*found[:, 0].tolist()}) > 4


def test_a_typical_text_is_of_frequent_words_and_can_be_sent() -> None:
    features = reader(replace(TWO, longest=30)).features
    row = features.typical({"review": text_bins(["good film", "good"]), "reply": None})
    assert row == {"review": "good film", "reply": None}
    assert decoded(features.typical({}) | {"review": "a"}) == [["a", ""]]
    assert decoded(features.typical({})) == [[" ", ""]]


@pytest.mark.parametrize("longest", [0, 1_000_001, None])
def test_a_bundle_says_how_long_texts_may_be(longest: Any) -> None:
    with pytest.raises(ValueError, match="longest"):
        reader(replace(TWO, longest=longest))
