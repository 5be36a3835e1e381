import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from tests.training.pretrained.small_folder import WORDS, write_folder
from training.errors import DataError
from training.pretrained.tokens import Tokens


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    write_folder(tmp_path)
    return Tokens(tmp_path / "tokenizer.json", longest=6)


def test_texts_are_read_between_marks_and_cut_to_what_the_encoder_can_read(tokens: Tokens) -> None:
    first, second = tokens.ids(["Good tea!", "the tea is very very good"])
    assert first == [2, 4, 6, 12, 3]
    assert second == [2, 7, 6, 8, 9, 3]


def test_whole_words_are_the_tokens_that_stand_alone(tokens: Tokens) -> None:
    assert set(tokens.whole_words) == {word for word in WORDS if not word.startswith("##")}


def test_a_word_is_read_as_it_stands_in_a_text(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.BPE({"a": 0, "b": 1, "Ġ": 2, "Ġa": 3, "Ġab": 4}, [("Ġ", "a"), ("Ġa", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    tokens = Tokens(tmp_path / "tokenizer.json", longest=6)
    assert tokens.word_ids(["ab", "b"]) == [[4], [1]]
    assert tokens.whole_words == ("a", "b", "ab")  # in the order of their tokens


def test_without_the_library_the_message_says_which_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(DataError, match=r"expected the extra `text`"):
        Tokens(tmp_path / "tokenizer.json", longest=6)


def test_a_tokenizer_that_takes_no_strange_word_is_said_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    Tokenizer(models.WordLevel({"good": 0}, unk_token="[UNK]")).save(str(path))
    with pytest.raises(DataError, match=r"tokenizer\.json: expected a tokenizer of any text\. Received: .*UNK"):
        Tokens(path, longest=6).ids(["good tea"])
