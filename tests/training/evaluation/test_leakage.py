from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import options_for
from training.data.prepare import prepare
from training.evaluation.leakage import warned


def with_leak(frame: pd.DataFrame, target: str, leak: Any, folder: Path) -> tuple[str, ...]:
    path = folder / "leak.csv"
    frame.assign(leak=leak).to_csv(path, index=False)
    return warned(prepare(options_for(path, target))).warnings


@pytest.mark.parametrize("target", ["sold", "kind", "price"])
def test_an_honest_table_raises_no_suspicion(data_file: Path, target: str) -> None:
    assert warned(prepare(options_for(data_file, target))).warnings == ()


@pytest.mark.parametrize(
    ("target", "metric"), [("sold", "roc_auc 1.0000"), ("kind", "roc_auc 1.0000")], ids=["binary", "multiclass"]
)
def test_a_string_that_says_the_target_in_other_words_is_named(
    frame: pd.DataFrame, tmp_path: Path, target: str, metric: str
) -> None:
    words = dict(zip(frame[target].unique(), ["refunded", "shipped", "returned"], strict=False))
    (warning,) = with_leak(frame, target, frame[target].map(words), tmp_path)
    assert warning.startswith(f"`leak` alone predicts the target almost perfectly ({metric} on validation rows)")
    assert warning.endswith("--drop leak")


def test_a_number_that_follows_from_the_target_is_named(frame: pd.DataFrame, tmp_path: Path) -> None:
    tax = frame["price"] * 0.19 + np.random.default_rng(0).normal(0, 0.2, len(frame))
    (warning,) = with_leak(frame, "price", tax, tmp_path)
    assert "`leak`" in warning
    assert "r2 0.9" in warning


def test_a_number_that_32_bits_would_blur_is_named(frame: pd.DataFrame, tmp_path: Path) -> None:
    moment = 1_700_000_000_000 + np.arange(len(frame)) % 997 + 1000 * (frame["sold"] == "yes")
    (warning,) = with_leak(frame, "sold", moment, tmp_path)
    assert "`leak` alone" in warning


def test_that_a_cell_is_filled_at_all_can_tell(frame: pd.DataFrame, tmp_path: Path) -> None:
    lifeboat = pd.Series(np.arange(len(frame)) % 16 + 1).where(frame["sold"] == "yes")
    (warning,) = with_leak(frame, "sold", lifeboat, tmp_path)
    assert "`leak` alone" in warning


def test_a_strong_feature_is_none(frame: pd.DataFrame, tmp_path: Path) -> None:
    """Right nine times of ten, as a good feature may be."""
    wrong = np.random.default_rng(0).random(len(frame)) < 0.1
    assert with_leak(frame, "sold", np.where(wrong, "no", frame["sold"]), tmp_path) == ()
