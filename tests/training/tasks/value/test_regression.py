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


def test_the_mean_explains_nothing() -> None:
    y = np.array([1.0, 2.0, 6.0])
    task = Regression().fit_to(y)
    assert task.evaluate(y, task.trivial(3))["r2"] == pytest.approx(0)


def test_text_numbers_are_numbers() -> None:
    assert Regression().encode(pd.Series(["1.5", "2"])).tolist() == [1.5, 2.0]
