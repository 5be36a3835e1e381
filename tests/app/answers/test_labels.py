"""Several labels a row: what outputs must be, what callers get, what drift counts, how truth is read and scores."""

import json
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answers.base import AnswerType
from app.answers.labels import is_given, listed
from app.answers.registry import answer_of, read
from app.bins.layout import decode
from app.tensors import BY_BUNDLE, TensorSpec

NAMES = ("art", "law", "war")


def labels(*thresholds: float, names: tuple[str, ...] = NAMES, **keys: Any) -> AnswerType:
    keys |= {"type": "labels", "labels": names, "thresholds": thresholds or [0.5] * len(names)}
    return answer_of(read(json.dumps(keys).encode()))


def shares(*rows: list[float]) -> dict[str, Any]:
    return {"probabilities": np.array(rows, np.float32)}


def test_a_row_is_given_each_label_whose_threshold_it_reaches() -> None:
    """None, one or several; the probabilities stay as they are."""
    rows = shares([0.5, 0.19, 0.9], [0.49, 0.2, 0.7], [0, 0, 0])
    answers = [json.loads(text) for text in labels(0.5, 0.2, 0.8).encode(rows)]
    assert [answer["labels"] for answer in answers] == [["art", "war"], ["law"], []]
    assert answers[0]["probabilities"] == {"art": 0.5, "law": 0.19, "war": 0.9}


LABELS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=4, unique=True)


@given(LABELS)
def test_any_label_is_spelt_right(names: list[str]) -> None:
    """Percent signs, quotes and backslashes included."""
    (text,) = labels(names=tuple(names)).encode(shares([0.75] * len(names)))
    answer = json.loads(text)
    assert answer == {"labels": names, "probabilities": dict.fromkeys(names, 0.75)}


def test_the_answer_is_described() -> None:
    found = labels().openapi("topics")
    assert found["properties"]["labels"]["items"]["enum"] == list(NAMES)
    assert found["properties"]["probabilities"]["required"] == list(NAMES)
    assert found["required"] == ["labels", "probabilities"]


OUTPUTS = [
    (labels(), [("probabilities", "float32", (None, 3))], ""),
    (labels(), [("probabilities", "float32", (None, 2))], "expected 2 labels"),
    (labels(), [("probabilities", "float64", (None, 3))], "as the first output"),
    (labels(0.5, 0.5), [("probabilities", "float32", (None, 3))], "expected 3 `thresholds` between 0 and 1"),
    (labels(0.5, 0.5, 1.5), [("probabilities", "float32", (None, 3))], r"Received: \[0.5, 0.5, 1.5\]"),
]


@pytest.mark.parametrize(("answer", "outputs", "message"), OUTPUTS)
def test_outputs_are_what_answers_are_made_of(answer: AnswerType, outputs: list[Any], message: str) -> None:
    specs = [TensorSpec(name, BY_BUNDLE[dtype], shape) for name, dtype, shape in outputs]
    with pytest.raises(ValueError, match=message) if message else nullcontext():
        answer.check_outputs(specs)


def test_an_answer_is_sane_or_it_is_said_why_not() -> None:
    """Probabilities need not sum to one."""
    assert labels().fault(shares([0.9, 0.9, 0.9])) is None
    assert labels().fault(shares([0.9, 0.9, 1.1]))[0] == "probabilities from 0 to 1"  # type: ignore[index]
    assert labels().fault(shares([0.9, 0.9, np.nan]))[0] == "finite answers"  # type: ignore[index]


# ── drift ──


def bins(*shares: float, none: float, names: tuple[str, ...] = NAMES) -> Any:
    keys = {"kind": "labels", "values": names, "shares": shares, "none": none}
    return decode(json.dumps(keys).encode(), labels().bins)


def test_drift_counts_each_label_that_a_row_is_given() -> None:
    """In the order of the profile, and rows without any in a bin of their own; what is not finite is not counted."""
    profile = bins(0.5, 0.2, 0.1, none=0.2, names=("war", "art", "law"))
    rows = shares([0.9, 0.1, 0.9], [0.1, 0.1, 0.9], [0, 0, 0], [np.nan, 1, 1])
    counted, looked_at = labels().count(profile, rows)
    assert labels().layout(profile).names == ("none", "war", "art", "law")
    assert labels().layout(profile).shares == (0.2, 0.5, 0.2, 0.1)
    assert (counted.tolist(), looked_at) == ([1, 2, 1, 0], 3)
    labels().check_bins(profile)
    with pytest.raises(ValueError, match=r"expected the labels\. Received: war, art, law"):
        labels(names=("art", "law", "tax")).check_bins(profile)


def test_rare_labels_share_a_bin() -> None:
    names = tuple(f"label {number}" for number in range(40))
    profile = bins(*[number / 820 for number in range(1, 41)], none=0.0, names=names)
    layout = labels(names=names).layout(profile)
    assert (len(layout.names), layout.names[0], layout.names[1], layout.names[-1]) == (32, "none", "label 10", "other")
    counted, _ = labels(names=names).count(profile, shares([1.0] * 40))
    assert (counted[0], counted[1:-1].tolist(), counted[-1]) == (0, [1] * 30, 10)


