import numpy as np

from training.features.text.characters import CLASSES, HASHED, MARK, PADDING, Characters, folded_points

HELLO = Characters.of(["Hello, Wörld", "你好"])


def test_every_way_to_write_a_character_that_was_seen_is_known() -> None:
    # the third is written in full width
    codes, _ = HELLO.codes(["hello", "HELLO", "\uff48\uff25llo"])
    assert np.array_equal(codes[0:7], codes[7:14])
    assert np.array_equal(codes[0:7], codes[14:21])


def test_characters_that_were_not_seen_are_all_alike() -> None:
    codes, splits = HELLO.codes(["Z", "😀", "\ud800"])
    assert codes[splits[:-1] + 1].tolist() == [HELLO.unknown] * 3


def test_each_text_stands_between_marks_that_hash_as_spaces() -> None:
    codes, splits = HELLO.codes(["he", "", " "])
    assert splits.tolist() == [0, 4, 6, 9]
    assert codes[[0, 3, 4, 5, 6, 8]].tolist() == [MARK] * 6
    assert MARK & HASHED == 0
    assert codes[7] == 0  # a space


def test_the_mapping_for_the_graph_gives_the_same_codes() -> None:
    mapping = HELLO.mapping()
    text = "Hello, Wörld 你好\x02\x03\t\xa0"
    codes, _ = HELLO.codes([text])
    assert [mapping[character] for character in text] == codes[1:-1].tolist()
    assert mapping[""] == PADDING
    assert min(code for character, code in mapping.items() if character) >= 0


def test_characters_that_differ_when_folded_hash_otherwise() -> None:
    codes, _ = HELLO.codes(["helo,wörld你好 "])
    assert len(set(codes[1:-1] & HASHED)) == 12
    assert (codes & CLASSES).max() == MARK


def test_equal_by_value_and_joined() -> None:
    assert Characters.of(["ab"]) == Characters.of(["BA", "a"])
    assert Characters.of(["ab"]).joined(Characters.of(["c"])) == Characters.of(["abc"])
    assert Characters.of([]).codes([])[0].size == 0


def test_folded_points_stand_where_the_codes_do() -> None:
    assert "".join(map(chr, folded_points(["Hé", ""]))) == " hé   "
