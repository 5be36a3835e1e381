"""Several labels a row, from the columns of a target to what the manifest says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.training.tasks.labels.conftest import LABELS, ROWS
from training.calibration.adjustment import Adjustment
from training.columns.arrays import Rows
from training.data.prepare import Data, prepare
from training.errors import DataError
from training.evaluation import baselines, leakage
from training.options import Options
from training.tasks.labels.decisions import Decided
from training.tasks.labels.multilabel import GIVEN, OUTPUT, Multilabel
from training.tasks.parts import Mistake
from training.tasks.registry import check

OptionsOf = Callable[..., Options]
TASK = Multilabel(("art", "law"), thresholds=(0.5, 0.2))


def written(folder: Path, **columns: Any) -> Path:
    rows = len(next(iter(columns.values())))
    path = folder / "rows.csv"
    pd.DataFrame({"a": np.arange(rows) % 17, "b": np.arange(rows) % 5, **columns}).to_csv(path, index=False)
    return path


# ── from the columns of a target ──


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("form", ["list", "lines", "texts", "columns"])
def test_the_same_is_learned_whatever_form_the_file_has(form: str, stream: bool, options_of: OptionsOf) -> None:
    """Rows whose labels are not known are left out, and the columns of labels are no features."""
    data, other = prepare(options_of(form, stream=stream)), prepare(options_of("list", stream=stream))
    assert (data.task.name, data.task.width) == ("multilabel", 4)
    assert data.table.rows_without_target == ROWS // 20
    assert data.features.order == ("a", "b", "c", "city")
    assert data.task == other.task
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(data, part).y, getattr(other, part).y)


def test_each_part_has_its_share_of_each_label(options_of: OptionsOf) -> None:
    data = prepare(options_of("list"))
    for part in (data.validation, data.test):
        np.testing.assert_allclose(part.y.mean(axis=0), data.train.y.mean(axis=0), atol=0.08)
        assert np.mean(~part.y.any(axis=1)) == pytest.approx(np.mean(~data.train.y.any(axis=1)), abs=0.03)


def test_cells_with_separators_are_never_assumed(tmp_path: Path) -> None:
    data = prepare(Options.of(data=written(tmp_path, tags=["a|b", "b", "a"] * 40), target="tags"))
    assert data.task.name == "multiclass"


REFUSED = [
    ({"x": ["0", "1"] * 60, "y": ["0"] * 120}, {"target": ("x", "y")}, r"expected both 0 and 1.*'y' \(numbers: 0\)"),
    ({"x": [0, 1] * 60, "y": np.arange(120)}, {"target": ("x", "y")}, r"'y' \(numbers: 0, 1, 2 …\)"),
    ({"x": [0, 1] * 60}, {"target": ("x", "x")}, "expected different columns, each once"),
    ({"x": [0, 1] * 60, "y": [0, 1] * 60}, {"target": ("x", "y"), "task": "binary"}, "expected both 0 and 1"),
    ({"x": ["a|b", "b"] * 59 + ["a|b", "rare"]}, {"target": "x", "task": "multilabel"}, r"fewer with: 'rare' \(1\)"),
    ({"x": ["a"] * 120}, {"target": "x", "task": "multilabel"}, "at least two different values"),
    ({"x": [f"label {n}" for n in range(1002)]}, {"target": "x", "task": "multilabel"}, "at most 1000 labels"),
]


@pytest.mark.parametrize(("columns", "options", "message"), REFUSED)
def test_what_is_no_target_of_several_labels_is_refused(
    columns: dict[str, Any], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        prepare(Options.of(data=written(tmp_path, **columns), **options))


@pytest.mark.parametrize(
    "changes",
    [{"threshold_for": "f1"}, {"class_weights": True}, {"label_smoothing": 0.1}],
    ids=lambda one: next(iter(one)),
)
def test_options_of_one_label_are_refused(changes: dict[str, Any], options_of: OptionsOf) -> None:
    with pytest.raises(DataError, match=r"expected a task that has it: binary, multiclass\. Received: multilabel"):
        check(TASK, options_of("list", **changes))
    check(TASK, options_of("texts", separator=";", calibrate=False))


# ── encoded ──


def test_labels_are_encoded_from_cells_and_from_lists() -> None:
    wanted = [[True, True], [False, False], [False, True]]
    assert TASK.encode(pd.Series(['["art", "law"]', "[]", '["law"]'])).tolist() == wanted
    assert TASK.encode(pd.Series([["law", "art"], [], ["law"]])).tolist() == wanted
    assert TASK.encode(pd.Series([], dtype=object)).shape == (0, 2)
    assert (TASK.refusal(["art"]), TASK.refusal([])) == (None, None)
    assert TASK.refusal(["tax"]) == "labels among art, law"


def test_a_fit_begins_with_the_shares_even_of_labels_that_no_row_or_every_row_has() -> None:
    begin = Multilabel(("a", "b", "c")).fit_to(np.array([[1, 0, 1], [0, 0, 1]], np.bool_)).begin
    assert begin == pytest.approx([0.0, -9.2102, 9.2102], abs=1e-4)
    assert TASK.begin == [0.0, 0.0]
    assert TASK.flatness == 2


def test_a_bundles_answer_is_the_task_again() -> None:
    answer = TASK.answer()
    assert answer == {"type": "labels", "labels": ("art", "law"), "thresholds": (0.5, 0.2), "separator": "|"}
    assert Multilabel.of_answer(answer) == TASK
    assert TASK.truths() == Multilabel(("art", "law")).truths()


# ── thresholds ──


def test_thresholds_decide_which_labels_are_given() -> None:
    said = {"probabilities": np.array([[0.4, 0.4], [0.5, 0.1]])}
    assert TASK.given(said).tolist() == [[False, True], [True, False]]
    assert Multilabel(("art", "law")).given(said).tolist() == [[False, False], [True, False]]
    other = TASK.adjusted(Decided(thresholds=(0.3, 0.3)))
    assert other.given(said).tolist() == [[True, True], [True, False]]
    assert TASK.given(other.decided(said)).tolist() == [[True, True], [True, False]]
    with pytest.raises(AssertionError):
        TASK.adjusted(Adjustment())


def test_baselines_have_thresholds_of_their_own(options_of: OptionsOf) -> None:
    data = prepare(options_of("list"))
    fitted = baselines.fitted(data.task, data.features, data.train, 0, data.validation)
    answers = {name: one(data.validation) for name, one in fitted.items()}
    for name, outputs in answers.items():
        at_half = {key: value for key, value in outputs.items() if key != GIVEN}
        best, half = (data.task.evaluate(data.validation.y, one)["macro_f1"] for one in (outputs, at_half))
        assert best > half, name
    assert answers["linear"]["probabilities"].shape == (len(data.validation), 4)


def test_a_label_that_the_training_rows_agree_in_is_answered_so(options_of: OptionsOf) -> None:
    data = prepare(options_of("list"))
    y = data.train.y.copy()
    y[:, 0], y[:, 1] = True, False
    fitted = baselines.fitted(data.task, data.features, Rows(data.train.arrays, y), 0)
    for name in ("linear", "hist_gradient_boosting"):
        found = fitted[name](data.test)["probabilities"]
        assert (found[:, 0] == 1).all()
        assert (found[:, 1] == 0).all()


def test_what_gives_one_label_away_is_warned_of(options_of: OptionsOf, tmp_path: Path) -> None:
    frame = pd.read_csv(options_of("columns").data.path)
    frame["show"] = np.where(frame["art"] == 1, frame["a"] + 10, frame["a"])
    frame["bill"] = np.where(frame["tax"] == 1, "sent", "not")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    data: Data = leakage.warned(prepare(Options.of(data=tmp_path / "rows.csv", target=LABELS)))
    said = [warning for warning in data.warnings if "alone predicts the target" in warning]
    assert {warning.split("`")[1] for warning in said} == {"show", "bill"}


# ── told ──


def test_the_target_and_the_baselines_are_described() -> None:
    y = np.array([[True, True], [True, False], [True, False], [False, False]])
    said = TASK.about_target(y)
    assert said == "A row has 1.00 labels on average, and none in 25.0%: `art` (75.0%), `law` (25.0%)."
    assert "thresholds of its own" in TASK.about_baselines()
    assert TASK.asked == "any of 2 labels"


def test_the_profile_counts_labels_and_rows_without() -> None:
    bins = TASK.bins({"probabilities": np.array([[0.9, 0.9], [0.9, 0], [0, 0]])})
    assert bins == {"kind": "labels", "values": ["art", "law"], "shares": [0.5, 0.25], "none": 0.25}


def test_reliability_goes_over_every_label_of_every_row_by_the_weight_of_the_row() -> None:
    said = np.array([[0.05, 0.95], [0.02, 0.7], [0.08, 0.9]], np.float32)
    y = np.array([[True, True], [False, True], [False, False]])
    task, weights = Multilabel(("a", "b")), np.array([2.0, 1.0, 1.0])
    found = task.account(Rows({}, y, weights), {"probabilities": said})["reliability"]
    assert found["of"] == "the probability of each label"
    np.testing.assert_allclose(found["bins"], [[0.05, 0.5, 3], [0.7, 1, 1], [0.9, 0, 1], [0.95, 1, 1]], atol=1e-6)


def test_mistakes_are_as_sure_as_their_surest_wrong_label() -> None:
    """`TASK` gives the first label from 0.5 on, the second from 0.2."""
    y = np.array([[True, False], [False, False], [True, True]])
    outputs = {OUTPUT: np.array([[0.9, 0.25], [0.125, 0.125], [0.25, 0.5]])}
    assert list(TASK.mistakes(y, outputs, 5)) == [
        Mistake(2, "art, law", "law", 0.75),
        Mistake(0, "art", "art, law", 0.25),
    ]
    assert TASK.mistakes(np.array([[False, False]]), {OUTPUT: np.array([[0.9, 0.1]])}, 5)[0].truth == "none"
