import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from training.calibration.threshold import METRICS, best_threshold

JUDGES = {
    "f1": metrics.f1_score,
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
}


@pytest.mark.parametrize("metric", METRICS)
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000))
def test_no_other_threshold_is_better(metric: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    y = np.append(random.integers(0, 2, 40), [0, 1])
    probabilities = np.clip(0.3 * y + random.random(42).round(1) * 0.6, 0.01, 0.99)
    threshold, before, after = best_threshold(metric, y, probabilities)  # type: ignore[arg-type]
    judge = JUDGES[metric]
    assert after == pytest.approx(judge(y, probabilities >= threshold))
    assert before == pytest.approx(judge(y, probabilities >= 0.5))
    cuts = [*np.unique(probabilities), 1.0]  # whatever lies between two of them decides as one of them does
    every = [judge(y, probabilities >= other) for other in cuts]
    assert after >= max(every) - 1e-12


def test_a_rare_label_gets_a_low_threshold_for_f1() -> None:
    random = np.random.default_rng(0)
    y = (random.random(2000) < 0.1).astype(np.int64)
    probabilities = np.where(y == 1, 0.15 + 0.2 * random.random(2000), 0.2 * random.random(2000))
    threshold, before, after = best_threshold("f1", y, probabilities)
    assert 0.1 < threshold < 0.25
    assert before == 0
    assert after > 0.7
