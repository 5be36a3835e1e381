"""Opponents that read texts: what they find, what is chosen for them, and how much they read."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.training.features.described import described
from training.columns.arrays import Arrays, Rows
from training.evaluation.baselines import TRIVIAL, fitted, reference, standing, texts
from training.features.base import Tabular
from training.features.category.category import TENSOR, Category
from training.features.features import Features, Group
from training.tasks.base import Task
from training.tasks.label.classification import Classification
from training.tasks.labels.multilabel import Multilabel
from training.tasks.parts import BOOSTING, LINEAR, TFIDF_LINEAR, TFIDF_SVM
from training.tasks.value.regression import Regression

GOOD, BAD, REST = ("lovely", "great", "warm"), ("awful", "cold", "broken"), ("the", "room", "was", "it", "and", "我")
TWO, THREE = Classification(("bad", "good")), Classification(("bad", "good", "mixed"))


class Written(Category):
    """Cells as a category keeps them, which opponents read word by word."""

    def tabular(self, column: Any, arrays: Arrays) -> Tabular:
        return Tabular.of(texts=arrays[TENSOR])


def reviews(rows: int, seed: int = 0) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.float64]]:
    """Return texts of six words, how many of them are good, and a price that has nothing to do with them."""
    random = np.random.default_rng(seed)
    good = random.integers(0, 4, rows)
    said = [
        " ".join(random.permutation([*random.choice(GOOD, n), *random.choice(BAD, 3 - n), *random.choice(REST, 3)]))
        for n in good
    ]
    price = random.normal(100, 30, rows)
    return pd.DataFrame({"review": said, "price": price}), good, price


def features_of(cells: pd.DataFrame, *, beside: bool) -> Features:
    """Describe the review as written, alone or beside the price."""
    found = described(cells, {"review": "category", **({"price": "number"} if beside else {})})
    groups = (Group(Written(), group.columns) if group.type.name == "category" else group for group in found.groups)
    return Features(found.order, tuple(groups))


def split(features: Features, cells: pd.DataFrame, y: NDArray[Any]) -> tuple[Rows, Rows, Rows]:
    arrays = features.arrays(cells)
    whole = Rows(arrays, y)
    return whole.take(slice(300)), whole.take(slice(300, 400)), whole.take(slice(400, None))


def score(task: Task, answers: Any, rows: Rows) -> float:
    return task.evaluate(rows.y, answers)[task.main_metric]


@pytest.mark.parametrize(
    ("task", "target"),
    [
        (TWO, lambda good, _: (good > 1).astype(np.int64)),
        (THREE, lambda good, _: np.select([good == 0, good == 3], [0, 1], 2)),
        (Multilabel(("any", "all")), lambda good, _: np.column_stack([good > 0, good == 3])),
        (Regression(), lambda good, _: good.astype(np.float64)),
    ],
    ids=["binary", "multiclass", "labels", "value"],
)
def test_they_find_the_words_that_say_the_target(task: Task, target: Any) -> None:
    cells, good, price = reviews(500)
    features = features_of(cells, beside=False)
    train, validation, test = split(features, cells, target(good, price))
    found = fitted(task.fit_to(train.y), features, train, 0, validation)
    assert next(iter(found)) == TRIVIAL
    assert LINEAR not in found
    assert BOOSTING not in found  # there is nothing but texts
    for name in set(found) - {TRIVIAL}:
        assert score(task, found[name](test), test) > 0.9, name
        assert "strength" in found[name].said
    if not isinstance(task, Regression):
        assert list(found) == [TRIVIAL, TFIDF_SVM, TFIDF_LINEAR]
        np.testing.assert_array_less(-1e-9, found[TFIDF_SVM](test)["probabilities"])
        np.testing.assert_array_less(found[TFIDF_SVM](test)["probabilities"], 1 + 1e-9)


def test_columns_beside_the_texts_are_read_too() -> None:
    cells, good, price = reviews(500)
    y = good + (price - 100) / 30
    alone, beside = features_of(cells, beside=False), features_of(cells, beside=True)
    task = Regression().fit_to(y)
    r2 = {}
    for name, features in (("alone", alone), ("beside", beside)):
        train, validation, test = split(features, cells, y)
        r2[name] = score(task, fitted(task, features, train, 0, validation)[TFIDF_LINEAR](test), test)
    assert r2["beside"] > 0.95 > r2["alone"] + 0.2
    train, _, test = split(beside, cells, y)
    there = fitted(task, beside, train, 0)
    assert list(there) == [TRIVIAL, BOOSTING, TFIDF_LINEAR]  # boosting reads the price alone
    assert score(task, there[BOOSTING](test), test) < r2["alone"]


def test_labels_that_the_training_rows_lack_get_zeros() -> None:
    cells, good, _ = reviews(500)
    features = features_of(cells, beside=False)
    train, _, test = split(features, cells, (good > 1).astype(np.int64))
    for name in (TFIDF_SVM, TFIDF_LINEAR):
        answers = fitted(THREE, features, train, 0)[name](test)["probabilities"]
        assert not answers[:, 2].any()
        np.testing.assert_allclose(answers.sum(axis=1), 1)


def test_weights_move_them() -> None:
    cells, good, _ = reviews(500)
    features = features_of(cells, beside=False)
    train, _, test = split(features, cells, (good > 1).astype(np.int64))
    heavy = Rows(train.arrays, train.y, np.where(train.y == 1, 50.0, 1.0))
    for name in (TFIDF_SVM, TFIDF_LINEAR):
        plain, moved = (fitted(TWO, features, each, 0)[name](test)["probabilities"] for each in (train, heavy))
        assert moved[:, 1].mean() > plain[:, 1].mean() + 0.02


def test_more_rows_than_the_bound_are_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    cells, good, _ = reviews(500)
    features = features_of(cells, beside=False)
    train, validation, _ = split(features, cells, (good > 1).astype(np.int64))
    whole = fitted(TWO, features, train, 0, validation)[TFIDF_LINEAR].said
    assert "rows" not in whole
    characters = sum(map(len, cells["review"][:300]))
    for bound in (texts.Bound(2 * 150, 10**9), texts.Bound(10**9, characters // 2)):
        monkeypatch.setattr(texts, "FITTED_ON", bound)
        said = fitted(TWO, features, train, 0, validation)[TFIDF_LINEAR].said
        assert said.endswith(("fitted on 150 of 300 rows", "fitted on 149 of 300 rows"))


def test_the_strength_is_climbed_while_it_is_better() -> None:
    (opponent,) = (one for one in TWO.opponents if one.name == TFIDF_LINEAR)
    for best in opponent.strengths:
        asked: list[float] = []

        def score(choice: texts.Choice, best: float = best, asked: list[float] = asked) -> float:
            asked.append(choice.strength)
            return -abs(float(np.log(choice.strength / best)))

        assert texts._climbed(opponent, ("words",), score).strength == best
    assert texts._climbed(opponent, ("words",), lambda _: 0.0).strength == texts.middle(opponent.strengths)


def test_texts_without_any_word_or_letter_do_not_end_it() -> None:
    cells = pd.DataFrame({"review": ["", "…", "!!", ""] * 30})
    features = features_of(cells, beside=False)
    rows = Rows(features.arrays(cells), np.tile([0, 1], 60))
    for name in (TFIDF_SVM, TFIDF_LINEAR):
        assert np.isfinite(fitted(TWO, features, rows, 0, rows)[name](rows)["probabilities"]).all()


def test_the_strongest_stands_for_all_where_one_is_asked() -> None:
    cells, good, _ = reviews(500)
    features = features_of(cells, beside=True)
    train, _, test = split(features, cells, (good > 1).astype(np.int64))
    *others, strongest = standing(TWO, features, train)
    assert [one.name for one in (*others, strongest)] == [BOOSTING, TFIDF_SVM, TFIDF_LINEAR]
    assert score(TWO, reference(strongest, TWO, features, train, 0)(test), test) > 0.95


def test_columns_of_texts_are_read_by_them() -> None:
    cells, good, _ = reviews(200)
    found = described(cells, {"review": "text", "price": "number"})
    rows = Rows(found.arrays(cells), (good > 1).astype(np.int64))
    assert [one.name for one in standing(TWO, found, rows)] == [BOOSTING, TFIDF_SVM, TFIDF_LINEAR]
    assert found.table(rows.arrays).texts[:, 0].tolist() == cells["review"].tolist()
