from collections.abc import Sequence

import numpy as np
import pytest

from training.columns.arrays import Arrays
from training.features.encoder import Purpose
from training.features.text.column import TextColumn, described
from training.features.text.encoder import IDS, SAID, SHARES, TextEncoder
from training.features.text.options import TextOptions
from training.network.tensors import tensor_of

TEXTS = ["a good film", "not a good film at all", "", "坏电影 bad", "good good GOOD", "never 🤷 seen"]
OPTIONS = TextOptions()


def column(place: int, options: TextOptions = OPTIONS) -> TextColumn:
    return described(f"text {place}", TEXTS[:5], place, 0.0, options)


def encoders(columns: Sequence[TextColumn], width: int) -> tuple[TextEncoder, TextEncoder]:
    """One that is fitted, with weights by chance, and the one that is served in its place."""
    fitted, served = (TextEncoder([(None, columns)], OPTIONS, Purpose(way, width)) for way in (True, False))  # type: ignore[list-item]  # no type is asked
    random = np.random.default_rng(0)
    assert fitted._bag is not None
    fitted._bag.set_weights([random.normal(size=each.shape) for each in fitted._bag.get_weights()])
    served.adopt(fitted)
    return fitted, served


def rows(columns: int) -> Arrays:
    return {"texts": np.array([TEXTS[place:] + TEXTS[:place] for place in range(columns)], object).T}


@pytest.mark.parametrize(("columns", "width"), [(1, 1), (1, 3), (2, 2), (1, 40)])
def test_what_is_served_says_what_was_fitted(columns: int, width: int) -> None:
    fitted, served = encoders([column(place) for place in range(columns)], width)
    raw = fitted.front(rows(columns))
    said = fitted._bag([tensor_of(raw[IDS]), tensor_of(raw[SHARES])]).numpy()  # type: ignore[misc]  # it is there
    np.testing.assert_allclose(served.front(rows(columns))[SAID], said, atol=1e-4 * np.abs(said).max())


def test_each_text_has_unit_length() -> None:
    fitted, _ = encoders([column(0)], 1)
    shares = fitted.front(rows(1))[SHARES]
    ids = fitted.front(rows(1))[IDS]
    for row, text in enumerate(TEXTS):
        weights = fitted.grams.weights[ids[[row]].values]
        assert np.linalg.norm(weights) * shares[[row]].values == pytest.approx(weights), text


def test_only_the_most_frequent_n_grams_are_kept() -> None:
    every, few = column(0), column(0, TextOptions(max_grams=20))
    assert len(few.keys) == 20 < len(every.keys)
    assert few.rows_with.min() >= np.sort(every.rows_with)[-20]
    assert np.all(np.diff(every.keys) > 0)


def test_words_count_more_than_stretches_of_characters() -> None:
    found = column(0)
    alike = found.rows_with == found.rows_with.min()
    assert found.weights[alike & found.of_words].min() == 2 * found.weights[alike & ~found.of_words].max()
    assert found.texts == 4


def moved(flatness: float, columns: int = 1) -> tuple[float, float]:
    """The rate and the penalty of the n-grams."""
    every = [column(place) for place in range(columns)]
    bag = TextEncoder([(None, every)], OPTIONS, Purpose(True, 10, flatness))._bag  # type: ignore[list-item]  # no type is asked
    assert bag is not None
    (found,) = bag.own_rates.values()
    return found


@pytest.mark.parametrize("flatness", [10, 1 / 8])
def test_n_grams_move_as_far_as_the_loss_lets_them(flatness: float) -> None:
    (rate, penalty), (its_rate, its_penalty) = moved(1), moved(flatness)
    assert its_rate == pytest.approx(flatness * rate)
    assert its_rate * its_penalty == pytest.approx(rate * penalty)


def test_those_of_several_columns_are_not_moved_past_where_they_should_be() -> None:
    assert moved(1, columns=3)[0] == pytest.approx(moved(1)[0] / 3)


def test_an_encoder_behind_whose_vector_a_network_of_its_own_stands_says_nothing() -> None:
    fitted = TextEncoder([(None, [column(0)])], OPTIONS, Purpose(True, 0))  # type: ignore[list-item]  # no type is asked
    assert fitted.said is None
    assert fitted.vector is not None
    assert fitted.width == fitted.vector.shape[-1]
