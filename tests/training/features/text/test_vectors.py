from pathlib import Path

import numpy as np
import pytest

from tests.training.pretrained.small_folder import write_folder
from training.features.text import vectors as module
from training.features.text.characters import Characters
from training.features.text.hashing import OF_SINGLE_WORDS, hashes
from training.features.text.vectors import WordVectors, centred, own_words, vectors_of
from training.pretrained.folder import open_folder

TEXTS = ("Good tea, very good!", "the teas", "bad qqq")
CHARACTERS = Characters.of(TEXTS)


def key(word: str, place: int = 0) -> int:
    [value], _ = hashes([word], CHARACTERS, place, OF_SINGLE_WORDS)
    return int(value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_folder(tmp_path)
    return tmp_path


@pytest.fixture
def found(path: Path) -> WordVectors:
    keys, _ = hashes(TEXTS, CHARACTERS)
    return vectors_of(TEXTS, CHARACTERS, np.unique(keys), path)


def test_words_of_training_and_of_the_encoder_have_vectors_and_no_others(found: WordVectors) -> None:
    of_training = {key(word) for word in ("good", "tea", "very", "!", "the", "teas", "bad")}  # not "qqq", nor ","
    assert set(found.keys.tolist()) == of_training
    assert found.trained == len(of_training)
    assert np.all(np.diff(found.keys) > 0)


def test_own_words_of_an_encoder_are_those_written_in_characters_of_training(path: Path) -> None:
    folder = open_folder(path)
    assert set(own_words(folder, CHARACTERS).values()) == {"good", "bad", "tea", "the", "very", "!"}
    assert set(own_words(folder, Characters.of(["this? good"])).values()) == {"good", "is", "?"}


def test_words_that_are_not_among_the_keys_have_none_unless_they_are_the_encoders(path: Path) -> None:
    found = vectors_of(TEXTS, CHARACTERS, np.array([key("teas")]), path)
    assert found.trained == 1
    assert key("teas") in found.keys
    assert key("good") in found.keys


def test_keys_at_a_place_are_the_hashes_there(found: WordVectors) -> None:
    at = dict(zip(found.keys.tolist(), found.keys_at(2).tolist(), strict=True))
    assert {at[key(word)] for word in ("good", "teas")} == {key(word, 2) for word in ("good", "teas")}


def test_vectors_stand_around_those_of_training_along_the_directions_that_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_COLUMNS", 2)
    random = np.random.default_rng(0)
    flat = random.normal(size=(50, 2)) @ random.normal(size=(2, 5)) + 7
    vectors = np.concatenate([flat, random.normal(size=(9, 5))]).astype(np.float32)
    is_trained = np.arange(59) < 50
    found = centred(vectors, is_trained)
    assert found.shape == (59, 2)
    np.testing.assert_allclose(found[:50].mean(axis=0), 0, atol=1e-6)
    assert np.square(found[:50]).sum(axis=1).mean() == pytest.approx(1, abs=1e-5)
    there, kept = (np.linalg.norm(each[0] - each[1]) for each in (flat, found))  # distances within the plane stay
    apart, left = (np.linalg.norm(each[0] - each[2]) for each in (flat, found))
    assert kept / there == pytest.approx(left / apart, rel=1e-4)


def test_without_a_word_of_training_there_is_nothing_to_say() -> None:
    np.testing.assert_array_equal(centred(np.ones((3, 4), np.float32), np.zeros(3, bool)), np.zeros((3, 1)))


def test_words_are_read_once_however_often_they_are_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = np.unique(hashes(TEXTS, CHARACTERS)[0])
    first = vectors_of(TEXTS, CHARACTERS, keys, path)
    monkeypatch.setattr(module.opened(path).reader, "run", None)
    np.testing.assert_array_equal(vectors_of(TEXTS, CHARACTERS, keys, path).vectors, first.vectors)
