"""The metrics of several labels a row are those of scikit-learn, whatever the rows weigh."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from training.tasks.labels.weighted import BEST_AUC, by_label, metrics, ranking


def drawn(seed: int, labels: int = 4, rows: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Truths, given labels, scores with ties, and the weights of each row."""
    random = np.random.default_rng(seed)
    y = random.random((rows, labels)) < random.uniform(0.1, 0.6, labels)
    y[0], y[1] = True, False
    scores = (0.5 * random.random((rows, labels)) + 0.3 * y).round(1)
    return y, scores >= 0.4, scores, random.choice([0.0, 0.5, 1.0, 3.0], rows)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 6), st.booleans())
def test_they_are_those_of_scikit_learn(seed: int, labels: int, weighed: bool) -> None:
    y, said, scores, weights = drawn(seed, labels)
    weights[:2] = 1  # each label has a row with and one without
    each = weights if weighed else np.ones(len(y))
    found = {name: float(value) for name, (value,) in metrics(y, said, scores, each[None]).items()}
    kept = {"sample_weight": each}
    assert found == {
        "micro_f1": pytest.approx(sk.f1_score(y, said, average="micro", **kept)),
        "macro_f1": pytest.approx(sk.f1_score(y, said, average="macro", zero_division=0.0, **kept)),
        "exact": pytest.approx(sk.accuracy_score(y, said, **kept)),
        "roc_auc": pytest.approx(sk.roc_auc_score(y, scores, average="macro", **kept)),
        "pr_auc": pytest.approx(
            np.mean([sk.average_precision_score(y[:, at], scores[:, at], **kept) for at in range(labels)])
        ),
        "ranking": pytest.approx(sk.label_ranking_average_precision_score(y, scores, **kept)),
    }


def test_a_weighting_is_as_if_rows_came_so_often() -> None:
    y, said, scores, _ = drawn(1)
    counts = np.random.default_rng(2).integers(0, 3, (5, len(y))).astype(float)
    found = metrics(y, said, scores, counts)
    for time, row in enumerate(counts.astype(int)):
        rows = np.repeat(np.arange(len(y)), row)
        alone = metrics(y[rows], said[rows], scores[rows], np.ones((1, len(rows))))
        assert {name: values[time] for name, values in found.items()} == pytest.approx(
            {name: value for name, (value,) in alone.items()}
        )


@pytest.mark.parametrize("only", ["micro_f1", "roc_auc", "ranking"])
def test_others_may_be_left_out(only: str) -> None:
    y, said, scores, weights = drawn(3)
    assert metrics(y, said, scores, weights[None], only)[only] == metrics(y, said, scores, weights[None])[only]
    assert len(metrics(y, said, scores, weights[None], only)) < 6


def test_labels_that_no_row_has_and_no_row_was_given_count_in_no_mean() -> None:
    y, said, scores, _ = drawn(4, labels=3)
    y[:, 2] = said[:, 2] = False
    found, without = (metrics(y[:, :n], said[:, :n], scores[:, :n], np.ones((1, len(y)))) for n in (3, 2))
    for name in ("micro_f1", "macro_f1", "roc_auc", "pr_auc"):
        assert found[name] == without[name]
    nothing = np.zeros_like(y)
    empty = metrics(nothing, nothing, scores, np.ones((1, len(y))))
    assert [*empty["exact"], *empty["micro_f1"]] == [1.0, 0.0]
    assert np.isnan(empty["roc_auc"]).all()


def test_a_row_with_none_or_all_is_ranked_well() -> None:
    y = np.array([[False, False], [True, True], [False, True]])
    assert ranking(y, np.array([[0.1, 0.9], [0.1, 0.9], [0.9, 0.1]])).tolist() == [1, 1, 0.5]


def test_the_best_label_alone_is_looked_for_where_enough_rows_have_it() -> None:
    y = np.zeros((100, 3), bool)
    y[:50, 0] = y[::2, 1] = y[0, 2] = True
    scores = np.stack([np.linspace(1, 0, 100), np.full(100, 0.5), np.linspace(1, 0, 100)], axis=1)
    assert metrics(y, y, scores, np.ones((1, 100)), BEST_AUC)[BEST_AUC] == [1.0]
    assert metrics(y[:, 1:], y[:, 1:], scores[:, 1:], np.ones((1, 100)), BEST_AUC)[BEST_AUC] == [0.5]
    assert metrics(y[:, 2:], y[:, 2:], scores[:, 2:], np.ones((1, 100)), BEST_AUC)[BEST_AUC] == [0.0]


def test_each_label_is_judged() -> None:
    y, said, scores, weights = drawn(5)
    found = by_label(y, said, scores, weights[None])
    recall = sk.recall_score(y, said, average=None, sample_weight=weights)
    assert found["recall"] == pytest.approx(recall)
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(y, scores, average=None, sample_weight=weights))
    assert found["f1"] == pytest.approx(sk.f1_score(y, said, average=None, sample_weight=weights))
