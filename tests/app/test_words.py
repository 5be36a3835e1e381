"""Words: which word of a vocabulary is meant by what a caller sent."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from app.words import Vocabulary, composed

COMPOSED, DECOMPOSED = "Zürich", "Zu\u0308rich"
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def test_what_is_known_as_sent_is_never_changed() -> None:
    known = Vocabulary([" low", "low", DECOMPOSED, COMPOSED])
    assert [known.meant(word) for word in (" low", "low", DECOMPOSED)] == [" low", "low", DECOMPOSED]


def test_a_word_is_stripped_and_composed_where_only_that_is_known() -> None:
    known = Vocabulary([COMPOSED])
    assert known.meant(f"\u00a0{DECOMPOSED} ") == COMPOSED
    assert known.meant("Zurich") == "Zurich"


def test_spaces_alone_are_an_unknown_word_and_no_missing_one() -> None:
    assert Vocabulary([""]).meant("") == ""
    assert Vocabulary(["low"]).meant("  ") == "  "
    assert Vocabulary([]).meant(" low ") == " low "


def test_the_longest_decomposition_of_a_word_is_still_known() -> None:
    word = "\u1f82" * 3  # each is four characters when it is decomposed
    assert Vocabulary([word]).meant(unicodedata.normalize("NFD", word)) == word


@given(st.lists(words), words)
def test_what_a_text_file_would_make_of_a_word_is_what_is_meant(vocabulary: list[str], word: str) -> None:
    clean = unicodedata.normalize("NFC", word.strip())
    known = {*vocabulary, *composed(vocabulary)}
    assert Vocabulary(known).meant(word) == (word if word in known or clean not in known else clean)
    assert all(Vocabulary(known).meant(usual) == usual for usual in composed(known))
