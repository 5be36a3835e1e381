"""Which script a text is in, which words it has, and that texts are looked at in portions."""

from collections import Counter

import pytest

from app.bins.characters import Characters, portions, scripts_of, word_spans, words_in

SCRIPTS = {
    "Not bad.": "latin",
    "Größe": "latin",
    "Это хорошо, OK": "cyrillic",
    "καλό": "greek",
    "很好 good": "latin",
    "这个酒店很好 ok": "han",
    "とても良いです": "kana",
    "좋아요": "hangul",
    "جيد جدا": "arabic",
    "טוב": "hebrew",
    "अच्छा": "devanagari",
    "ดีมาก": "thai",
    "ლამაზი": "other",
    "123 !? \U0001f680": "none",
    "": "none",
    " \x00": "none",
    "\U00020000": "han",
    "\U0010ffff": "none",
}


def test_a_text_is_of_the_script_of_most_of_its_letters() -> None:
    assert dict(zip(SCRIPTS, scripts_of(list(SCRIPTS)), strict=True)) == SCRIPTS
    assert scripts_of([]) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't panic, don't!", {"don't": 2, "panic": 1}),
        ("很好 good很", {"很": 2, "好": 1, "good": 1}),
        ("अच्छा snake_case x2", {"अच्छा": 1, "snake_case": 1, "x2": 1}),
        ("\U0001f680 ... ", {}),
        ("", {}),
    ],
)
def test_words_are_runs_of_letters_and_a_character_of_chinese_is_one(text: str, words: dict[str, int]) -> None:
    assert words_in([text]) == words


@pytest.mark.parametrize(
    "text", ["Don't  panic, 很好good!", "", " ", "a", "x2 अच्छा。。b", "\U0001f680a\U00020000\U00020000"]
)
def test_words_stand_where_they_are_found(text: str) -> None:
    spans = word_spans(text)
    assert Counter(text[start:stop].lower() for start, stop in spans) == words_in([text])
    assert spans == sorted(spans)


def test_words_do_not_cross_texts() -> None:
    assert words_in(["a b", "", "c"]) == {"a": 1, "b": 1, "c": 1}
    assert words_in([]) == {}


def test_a_share_is_of_the_text_it_belongs_to() -> None:
    found = Characters.of(["ab", "", "abcd"])
    assert found.shares(found.codes > ord("b")).tolist() == [0, 0, 0.5]


def test_portions_are_all_texts_in_order() -> None:
    texts = ["aaaa", "", "b", "cc", "ddddd", ""]
    cut = list(portions(texts, most=4))
    assert [text for some in cut for text in some] == texts
    assert len(cut) == 3