def test_a_label_may_be_called_as_a_bin_is() -> None:
    profile = bins(0.5, 0.2, none=0.3, names=("none", "other"))
    assert labels(names=("none", "other")).layout(profile).names == ("none", '"none"', '"other"')


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"shares": [0.5, 0.5]}, "expected 3 shares"),
        ({"none": 0.5}, "sum to one"),
        ({"values": ["art", "art", "war"]}, "unique"),
        ({"kind": "category"}, "expected the kind labels"),
    ],
)
def test_bins_that_do_not_fit_are_refused(keys: dict[str, Any], message: str) -> None:
    whole = {"kind": "labels", "values": NAMES, "shares": [0.5, 0.2, 0.1], "none": 0.2, **keys}
    with pytest.raises(ValueError, match=message):
        decode(json.dumps(whole).encode(), labels().bins)


# ── truth ──


def test_the_truth_is_a_list_of_labels() -> None:
    """In any order and with white space around; none is the empty list."""
    assert labels().truth([" war", "art", "war"]) == (0, 2)
    assert labels().truth([]) == ()
    assert labels().predicted(shares([0.9, 0, 0.9])) == [(0, 2)]
    for wrong in ("art", None, 1, {"art": 1}):
        with pytest.raises(ValueError, match="a list of labels, such as"):
            labels().truth(wrong)
    with pytest.raises(ValueError, match="one of art, law, war"):
        labels().truth(["art", "tax"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("art|war", ["art", "war"]),
        (" art | war |art|", ["art", "war"]),
        ("|", []),
        ("[]", []),
        ('["art", "law"]', ["art", "law"]),
        ('["art", null, 3, true, ""]', ["art", "3", "true"]),
        ("[sic]|war", ["[sic]", "war"]),
        ("[sic]", ["[sic]"]),
        ('[{"art": 1}]', ['[{"art": 1}]']),
    ],
)
def test_a_cell_is_a_list_in_json_or_parts_between_separators(text: str, found: list[str]) -> None:
    assert listed(text, "|") == found
    assert labels(separator=";").read_text("art;war") == ["art", "war"]


@pytest.mark.parametrize(("text", "found"), [("1", True), (" Yes ", True), ("TRUE", True), ("0", False), ("no", False)])
def test_a_cell_of_a_label_says_whether_a_row_has_it(text: str, found: bool) -> None:
    assert is_given(text) is found
    with pytest.raises(ValueError, match="0 or 1"):
        is_given("2")


def test_columns_of_a_file_hold_the_truth_in_one_or_in_one_a_label() -> None:
    answer = labels()
    assert list(answer.truth_readers("topics", ["topics", *NAMES])) == ["topics"]
    assert answer.truth_of_row({"topics": ["art"]}) == ["art"]
    assert list(answer.truth_readers("topics", ["age", *NAMES])) == list(NAMES)
    assert answer.truth_of_row({"art": True, "law": False, "war": True}) == ["art", "war"]
    assert answer.truth_of_row({"art": True, "law": None, "war": True}) is None
    assert answer.truth_readers("topics", ["art", "law"]) == {}


# ── beside others ──


def test_two_versions_are_compared_by_the_labels_that_they_give() -> None:
    """Each by its own thresholds, whatever the order; one that a version does not have is not given by it."""
    ours, theirs = labels(0.5, 0.5, 0.5), labels(0.7, 0.5, names=("war", "art"))
    mine = shares([0.9, 0.1, 0.8], [0.9, 0.1, 0.6], [0.1, 0.9, 0.1])
    agreed, difference = ours.compare(mine, theirs, shares([0.8, 0.9], [0.6, 0.9], [0.1, 0.1]))
    assert agreed == [True, False, False]
    assert difference == pytest.approx(0.9)
    one = answer_of(read(b'{"type": "label", "labels": ["art", "law", "war"]}'))
    assert labels().compare(shares([0.9, 0, 0]), one, shares([0.9, 0.1, 0])) == ([False], 1)
    assert one.compare(shares([0.9, 0, 0]), labels(), shares([0.9, 0.1, 0])) == ([False], 1)


def test_the_columns_of_an_output_file() -> None:
    found = labels().columns(shares([0.75, 0.25, 1], [0, 0, 0]))
    assert {name: column.tolist() for name, column in found.items()} == {
        "labels": ["art|war", ""],
        "probability[art]": [0.75, 0],
        "probability[law]": [0.25, 0],
        "probability[war]": [1, 0],
    }


def test_scores_for_other_protocols() -> None:
    assert labels().scores(shares([0.25, 0.75, 0])).tolist() == [[0.25, 0.75, 0]]  # type: ignore[union-attr]
    assert (labels().classes, labels().numeric, labels().numbers(shares([0, 0, 0]))) == (NAMES, False, None)
