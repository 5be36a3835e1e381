"""The answers of types: what outputs must be, what callers get, what drift counts, how truth scores."""

import json
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answers.base import AnswerType, Tolerance
from app.answers.registry import answer_of, read
from app.bins.layout import decode
from app.tensors import BY_BUNDLE, TensorSpec


def label(*labels: str) -> AnswerType:
    return answer_of(read(json.dumps({"type": "label", "labels": labels}).encode()))


def value() -> AnswerType:
    return answer_of(read(b'{"type": "value"}'))


def shares(*rows: list[float]) -> dict[str, Any]:
    return {"probabilities": np.array(rows, np.float32)}


def numbers(*rows: float) -> dict[str, Any]:
    return {"value": np.array(rows, np.float32)[:, None]}


def test_an_unknown_type_and_keys_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"expected a type of answers, one of label, labels, value\. Received: boxes"):
        read(b'{"type": "boxes"}')
    with pytest.raises(ValueError, match="labels"):
        read(b'{"type": "label", "labels": "ab"}')


@pytest.mark.parametrize("labels", [("a", "a"), ("a", ""), ("", "")])
def test_labels_differ_and_are_not_empty(labels: tuple[str, str]) -> None:
    """An object of probabilities by label would lack one, and its reader take another's."""
    spec = TensorSpec("probabilities", BY_BUNDLE["float32"], (None, 2))
    label("a", "b").check_outputs([spec])
    with pytest.raises(ValueError, match="expected labels that differ and are not empty"):
        label(*labels).check_outputs([spec])


def test_answers_are_json_with_seven_digits() -> None:
    """As many as a 32-bit float holds."""
    values = np.array([[1 / 3], [1234567.8], [-1e-20], [0], [3e38]], np.float32)
    texts = value().encode({"value": values})
    assert [json.loads(text)["value"] for text in texts] == [0.3333333, 1234568, -1e-20, 0, 3e38]


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_a_number_survives_its_text(values: list[float]) -> None:
    """To within a millionth of itself."""
    array = np.array(values, np.float32)[:, None]
    texts = value().encode({"value": array})
    found = [json.loads(text)["value"] for text in texts]
    np.testing.assert_allclose(np.array(found), array[:, 0].astype(float), rtol=1e-6)


LABELS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=4, unique=True)


@given(LABELS, st.data())
def test_any_label_is_spelt_right(labels: list[str], data: st.DataObject) -> None:
    """Percent signs, quotes and backslashes included; the label is that of the largest share."""
    best = data.draw(st.integers(0, len(labels) - 1))
    found = np.full((1, len(labels)), 0.125, np.float32)
    found[0, best] = 0.5
    (text,) = label(*labels).encode({"probabilities": found})
    answer = json.loads(text)
    assert answer["label"] == labels[best]
    assert list(answer["probabilities"].items()) == list(zip(labels, found[0].tolist(), strict=True))


def test_the_answer_is_described() -> None:
    """Labels for classes, a value for numbers."""
    classes = label("no", "yes").openapi("target")
    assert classes["properties"]["label"]["enum"] == ["no", "yes"]
    assert classes["properties"]["probabilities"]["required"] == ["no", "yes"]
    assert value().openapi("price")["properties"]["value"]["description"] == "Predicted `price`."


OUTPUTS = [
    (label("no", "yes"), [("probabilities", "float32", (None, 2))], ""),
    (label("no", "yes"), [("probabilities", "float32", (None, 3))], "expected 3 labels"),
    (label("no", "yes"), [("probabilities", "float64", (None, 2))], "as the first output"),
    (label("no", "yes"), [("scores", "float32", (None, 2)), ("probabilities", "float32", (None, 2))], "first output"),
    (label("no", "yes"), [], "as the first output"),
    (value(), [("value", "float32", (None, 1)), ("more", "string", (None,))], ""),
    (value(), [("value", "float32", (None, 2))], "of one column"),
    (value(), [("value", "float32", (None,))], "of one column"),
]


@pytest.mark.parametrize(("answer", "outputs", "message"), OUTPUTS)
def test_outputs_are_what_answers_are_made_of(answer: AnswerType, outputs: list[Any], message: str) -> None:
    specs = [TensorSpec(name, BY_BUNDLE[dtype], shape) for name, dtype, shape in outputs]
    with pytest.raises(ValueError, match=message) if message else nullcontext():
        answer.check_outputs(specs)


def test_an_answer_is_sane_or_it_is_said_why_not() -> None:
    assert label("a", "b").fault(shares([0.5, 0.5])) is None
    assert label("a", "b").fault(shares([0.5, 0.4]))[0] == "probabilities that sum to one"  # type: ignore[index]
    assert label("a", "b").fault(shares([np.nan, 0.4]))[0] == "finite answers"  # type: ignore[index]
    assert value().fault(numbers(1)) is None
    assert value().fault(numbers(np.inf))[0] == "finite answers"  # type: ignore[index]
    assert not value().valid(numbers(1, np.nan))


