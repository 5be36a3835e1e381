import numpy as np
import pytest

from tests.training.features.text.odd import odd_strings
from training.features.text import hashing
from training.features.text.characters import Characters
from training.features.text.hashing import OF_CHARACTERS, OF_SINGLE_WORDS, OF_WORDS, hashes, named

TEXTS = ["Good film", "I don't like it.", "好电影 great", "", "   ", "a", "I'm"]
KNOWN = Characters.of([*TEXTS, "abcdefghijklmnopqrstuvwxyz"])


def strings(text: str) -> set[str]:
    """Return what is hashed of a text, in words."""
    values, _ = hashes([text], KNOWN)
    return set(named([text], KNOWN, values).values())


def test_n_grams_of_characters_stop_at_spaces_and_words_stand_alone_and_in_pairs() -> None:
    assert strings("Go on") == {" go", "go ", " go ", " on", "on ", " on ", "go", "on", "go on"}


def test_longer_words_have_n_grams_of_three_to_five_characters() -> None:
    assert strings("great") == {
        *(" gr", "gre", "rea", "eat", "at "),
        *(" gre", "grea", "reat", "eat "),
        *(" grea", "great", "reat "),
    }


def test_each_ideograph_and_each_punctuation_mark_is_a_word() -> None:
    assert {"好", "电", "影", "好电", "电影"} <= strings("好电影")
    assert {"don't", "!", "don't !"} <= strings("don't !")


def test_a_word_hashes_alike_wherever_it_stands() -> None:
    for text in ("film", "a film", "film.", "good  film\n"):
        assert "film" in named([text], KNOWN, hashes(["film"], KNOWN)[0]).values()


def test_letters_in_another_order_hash_otherwise() -> None:
    assert not set(hashes(["stop it"], KNOWN)[0]) & set(hashes(["pots ti"], KNOWN)[0])


@pytest.mark.parametrize("text", ["", "   ", "\x02\x03", "\t\n"])
def test_blanks_have_no_n_grams(text: str) -> None:
    values, splits = hashes([text], KNOWN)
    assert (values.tolist(), splits.tolist()) == ([], [0, 0])


def test_no_texts_have_no_n_grams() -> None:
    values, splits = hashes([], KNOWN)
    assert (values.tolist(), splits.tolist()) == ([], [0])


def test_kinds_can_be_asked_for_alone() -> None:
    def some(kinds: slice) -> set[str]:
        values, splits = hashes(["Good film"], KNOWN, kinds=kinds)
        assert splits.tolist() == [0, len(values)]
        return set(named(["Good film"], KNOWN, values).values())

    assert some(OF_SINGLE_WORDS) == {"good", "film"}
    assert some(OF_WORDS) == {"good", "film", "good film"}
    assert some(OF_CHARACTERS) | some(OF_WORDS) == strings("Good film")
    assert " good" in some(OF_CHARACTERS)
    assert "good film" not in some(OF_CHARACTERS)


def test_every_occurrence_counts() -> None:
    values, _ = hashes(["good good good"], KNOWN)
    assert max(np.unique(values, return_counts=True)[1]) == 3


def test_a_text_hashes_alike_in_any_company_and_over_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = odd_strings(300)
    characters = Characters.of(texts[:100])
    values, splits = hashes(texts, characters)
    monkeypatch.setattr(hashing, "CHUNK_CODES", 500)
    chunked, chunked_splits = hashes(texts, characters)
    assert np.array_equal(values, chunked)
    assert np.array_equal(splits, chunked_splits)
    for place, text in enumerate(texts):
        assert np.array_equal(hashes([text], characters)[0], values[splits[place] : splits[place + 1]])


def test_places_are_told_apart() -> None:
    here, there = (hashes(["good film"], KNOWN, place)[0] for place in (0, 1))
    assert not set(here) & set(there)
    assert len(here) == len(there)
    assert named(["good film"], KNOWN, there, place=1).keys() == set(there.tolist())


def test_hashes_have_31_bits_and_rarely_meet() -> None:
    words = [f"{one}{other}{third}" for one in "abcdefghij" for other in "klmnopqrst" for third in "uvwxyzabcd"]
    words = [word + word[::-1] + word for word in words]  # longer than n-grams of characters
    values, _ = hashes([" ".join(words)], KNOWN)
    assert 0 <= values.min() <= values.max() < 1 << 31
    assert len(named([" ".join(words)], KNOWN, values)) == len(np.unique(values))
    assert len(set(named([" ".join(words)], KNOWN, values).values()) & set(words)) == len(words)


def test_hashes_are_the_same_on_every_machine() -> None:
    assert hashes(["a"], KNOWN)[0].tolist() == [1316966409, 296209695]  # " a ", and the word
