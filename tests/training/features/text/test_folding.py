import unicodedata

import pytest

from training.features.text.folding import LETTER, OTHER, POINTS, SPACE, SURROGATES, UNKNOWN_POINT, classes, folds


@pytest.mark.parametrize(
    ("character", "folded"),
    [
        *(("A", "a"), ("\uff21", "a"), ("\u017f", "s"), ("É", "é"), ("\u03a3", "\u03c3")),
        *(("ｶ", "カ"), ("²", "2"), ("\u2019", "'"), ("“", '"')),
    ],
)
def test_ways_to_write_a_character_become_one(character: str, folded: str) -> None:
    assert chr(folds()[ord(character)]) == folded


@pytest.mark.parametrize("blank", list(" \t\n\r\x00\x02\x03\x7f\x85\u00a0\u2003\u2028\u3000"))
def test_blanks_and_control_characters_are_one_space(blank: str) -> None:
    assert chr(folds()[ord(blank)]) == " "


@pytest.mark.parametrize("several", ["ﬁ", "½", "㎏"])
def test_what_would_become_several_is_kept(several: str) -> None:
    assert chr(folds()[ord(several)]) == several


def test_folding_twice_changes_nothing() -> None:
    assert (folds()[folds()] == folds()).all()


def test_no_character_above_those_that_are_folded_has_another_form() -> None:
    assert all(
        unicodedata.normalize("NFKC", chr(point)).lower() == chr(point)
        for point in range(0x30000, POINTS)
        if unicodedata.category(chr(point)) != "Cn"
    )


def test_surrogates_are_no_characters() -> None:
    assert (folds()[SURROGATES] == UNKNOWN_POINT).all()


@pytest.mark.parametrize(("characters", "of"), [(" ", SPACE), ("aé9_'ا한\u0301", LETTER), ("你カひไ!-😀", OTHER)])
def test_what_a_character_is_to_a_word(characters: str, of: int) -> None:
    assert {int(classes()[ord(character)]) for character in characters} == {of}
