from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.training.pretrained.small_folder import write_folder
from training.columns.arrays import Arrays, Ragged
from training.features.encoder import Purpose
from training.features.text.column import TextColumn, described
from training.features.text.encoder import TextEncoder
from training.features.text.hashing import OF_SINGLE_WORDS, hashes
from training.features.text.meanings import Meanings
from training.features.text.options import TextOptions
from training.network.tensors import tensor_of

TEXTS = ("good tea", "bad tea ? !", "thesis teas", "tea is goodly good")
ROWS = np.array([[text, other] for text, other in zip(TEXTS, ("", "bad", "good good", "tea"), strict=True)], object)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> TextOptions:
    path = tmp_path_factory.mktemp("encoder")
    write_folder(path)
    return TextOptions(vectors=Path(path))


@pytest.fixture(scope="module")
def columns(options: TextOptions) -> tuple[TextColumn, ...]:
    return tuple(described(name, TEXTS[: 4 - place], place, 0.0, options) for place, name in enumerate("ab"))


def key(column: TextColumn, word: str) -> int:
    [value], _ = hashes([word], column.characters, column.place, OF_SINGLE_WORDS)
    return int(value)


def test_a_column_knows_words_that_no_training_text_holds(columns: tuple[TextColumn, ...]) -> None:
    column = columns[1]  # its texts are without "is", but have its letters
    place = np.searchsorted(column.keys, key(column, "is"))
    assert column.keys[place] == key(column, "is")
    assert column.rows_with[place] == 0
    assert column.of_words[place]
    assert column.weights[place] == pytest.approx(2 * (np.log(1 + column.texts) + 1))
    assert np.all(np.diff(column.keys) > 0)


def test_what_vectors_say_is_the_same_summed_before_and_after(columns: tuple[TextColumn, ...]) -> None:
    keys = np.unique(np.concatenate([column.keys for column in columns]))
    meanings = Meanings(keys, columns, weight=2.0)
    random = np.random.default_rng(0)
    splits = np.array([0, 30, 30, 70, 200])
    ids = Ragged(random.integers(0, len(keys), 200).astype(np.int32), splits)
    shares = Ragged(random.random(200).astype(np.float32), splits)
    directions = random.normal(size=(meanings.width, 3)).astype(np.float32)
    table = random.normal(size=(len(keys), 3)).astype(np.float32)
    before = [
        shares.values[start:end] @ table[ids.values[start:end]] for start, end in pairwise(splits)
    ] + meanings.summed(ids, shares) @ directions
    folded = meanings.added(table, directions)
    after = [shares.values[start:end] @ folded[ids.values[start:end]] for start, end in pairwise(splits)]
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)
    assert meanings.width == sum(column.vectors.vectors.shape[1] for column in columns if column.vectors)
    assert not np.array_equal(folded, table)


def test_without_vectors_a_table_is_as_it_is() -> None:
    column = described("a", TEXTS, 0, 0.0, TextOptions())
    meanings = Meanings(column.keys, [column], weight=1.5)
    assert meanings.width == 0
    table = np.ones((len(column.keys), 2), np.float32)
    np.testing.assert_array_equal(meanings.added(table, np.zeros((0, 2), np.float32)), table)


@pytest.mark.parametrize("outputs", [2, 40])
def test_the_served_front_says_what_the_fitted_network_says(
    columns: tuple[TextColumn, ...], options: TextOptions, outputs: int
) -> None:
    fitted = TextEncoder([(None, columns)], options, Purpose(True, outputs))  # type: ignore[list-item]
    model = keras.Model(fitted.raw, fitted.said)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.1, each.shape) for each in model.get_weights()])
    served = TextEncoder([(None, columns)], options, Purpose(False, outputs))  # type: ignore[list-item]
    served.adopt(fitted)
    arrays: Arrays = {"texts": np.concatenate([ROWS, [["is", "very strange"], ["", ""]]])}
    assert not served.raw[0].ragged
    said = answer(model, fitted, arrays)
    np.testing.assert_allclose(served.front(arrays)["text_vector"], said, atol=1e-5)
    assert np.abs(said[4]).max() > 0.01


def answer(model: Any, encoder: TextEncoder, arrays: Arrays) -> Any:
    raw = encoder.front(arrays)
    return model([tensor_of(raw[tensor.name]) for tensor in encoder.raw]).numpy()
