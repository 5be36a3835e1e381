import numpy as np
import pytest

from tests.training.conftest import values
from training.columns.arrays import Rows
from training.tasks.value import residuals
from training.tasks.value.regression import Regression

ERRORS = np.random.default_rng(0).normal(2, 1, 5000)  # answers are too low by two


def test_a_band_around_answers_holds_the_truth_of_so_many_rows() -> None:
    found = residuals.facts(ERRORS)
    assert (found["level"], found["rows"]) == (0.95, 5000)
    assert np.mean(np.abs(ERRORS) <= found["half_width"]) == pytest.approx(0.95, abs=2e-4)
    assert np.mean(np.abs(ERRORS) <= found["half_width"]) >= 0.95
    for share, quantile in found["quantiles"].items():
        assert np.mean(quantile >= ERRORS) == pytest.approx(float(share), abs=2e-4)
    assert found["quantiles"]["0.5"] == pytest.approx(2, abs=0.05)


def test_rows_count_by_their_weights() -> None:
    errors, times = ERRORS[:300], np.random.default_rng(1).integers(0, 4, 300)
    one, other = residuals.facts(errors, times.astype(float)), residuals.facts(np.repeat(errors, times))
    assert {**one, "rows": 0} == {**other, "rows": 0}


def test_the_task_says_how_far_the_truth_lies_above_its_answer() -> None:
    rows, outputs = Rows({}, ERRORS + 10), values(np.full((5000, 1), 10.0))
    found = Regression().account(rows, outputs)["residuals"]
    assert found["quantiles"] == pytest.approx(residuals.facts(ERRORS)["quantiles"])
    (said,) = Regression().sections(rows, outputs)
    assert said.startswith(f"In 95% of the test rows the truth is within ±{found['half_width']:.4f} of the answer; ")
