"""Numbers as people write them: each notation is read, and nothing that only looks like it."""

import math
from typing import Any

import pyarrow as pa
import pytest

from app.sources import numbers
from app.sources.rules import PLAIN, NumberForm

FORMS = [
    NumberForm(decimal=decimal, thousands=thousands, affix=affix, percent=percent)
    for decimal in ".,"
    for thousands in ("", ".", ",", " ", "'")
    for affix, percent in (("", False), ("€", False), ("$", False), ("kg", False), ("Fr.", False), ("", True))
    if decimal != thousands
]


def texts(*words: str | None) -> Any:
    return pa.array(words, pa.string())


@pytest.mark.parametrize(
    "word", ["1", "-1", "+1", "1.5", "5.", ".5", "1e5", "1.5E-3", "007", "inf", "-Infinity", "NaN"]
)
def test_plain_is_what_float_takes(word: str) -> None:
    assert numbers.plain(texts(word)).to_pylist() == [True]
    found = numbers.read(texts(word))[0].as_py()
    assert found == float(word) or (math.isnan(found) and math.isnan(float(word)))


def test_signs_stay_beside_words_that_are_no_numbers() -> None:
    assert numbers.read(texts("NAN", "-5", "+6")).to_pylist() == [pytest.approx(math.nan, nan_ok=True), -5, 6]
    assert numbers.read_plain(texts("-5", "x", "+NaN", None, "(5)")).fill_null(0).to_pylist()[:2] == [-5, 0]


@pytest.mark.parametrize(
    "word", ["", "1_000", "1,5", "0x1F", "e5", "1e", "1 000", "nan(1)", "--1", "1.2.3", "٣", "$1", "4%"]
)
def test_other_words_are_not_plain(word: str) -> None:
    assert numbers.plain(texts(word, None)).to_pylist() == [False, None]
    assert numbers.read(texts(word, "1", None)).to_pylist() == [None, 1, None]


@pytest.mark.parametrize(
    ("example", "word", "value"),
    [
        ("1.234,56", "1.992,41", 1992.41),
        ("1.234,56", "-1.021.664", -1021664),
        ("1.234,56", "1234,5", 1234.5),
        ("1.234,56", "1.234,56-", -1234.56),  # SAP
        ("1234,5", "1992,41", 1992.41),
        ("1234,5", "1,5E+03", 1500),
        ("1,234.56", "2,590", 2590),
        ("1,234.56", "(1,234.50)", -1234.5),
        ("1,234.56", "12,34,567.8", 1234567.8),  # lakh
        ("$1,234.56", "$16,268.00", 16268),
        ("$1,234.56", "-$5.25", -5.25),
        ("$1,234.56", "$-5.25", -5.25),
        ("$1,234.56", "$ 7", 7),
        ("$1,234.56", "($5)", -5),
        ("1.234,56 €", "1.992,41\u00a0€", 1992.41),
        ("1.234,56 €", "€ 3,5", 3.5),
        ("1 234,56", "1\u202f234\u202f567,5", 1234567.5),
        ("1'234.50", "1\u2019234\u2019567.5", 1234567.5),
        ("CHF 1'234.50", "CHF 5'197.14", 5197.14),
        ("12,5%", "4 %", 4),
        ("1.5%", "-0.5%", -0.5),
        ("5 kg", "12kg", 12),
        ("1234.5", "−5", -5),  # noqa: RUF001 - U+2212
        ("Fr. 1.5", "Fr. .5", 0.5),
    ],
)
def test_a_number_is_read_in_the_form_of_an_example(example: str, word: str, value: float) -> None:
    form = numbers.form_of_example(example)
    assert numbers.fits(texts(word, None), form).to_pylist() == [True, None]
    assert numbers.read(texts(word, None), form).to_pylist() == [pytest.approx(value), None]


@pytest.mark.parametrize(
    ("form", "word"),
    [
        (NumberForm(thousands=","), "1,23,4"),
        (NumberForm(thousands=","), "0,123"),
        (NumberForm(thousands=","), "1,2345"),
        (NumberForm(thousands=","), ",123"),
        (NumberForm(decimal=",", thousands="."), "1.5"),
        (NumberForm(decimal=",", thousands="."), "1,234.5"),
        (NumberForm(decimal=","), "1.5"),
        (NumberForm(decimal=","), "1,2,3"),
        (NumberForm(thousands=" "), "1 23"),
        (NumberForm(affix="$"), "€5"),
        (NumberForm(affix="$"), "$$5"),
        (NumberForm(percent=True), "5"),
        (PLAIN, "5%"),
    ],
)
def test_a_word_in_another_form_does_not_fit(form: NumberForm, word: str) -> None:
    assert numbers.fits(texts(word), form).to_pylist() == [False]
    assert numbers.read(texts(word), form).to_pylist() == [None]


@pytest.mark.parametrize("form", FORMS, ids=numbers.shown)
def test_what_is_shown_of_a_form_is_an_example_of_it(form: NumberForm) -> None:
    assert numbers.form_of_example(numbers.shown(form)) == form
    assert numbers.read(texts(numbers.shown(form)), form).to_pylist() == [1234.56]


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1,234", "1.234", "$", "€1$", "1,23,4", "--", "1 2"])
def test_an_example_that_shows_no_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a number that shows how all are written, such as 1\.234,56"):
        numbers.form_of_example(text)


def test_numbers_of_a_typed_file_are_what_they_are() -> None:
    for values in (pa.array([1, None]), pa.array([1, None], pa.decimal128(5, 2)), pa.array([1, None], pa.float16())):
        assert numbers.read(values).to_pylist() == [1.0, None]
    assert numbers.read(pa.array([2**53 + 1])).to_pylist() == [2.0**53]
