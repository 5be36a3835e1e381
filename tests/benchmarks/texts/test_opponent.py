"""The opponent of the page of texts: what is chosen for it, and that it is kept by its rows."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.texts import opponent
from benchmarks.texts.opponent import KINDS, STRENGTHS, chosen, digest, fitted, metrics_of
from tests.training.evaluation.baselines.test_texts import reviews
from training.columns.arrays import Rows
from training.data.prepare import Data, prepare
from training.options import Options
from training.tasks.label.classification import Classification


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    cells, good, _ = reviews(300)
    path = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    cells.assign(label=np.where(good > 1, "good", "bad")).drop(columns="price").to_csv(path, index=False)
    return prepare(Options.of(data=path, target="label", type=("review=text",)))


@pytest.mark.parametrize("best", STRENGTHS)
def test_n_grams_are_chosen_first_and_then_how_strongly(best: float) -> None:
    def score(kinds: tuple[str, ...], strength: float) -> float:
        return KINDS.index(kinds) - abs(float(np.log(strength / best)))

    assert chosen(score) == (KINDS[-1], best)


def test_it_finds_the_words_and_is_kept_by_its_rows(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = fitted(data, "macro_f1", tmp_path)
    assert found.metrics["macro_f1"] > 0.9
    assert found.pickle_bytes > 1000
    monkeypatch.setattr(opponent, "_fitted", None)  # nothing is fitted again
    assert fitted(data, "macro_f1", tmp_path) == found
    with pytest.raises(TypeError, match="not callable"):
        fitted(data, "accuracy", tmp_path)
    assert digest(data, "accuracy") != digest(data, "macro_f1")


def test_the_mean_f1_of_two_labels_counts_both() -> None:
    rows = Rows({}, np.array([0, 0, 0, 1]))
    outputs = {"probabilities": np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)}
    found = metrics_of(Classification(("ham", "spam")), rows, outputs)
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["f1"] == pytest.approx(2 / 3)
