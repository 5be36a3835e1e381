"""A tokenizer: what `tokenizer.json` makes of texts, by the library that wrote it.

    Tokenizer(content, longest, padding) ─ ids(texts) ─> token ids a text, marks of begin and end too, 0 for padding

The library is an extra: it is imported when a file is opened, and uses one thread, for cores are shared with others.
The file may come from a stranger. Rust panics where it does not return an error, patterns give up after ten million
steps, and how much a text may grow before it is cut into tokens is bounded here. It knows neither bundles nor runs.
"""

import base64
import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from app.errors import InvalidInput
from app.tensors import Array
from app.tokens.ragged import INTEGER

ONE_THREAD = {"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1"}
HOW_TO_INSTALL = (
    "expected the extra `text` to be installed: python -m pip install --require-hashes -r requirements/text.lock "
    "(or pip install 'slipway[text]')"
)
INSERTED_MAX = 8  # characters that all steps before the words insert, for steps multiply; known families need three
MAPPED_MAX_BYTES = 64  # that a map of characters makes of one; compatible forms of Unicode are 33 at most
SHOWN_CHARACTERS = 80


class Tokenizer:
    """One file, opened; raises `ValueError` where it is no tokenizer, or none for at most `longest` tokens a text.

    The network's token of padding and 0 change places: its graph takes 0 for padding, whatever the family's is.
    """

    def __init__(self, content: bytes, longest: int, padding: int = 0) -> None:
        library = _library()
        try:
            with panics_caught():
                self._tokenizer = library.from_str(content.decode())
                self._tokenizer.no_padding()
                self._tokenizer.enable_truncation(longest)
                marks = self._tokenizer.num_special_tokens_to_add(is_pair=False)
            _check_growth(content)
        except Exception as error:  # the library has no class of its own
            raise ValueError(f"expected a tokenizer. Received: {error!s:.{SHOWN_CHARACTERS}}") from error
        if marks >= longest:  # the library would cut nothing then
            raise ValueError(f"expected fewer than {longest} marks around a text. Received: {marks}")
        self._longest, self._padding = longest, padding

    def ids(self, texts: Sequence[str]) -> list[Array]:
        """Return each text's tokens, (tokens,) int32; raises `InvalidInput` for a text that has none."""
        try:
            return self._ids(texts)
        except Exception as error:
            if len(texts) == 1:
                shown = f"{texts[0]!r:.{SHOWN_CHARACTERS}}"
                raise InvalidInput((), "one that the model's tokenizer takes", shown, noun="text") from error
        return [ids for text in texts for ids in self.ids([text])]

    def _ids(self, texts: Sequence[str]) -> list[Array]:
        with panics_caught():
            found = [np.array(each.ids, INTEGER) for each in self._tokenizer.encode_batch_fast(list(texts))]
        if any(len(ids) > self._longest for ids in found):  # a template may repeat the text
            raise ValueError(f"expected at most {self._longest} tokens. Received: more")
        return [_swapped(ids, self._padding) for ids in found] if self._padding else found


def _swapped(ids: Array, padding: int) -> Array:
    return np.select([ids == 0, ids == padding], [INTEGER.type(padding), INTEGER.type(0)], ids)


def _library() -> Any:
    """Import the library, which looks at the environment when it is used first."""
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    try:
        from tokenizers import Tokenizer as Library  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ValueError(HOW_TO_INSTALL) from error
    return Library


@contextlib.contextmanager
def panics_caught() -> Iterator[None]:
    """Turn a panic of Rust, which is no `Exception`, into a `ValueError`."""
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise ValueError(str(error)) from error


# ── how much a text may grow ──


class _Written(msgspec.Struct, frozen=True):
    normalizer: Any = None


def _check_growth(content: bytes) -> None:
    """Refuse steps that make a text of gigabytes of a short one; raises `ValueError`."""
    steps = list(_steps(msgspec.json.decode(content, type=_Written).normalizer))
    inserted = sum(len(step.get(key) or "") for step in steps for key in ("content", "prepend"))
    if inserted > INSERTED_MAX:
        raise ValueError(f"{inserted} characters that its steps insert, of at most {INSERTED_MAX}")
    maps = [step["precompiled_charsmap"] for step in steps if step.get("precompiled_charsmap")]
    if len(maps) > 1 or any(_mapped_bytes(found) > MAPPED_MAX_BYTES for found in maps):
        raise ValueError(f"maps of characters, of at most one, to {MAPPED_MAX_BYTES} bytes")


def _steps(step: Any) -> Iterator[dict[str, Any]]:
    """Give a step and those within it; the library has read them, so they are not nested without end."""
    if isinstance(step, dict):
        yield step
        for inner in step.get("normalizers") or ():
            yield from _steps(inner)


def _mapped_bytes(encoded: str) -> int:
    """Return the longest text of a map: the size of its index in four bytes, the index, texts that end with a zero."""
    content = base64.b64decode(encoded)
    texts = content[4 + int.from_bytes(content[:4], "little") :]
    return max(map(len, texts.split(b"\0")))
