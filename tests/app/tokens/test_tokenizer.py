"""A tokenizer: what it makes of texts, and files and texts that would harm who opens them."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as Library

from app.errors import InvalidInput
from app.tokens.tokenizer import Tokenizer
from tests.support import encoded

ODD = [
    "",
    " ",
    "\x00",
    "\x00good\x00",
    "\U0001f469\u200d\U0001f680",
    "Zu\u0308rich\u202e\u0301",
    "\ufffe",
    "很好",
    "[PAD]",
]

CLS = {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}
SPLIT = {"type": "Split", "behavior": "Isolated", "invert": False}
NESTED = b'{"type":"Sequence","normalizers":[' * 10_000
WORD_PIECE = {"type": "WordPiece", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}


def content(padding: int = 0, **change: Any) -> bytes:
    return json.dumps(json.loads(encoded.tokenizer(padding).to_str()) | change).encode()


@pytest.mark.parametrize("padding", [0, 1, 2])
def test_a_text_stands_between_marks_and_is_cut_and_0_is_padding(padding: int) -> None:
    """What the file itself says of padding and of cutting does not count."""
    found = Tokenizer(content(padding), 6, padding).ids(["good film", "a good long film not bad", "[PAD]", ""])
    library = encoded.tokenizer(padding)
    library.no_padding()
    library.enable_truncation(6)
    swapped = {0: padding, padding: 0}
    expected = [library.encode(text).ids for text in ("good film", "a good long film not bad", "[PAD]", "")]
    assert [ids.tolist() for ids in found] == [[swapped.get(each, each) for each in ids] for ids in expected]
    assert [len(ids) for ids in found] == [4, 6, 3, 2]
    assert found[2].tolist()[1] == 0
    assert {ids.dtype.name for ids in found} == {"int32"}


def test_any_text_has_tokens_alone_and_in_company() -> None:
    tokenizer = Tokenizer(content(), 300)
    texts = [*ODD, "good " * 2000, "\U0001f680" * 10_000]
    together = [ids.tolist() for ids in tokenizer.ids(texts)]
    assert together == [tokenizer.ids([text])[0].tolist() for text in texts]
    assert max(map(len, together)) == 300


def greedy() -> Any:
    """Return one with a pattern that goes back and forth: it gives up after ten million steps, by a panic."""
    library = encoded.tokenizer()
    library.pre_tokenizer = pre_tokenizers.Split(Regex("(a+)+b"), "isolated")
    return library


def test_a_text_that_the_tokenizer_fails_on_is_named() -> None:
    tokenizer = Tokenizer(greedy().to_str().encode(), 8)
    assert len(tokenizer.ids(["good", "film"])) == 2
    with pytest.raises(InvalidInput, match=r"Invalid text: expected one that .* takes\. Received: 'aaaa") as refused:
        tokenizer.ids(["good", "a" * 40, "film"])
    assert "aaaa" not in refused.value.text
    with pytest.raises(InvalidInput):
        tokenizer.ids(["\ud83d"])


def template(**change: Any) -> dict[str, Any]:
    pieces = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    return {"type": "TemplateProcessing", "single": pieces, "pair": pieces, "special_tokens": {"[CLS]": CLS}} | change


def replaced(inserted: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": "a"}, "content": inserted}


def charsmap(text: bytes) -> dict[str, Any]:
    """A map with an empty index, which makes such a text of some character."""
    encoded_map = base64.b64encode((4).to_bytes(4, "little") + bytes(4) + text + b"\0").decode()
    return {"type": "Precompiled", "precompiled_charsmap": encoded_map}


def steps(*inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": list(inner)}]}


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "tokenizer"),
        (b"{", "tokenizer"),
        (b"\xff\xfe", "tokenizer"),
        (b"[" * 1_000_000, "tokenizer"),
        (b'{"model":' + b'{"a":' * 1_000_000, "tokenizer"),
        (content().replace(b'"normalizer": ', b'"normalizer": ' + NESTED, 1), "recursion limit"),
        (content(model={"type": "BPE", "vocab": {"a": 2**33}, "merges": []}), "tokenizer"),
        (content(pre_tokenizer=SPLIT | {"pattern": {"Regex": "("}}), "unmatched parenthesis"),
        (content(normalizer={"type": "Precompiled", "precompiled_charsmap": ""}), "charsmap"),
        (content(post_processor=template(special_tokens={"[CLS]": CLS | {"ids": [1] * 9}})), "marks around"),
        (content(normalizer=replaced("b" * 9)), "9 characters that its steps insert"),
        (content(normalizer=steps(*[replaced("bb")] * 5)), "10 characters"),
        (content(normalizer={"type": "Prepend", "prepend": "b" * 9}), "9 characters"),
        (content(normalizer=charsmap(b"b" * 65)), "maps of characters"),
        (content(normalizer=steps(charsmap(b"b"), charsmap(b"b"))), "maps of characters"),
    ],
    ids=range(15),
)  # fmt: skip
def test_what_is_no_tokenizer_or_would_blow_up_is_refused(file: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        Tokenizer(file, 8)
    assert len(str(refused.value)) < 300


def test_steps_of_known_families_are_taken() -> None:
    """Those of XLM-RoBERTa and ALBERT."""
    library = encoded.tokenizer()
    library.normalizer = normalizers.Sequence(
        [
            *(normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD()),
            *(normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Replace(Regex(" {2,}"), "\u2581")),
            normalizers.Prepend("\u2581"),
        ]
    )
    assert len(Tokenizer(str(library.to_str()).encode(), 8).ids(["Good  film"])) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"post_processor": template(single=[{"Sequence": {"id": "B", "type_id": 0}}])},  # a panic
        {"post_processor": template(single=[{"Sequence": {"id": "A", "type_id": 0}}] * 5)},  # five times the text
        {"model": WORD_PIECE | {"unk_token": "none", "vocab": {"a": 1}}},
        {"model": {"type": "WordLevel", "unk_token": "a", "vocab": {"a": 2**32 - 1}}},
    ],
    ids=range(4),
)  # fmt: skip
def test_a_file_that_fails_on_every_text_fails_as_a_text_does(change: dict[str, Any]) -> None:
    tokenizer = Tokenizer(content(**change), 8)
    with pytest.raises(InvalidInput, match="takes"):
        tokenizer.ids(["good film of words", "word"])


def test_the_library_uses_one_thread_and_is_imported_when_a_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content())
    code = (
        "import os, pathlib, sys; from app.tokens.tokenizer import Tokenizer; assert 'tokenizers' not in sys.modules;"
        f"Tokenizer(pathlib.Path({str(tmp_path / 'tokenizer.json')!r}).read_bytes(), 8);"
        "print(*map(os.environ.get, ('TOKENIZERS_PARALLELISM', 'RAYON_NUM_THREADS')), 'tokenizers' in sys.modules)"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TOKENIZERS", "RAYON"))}
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["false", "1", "True"]


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ValueError, match=r"extra `text` .*pip install 'slipway\[text\]'"):
        Tokenizer(content(), 8)


def test_a_vocabulary_of_another_kind_is_taken() -> None:
    library = Library(models.Unigram([("<unk>", 0.0), ("good", -1.0), ("film", -1.0), (" ", -1.0)], 0))
    assert Tokenizer(str(library.to_str()).encode(), 8).ids(["good film"])[0].tolist() == [1, 3, 2]
