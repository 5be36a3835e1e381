import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import values
from training.tasks.value.regression import Regression


def test_metrics_by_hand() -> None:
    found = Regression().evaluate(np.array([1.0, 2.0, 3.0]), values([[1.0], [2.0], [5.0]]))
    assert found["mae"] == pytest.approx(2 / 3)
    assert found["rmse"] == pytest.approx((4 / 3) ** 0.5)
    assert found["r2"] == pytest.approx(-1.0)


def test_the_last_layer_undoes_the_scaling() -> None:
    y = np.array([100.0, 200.0, 600.0])
    task = Regression().fit_to(y)
    scaled = task.scaled(y)
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(task.finish(scaled[:, None]).numpy()[:, 0], y, rtol=1e-6)


def test_a_target_that_32_bits_would_blur_is_answered_in_doubles() -> None:
    y = 1.7e12 + np.arange(100.0)
    task = Regression().fit_to(y)
    assert task.outputs[0].dtype == "float64"
    answers = task.finish(task.scaled(y)[:, None]).numpy()
    np.testing.assert_allclose(answers[:, 0] - 1.7e12, np.arange(100), atol=1e-2)
    assert task.trivial(1)["value"][0, 0] == y.mean()
    assert Regression().fit_to(y - 1.7e12).outputs[0].dtype == "float32"


def test_the_mean_explains_nothing() -> None:
    y = np.array([1.0, 2.0, 6.0])
    task = Regression().fit_to(y)
    assert task.evaluate(y, task.trivial(3))["r2"] == pytest.approx(0)


def test_text_numbers_are_numbers() -> None:
    assert Regression().encode(pd.Series(["1.5", "2"])).tolist() == [1.5, 2.0]
