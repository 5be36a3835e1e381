from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers

from tests.training.features.text.test_meanings import answer
from tests.training.pretrained.small_folder import write_folder, write_safetensors
from training.errors import DataError
from training.features.encoder import Purpose
from training.features.text.column import described
from training.features.text.encoder import TextEncoder
from training.features.text.options import TextOptions
from training.features.text.readings import Reading, Readings

TEXTS = ("good tea", "bad tea ? !", "the teas", "tea is goodly good", "is tea very good ?")
PLACES = (0, 1)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> TextOptions:
    path = tmp_path_factory.mktemp("encoder")
    write_telling(path)
    return TextOptions(encoder=Path(path), vectors=Path(path), encoder_tokens=6)


@pytest.fixture(scope="module")
def reading(options: TextOptions) -> Reading:
    return Reading.of(TEXTS, options)


def write_telling(path: Path) -> None:
    """Write an encoder that says of texts what differs, and not mostly what is the same."""
    weights = write_folder(path)
    norms = {name: np.full_like(array, name.endswith("weight")) for name, array in weights.items() if "Norm" in name}
    write_safetensors(path / "model.safetensors", {name: 3 * array for name, array in weights.items()} | norms)


def tokens_of(*readings: Reading) -> Any:
    """Make rows whose texts differ from column to column."""
    found = np.empty((len(TEXTS), len(readings)), object)
    for place, each in enumerate(readings):
        found[:, place] = each.tokens(TEXTS[place:] + TEXTS[:place])
    return found


def test_texts_stand_around_those_of_training(reading: Reading) -> None:
    vectors = reading.vectors(reading.tokens(TEXTS))
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-6)
    assert np.square(vectors).sum(axis=1).mean() == pytest.approx(1, abs=1e-5)


def test_tokens_are_those_of_the_tokenizer_cut_between_its_marks(reading: Reading) -> None:
    """Good, tea: 4 and 6; [CLS] and [SEP]: 2 and 3."""
    assert [ids.tolist() for ids in reading.tokens(["good tea", "", "good " * 30])] == [
        [2, 4, 6, 3],
        [2, 3],
        [2, 4, 4, 4, 4, 3],
    ]
    assert reading.tokens(["tea"])[0].dtype == np.int32


def test_an_encoder_reads_no_more_than_it_can(options: TextOptions, tmp_path: Path) -> None:
    write_folder(tmp_path)  # of 24 positions
    assert Reading.of(TEXTS, TextOptions(encoder=tmp_path)).longest == 24
    assert Reading.of(TEXTS, options).longest == 6


def test_a_tokenizer_that_no_service_takes_is_refused_before_a_fit(options: TextOptions) -> None:
    with pytest.raises(
        DataError, match=r"tokenizer\.json.*--encoder-tokens.*: expected fewer than 2 marks.*Received: 2"
    ):
        Reading.of(TEXTS, TextOptions(encoder=options.encoder, encoder_tokens=2))


def test_a_service_is_told_how_to_make_the_same_tokens(reading: Reading) -> None:
    assert reading.manifest() == {"tensor": "text_tokens", "file": "tokenizer.json", "longest": 6, "padding": 0}
    assert reading.file() == (reading.path / "tokenizer.json").read_bytes()


def test_what_is_nearly_the_same_of_all_texts_tells_little(options: TextOptions, tmp_path: Path) -> None:
    alike = Reading.of(["good tea", "good tea"], options)
    other = alike.vectors(alike.tokens(["good tea"]))
    np.testing.assert_allclose(other, 0, atol=1e-4)
    assert alike.length == pytest.approx(0.05 * np.linalg.norm(alike.mean))


def test_without_a_text_there_is_nothing_to_stand_around(options: TextOptions) -> None:
    found = Reading.of([], options)
    assert np.isfinite(found.vectors(found.tokens(["good"]))).all()


def test_what_directions_say_is_the_same_before_and_behind(reading: Reading, options: TextOptions) -> None:
    other = Reading.of(TEXTS[:2], options)
    readings, tokens = Readings([reading, other], weight=0.3), tokens_of(reading, other)
    directions = np.random.default_rng(0).normal(size=(readings.width, 3)).astype(np.float32)
    kernel, bias = readings.behind(directions)
    unmoved = [
        (each.vectors(tokens[:, place]) * each.length + each.mean) for place, each in enumerate(readings.each)
    ]  # as the encoder gives them
    expected = readings.vectors(tokens) @ directions
    np.testing.assert_allclose(np.concatenate(unmoved, axis=1) @ kernel + bias, expected, atol=1e-4)
    assert np.abs(expected).max() > 0.1


@pytest.mark.parametrize("outputs", [2, 40])
@pytest.mark.parametrize("columns", [1, 2])
def test_what_is_served_says_what_was_fitted(options: TextOptions, columns: int, outputs: int) -> None:
    every = [described(f"text {place}", TEXTS, place, 0.0, options) for place in range(columns)]
    fitted, served = (TextEncoder([(None, every)], options, Purpose(way, outputs)) for way in (True, False))  # type: ignore[list-item]  # no type is asked
    model = keras.Model(fitted.raw, fitted.said)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.1, each.shape) for each in model.get_weights()])
    served.adopt(fitted)
    texts = np.array([TEXTS[place:] + TEXTS[:place] for place in range(columns)], object).T
    arrays = {"texts": texts, "text_tokens": tokens_of(*(column.reading for column in every if column.reading))}
    said = answer(model, fitted, arrays)
    np.testing.assert_allclose(served.front(arrays)["text_vector"], said, atol=1e-4)
    by_grams_alone = TextEncoder([(None, every)], options, Purpose(False, outputs))  # type: ignore[list-item]
    by_grams_alone._front = served._front
    assert np.abs(by_grams_alone.front(arrays)["text_vector"] - said).max() > 0.01


def test_a_tokenizer_whose_steps_the_service_refuses_is_refused_before_a_fit(tmp_path: Path) -> None:
    write_folder(tmp_path)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    tokenizer.normalizer = normalizers.Prepend("x" * 20)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(DataError, match=r"tokenizer\.json.*20 characters that its steps insert"):
        Reading.of(TEXTS, TextOptions(encoder=tmp_path))


def test_a_tokenizer_that_takes_no_strange_word_is_said_with_its_file(tmp_path: Path) -> None:
    write_folder(tmp_path)
    tokenizer = Tokenizer(models.WordLevel({"good": 0}, unk_token="[UNK]"))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(DataError, match=r"tokenizer\.json: expected a tokenizer of any text\. Received: .*UNK"):
        Reading.of(TEXTS, TextOptions(encoder=tmp_path))