def test_answers_may_differ_within_the_tolerance() -> None:
    tolerance = Tolerance(atol=0.01, rtol=0.1)
    assert value().mismatch(numbers(1.1), numbers(1), tolerance) is None
    assert value().mismatch(numbers(1.2), numbers(1), tolerance) == "a difference of 0.2 of `value`"
    said = value().mismatch(numbers(1, 1), numbers(1), tolerance)
    assert said == "a difference of shape, (2, 1) instead of (1, 1), of `value`"
    words = {"value": np.array([["a"]], object)}
    assert value().mismatch(words, words, tolerance) is None
    assert value().mismatch(words, {"value": np.array([["b"]], object)}, tolerance) == "other values of `value`"


def test_drift_counts_the_predicted_labels_that_are_finite() -> None:
    bins = decode(json.dumps(CATEGORY).encode(), label("no", "yes").bins)
    counted, rows = label("no", "yes").count(bins, shares([0.9, 0.1], [0.2, 0.8], [np.nan, 1]))
    assert (counted.tolist(), rows) == ([1, 1], 2)
    assert label("no", "yes").layout(bins).names == ("no", "yes")
    with pytest.raises(ValueError, match=r"expected the labels\. Received: no, yes"):
        label("no", "maybe").check_bins(bins)


def test_drift_counts_values_in_deciles() -> None:
    bins = decode(json.dumps(NUMBER).encode(), value().bins)
    counted, rows = value().count(bins, numbers(0, 1, 2, np.inf))
    assert (counted.tolist(), rows) == ([2, 1], 3)
    assert value().layout(bins).names == ("1", "2")


CATEGORY = {"kind": "category", "values": ["no", "yes"], "shares": [0.5, 0.5], "other": 0.0, "missing": 0.0}
NUMBER = {"kind": "number", "edges": [1], "shares": [0.5, 0.5], "missing": 0.0, "minimum": 0, "maximum": 2}


def test_a_double_survives_its_text() -> None:
    answer = value()
    answer.check_outputs([TensorSpec("value", BY_BUNDLE["float64"], (None, 1))])
    exact = [1_700_000_000_000.1, 0.1 + 0.2, -9_007_199_254_740_991.0, 1e300, 5e-324]
    texts = answer.encode({"value": np.array(exact)[:, None]})
    assert [json.loads(text)["value"] for text in texts] == exact


def test_the_truth_is_stripped_and_composed_where_only_that_is_a_label() -> None:
    known = label("no", "Z\u00fcrich", " no")
    assert [known.truth(word) for word in ("no", " no", "\u00a0no", " Zu\u0308rich\n")] == [0, 2, 0, 1]
    with pytest.raises(ValueError, match="one of no"):
        known.truth("Zurich")


def test_truth_is_what_predictions_are() -> None:
    assert label("no", "yes").predicted(shares([0.2, 0.8], [0.7, 0.3])) == [1, 0]
    assert [label("no", "yes").truth(word) for word in ("yes", "no")] == [1, 0]
    assert value().predicted(numbers(0.5, 2)) == [0.5, 2]
    assert value().truth(2) == 2
    assert (label("a").read_text("b"), value().read_text("2.5")) == ("b", 2.5)


@pytest.mark.parametrize("wrong", ["maybe", 1, True, ["yes"], {}])
def test_a_label_that_there_is_not_is_no_truth(wrong: Any) -> None:
    with pytest.raises(ValueError, match="one of no, yes"):
        label("no", "yes").truth(wrong)


@pytest.mark.parametrize("wrong", ["2", True, float("nan"), 10**400, [1], {}])
def test_what_is_no_finite_number_is_no_truth(wrong: Any) -> None:
    with pytest.raises(ValueError, match="a finite number"):
        value().truth(wrong)


def test_two_versions_are_compared_by_their_labels() -> None:
    """Whatever their order; a label that one of them does not have counts as zero there."""
    ours, theirs = label("no", "yes"), label("yes", "no", "maybe")
    agreed, difference = ours.compare(shares([0.4, 0.6], [0.9, 0.1]), theirs, shares([0.6, 0.4, 0], [0.1, 0.2, 0.7]))
    assert agreed == [True, False]
    assert difference == pytest.approx(0.7)
    assert value().compare(numbers(1, 2), value(), numbers(1, 4)) == ([True, True], 2)
    assert ours.compare(shares([0.4, 0.6]), value(), numbers(1)) == ([False], 1)
    assert value().compare(numbers(3), ours, shares([0.4, 0.6])) == ([False], 3)


def test_the_columns_of_an_output_file() -> None:
    found = label("no", "yes").columns(shares([0.25, 0.75]))
    assert {name: column.tolist() for name, column in found.items()} == {
        "label": ["yes"],
        "probability[no]": [0.25],
        "probability[yes]": [0.75],
    }
    assert value().columns(numbers(2))["value"].tolist() == [2]


def test_scores_and_numbers_for_other_protocols() -> None:
    assert label("no", "yes").scores(shares([0.25, 0.75])).tolist() == [[0.25, 0.75]]  # type: ignore[union-attr]
    assert (label("no").numeric, value().numeric, value().classes) == (False, True, ())
    assert value().numbers(numbers(2)).tolist() == [2]  # type: ignore[union-attr]
    assert value().scores(numbers(2)) is label("no").numbers(shares([1.0])) is None
