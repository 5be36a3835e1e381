"""Tokens: what tokenizer.json makes of texts, by the library that wrote it.

    texts ─ ids ─> token ids a text, with the marks that the encoder was trained with, cut to what it can read
    vocabulary ─ whole_words ─> the tokens that are words by themselves

The library is an extra and is imported when a folder is read. It uses one thread: cores are shared with the fit.
It knows nothing about the network behind.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from app.tokens.tokenizer import ONE_THREAD, panics_caught
from training.errors import DataError

CHUNK_TEXTS = 10_000


class Tokens:
    """A tokenizer; `longest` is what the encoder can read of a text, in tokens."""

    def __init__(self, path: Path, longest: int) -> None:
        self._path, self._tokenizer = path, read(path)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)

    def __len__(self) -> int:
        """Return one more than the largest token: numbers may be left out."""
        return int(max(self._tokenizer.get_vocab().values(), default=-1)) + 1

    @cached_property
    def _unknown(self) -> int | None:
        """Return the token of what is unknown, if there is one."""
        said = json.loads(self._tokenizer.to_str())["model"]
        number: int | None = said.get("unk_id")
        return self._tokenizer.token_to_id(said["unk_token"]) if said.get("unk_token") else number

    def ids(self, texts: Sequence[str], *, marks: bool = True) -> list[list[int]]:
        """Return each text's tokens, between the marks of begin and end unless they are not wanted."""
        chunks = (texts[start : start + CHUNK_TEXTS] for start in range(0, len(texts), CHUNK_TEXTS))
        encode = self._tokenizer.encode_batch_fast
        with self._explained():
            return [each.ids for chunk in chunks for each in encode(list(chunk), add_special_tokens=marks)]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say which file does not take a text: it may be written well and want a token that it has not."""
        try:
            with panics_caught():
                yield
        except Exception as error:  # the library raises nothing narrower
            raise DataError(f"Invalid {self._path}: expected a tokenizer of any text. Received: {error}.") from error

    def word_ids(self, words: Sequence[str], *, marks: bool = True) -> list[list[int]]:
        """Return each word's tokens as it stands in a text: some tokenizers tell a word by the blank before it."""
        first, inside = (self.ids([before + word for word in words], marks=marks) for before in ("", " "))
        return [min(pair, key=len) for pair in zip(first, inside, strict=True)]

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Say which words have tokens, and none of them stands for what is unknown."""
        return [bool(ids) and self._unknown not in ids for ids in self.word_ids(words, marks=False)]

    @cached_property
    def whole_words(self) -> tuple[str, ...]:
        """Return the words that are one token, as the tokenizer writes them, in the order of their tokens."""
        numbers = range(len(self))
        words = [self._tokenizer.decode([number]).strip() for number in numbers]
        found = zip(numbers, words, self.word_ids(words, marks=False), strict=True)
        return tuple(dict.fromkeys(word for number, word, ids in found if word and ids == [number]))


def read(path: Path) -> Any:
    """Return the tokenizer of a file, or raise a DataError."""
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise DataError("Invalid environment: expected the extra `text`: pip install 'slipway[text]'.") from error
    try:
        with panics_caught():
            return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise DataError(f"Invalid {path}: expected a tokenizer. Received: {error}.") from error
