import numpy as np
import pandas as pd
import pytest

from training.columns.summaries import (
    KEPT_TEXTS,
    CountedSummary,
    NumberSummary,
    Sample,
    Summary,
)
from training.columns.values import is_empty_text


def test_a_summary_of_pieces_is_that_of_the_whole() -> None:
    values = np.random.default_rng(1).lognormal(3, 2, 10_000)
    values[::7] = np.nan
    summary = NumberSummary()
    for piece in np.split(values, [10, 11, 5000]):
        summary.add(piece)
    assert (summary.rows, summary.present) == (10_000, int((~np.isnan(values)).sum()))
    assert summary.moments.mean == pytest.approx(np.nanmean(values))
    assert summary.moments.deviation == pytest.approx(np.nanstd(values))
    assert (summary.moments.minimum, summary.moments.maximum) == (np.nanmin(values), np.nanmax(values))
    assert not summary.is_whole


def test_a_summary_counts_missing_text() -> None:
    summary = Summary(is_empty_text)
    summary.add(np.array(["a", "", "b", ""], object))
    assert (summary.missing_share, summary.example) == (0.5, "a")


def test_counts_forget_the_rarer_texts_first() -> None:
    summary = CountedSummary()
    summary.add(np.array(["often"] * 9 + [""], object))
    for start in range(0, KEPT_TEXTS + 10_000, 10_000):
        summary.add(np.array([f"once {number}" for number in range(start, start + 10_000)], object))
    assert summary.counts["often"] == 9
    assert len(summary.counts) <= KEPT_TEXTS
    assert "" not in summary.counts


def test_a_sample_is_of_all_rows_alike_and_by_seed() -> None:
    frame = pd.DataFrame({"row": np.arange(50_000)})

    def drawn(seed: int) -> pd.Series:
        sample = Sample(5000, seed)
        for start in range(0, 50_000, 7000):
            sample.add(frame.iloc[start : start + 7000])
        assert sample.seen == 50_000
        return sample.frame["row"]

    rows = drawn(3)
    assert len(rows) == 5000
    assert rows.is_monotonic_increasing
    shares = np.histogram(rows, bins=5)[0] / 5000
    assert shares == pytest.approx(np.full(5, 0.2), abs=0.03)
    assert rows.equals(drawn(3))
    assert not rows.equals(drawn(4))


def test_a_sample_of_few_rows_has_all() -> None:
    sample = Sample(10, 0)
    sample.add(pd.DataFrame({"row": [1, 2]}))
    sample.add(pd.DataFrame({"row": [3]}))
    assert sample.frame["row"].tolist() == [1, 2, 3]
