"""Cells as words: stripped, composed, and as a person writes what Arrow holds."""

import datetime
import decimal
import unicodedata
from typing import Any

import pyarrow as pa
import pytest

from app.sources import words
from app.sources.words import MISSING

SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: f"U+{ord(space):04X}")
def test_cells_are_stripped_as_python_strips(space: str) -> None:
    assert words.clean(pa.array([f"{space}a b{space}"])).to_pylist() == ["a b"]


def test_letters_are_composed() -> None:
    apart = unicodedata.normalize("NFD", "Orléans")
    assert words.clean(pa.array([apart, "Paris ", None])).to_pylist() == ["Orléans", "Paris", None]


@pytest.mark.parametrize("word", sorted(MISSING))
def test_words_for_missing_are_missing(word: str) -> None:
    found = words.without_missing(pa.array([word, f" {word}\u00a0", "x", None]), MISSING)
    assert found.to_pylist() == [None, None, "x", None]


def test_only_the_words_that_are_given_are_missing() -> None:
    assert words.without_missing(pa.array(["NA", "none", ""]), {"none"}).to_pylist() == ["NA", None, ""]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pa.array(["a", "", "NA", None]), ["a", "", "NA", None]),
        (pa.array(["a"], pa.large_string()), ["a"]),
        (pa.array(["a"], pa.string_view()), ["a"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([1, -2, None]), ["1", "-2", None]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([1.5, 2.0, float("nan"), None, float("inf")]), ["1.5", "2.0", None, None, "inf"]),
        (pa.array([0.1, 1.5], pa.float32()), ["0.1", "1.5"]),
        (pa.array([0.1, 1.5], pa.float16()), ["0.1", "1.5"]),
        (pa.array([decimal.Decimal("12.30")]), ["12.30"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([b"a\xc3\xa9"]), ["aé"]),
        (pa.array([b"ab"], pa.binary(2)), ["ab"]),
        (pa.array([datetime.date(2023, 1, 2)]), ["2023-01-02"]),
        (pa.array([0], pa.timestamp("us")), ["1970-01-01T00:00:00"]),
        (pa.array([None]), [None]),
        (pa.array([[1, 2], None]), ["[1, 2]", None]),
        (pa.array([{"a": "é"}]), ['{"a": "\\u00e9"}']),
        (pa.array([3_600_000_000], pa.time64("us")), ["01:00:00.000000"]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_values_are_written_as_a_person_would(values: Any, said: list[str | None]) -> None:
    found = words.as_words(values)
    assert found.to_pylist() == said
    assert found.type == pa.string()


def test_whole_numbers_of_a_whole_column_have_no_point() -> None:
    assert words.as_words(pa.array([1.0, -2.0, None, float("nan")]), whole=True).to_pylist() == ["1", "-2", None, None]
    assert words.as_words(pa.array([1.0], pa.float16()), whole=True).to_pylist() == ["1"]
    assert words.as_words(pa.array([1e300]), whole=True).to_pylist() == ["1e+300"]


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ValueError, match="bytes that are text in UTF-8"):
        words.as_words(pa.array([b"a\xff"]))


def test_truths_are_read_in_any_case_of_letters() -> None:
    values = pa.array(["true", "FALSE", "True", "yes", "1", None])
    assert words.booleans(values).to_pylist() == [True, False, True, None, None, None]
    assert words.fits_boolean(values).to_pylist() == [True, True, True, False, False, None]
    assert words.booleans(pa.array([True, None])).to_pylist() == [True, None]
    assert words.fits_boolean(pa.array([False, None])).to_pylist() == [True, None]
