"""What stands in a bundle or a file reaches a person as text, and as no more of it than can be read."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BundleError
from app.printable import LIST_MAX, MESSAGE_MAX_CHARS, bounded, json_text, listed, printable
from app.repository.folder_scan import Content
from app.repository.versions import Entry
from app.sources.errors import SourceError
from training.errors import DataError

MARKS = {
    "\u061c",
    "\u200e",
    "\u200f",
    "\u2028",
    "\u2029",
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
}
HOSTILE = "x\x1b[31m\x9b2J\x07\n  verified  11 files\u202egolden\u2028\ud800"


def is_safe(text: str) -> bool:
    return not any(unicodedata.category(char) in ("Cc", "Cs") or char in MARKS for char in text)


@given(st.text())
def test_nothing_that_is_escaped_is_left(text: str) -> None:
    """Whatever else there is stays as it is, and twice is once."""
    assert is_safe(printable(text))
    assert printable(printable(text)) == printable(text)
    assert printable(text) == text or not is_safe(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\r\n\tb", "a\\r\\n\\tb"),
        ("\x7f\x9b\x85", "\\x7f\\x9b\\x85"),
        ("\u202e\u2066\u2028\u061c", "\\u202e\\u2066\\u2028\\u061c"),
        ("\ud800", "\\ud800"),
        ("Zürich 東京 🙂 a\u00a0b\\n", "Zürich 東京 🙂 a\u00a0b\\n"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.sampled_from("ab\x1b\u202e\n"), max_size=50), st.integers(0, 300))
def test_a_message_has_a_bound(text: str, times: int) -> None:
    """Its beginning and its end stay, and to bound it twice is to bound it once."""
    found = bounded(text * times + "end")
    assert len(found) <= MESSAGE_MAX_CHARS
    assert is_safe(found)
    assert found.endswith("end")
    assert bounded(found) == found


def test_a_list_has_a_bound() -> None:
    assert listed(["a", "b\n"]) == "a, b\\n"
    assert listed([]) == "none"
    assert listed(range(LIST_MAX + 5)).endswith(f", {LIST_MAX - 1} and 5 more")
    assert len(listed(["x" * 10**6] * 10**4)) < MESSAGE_MAX_CHARS * 2


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_is_the_same_document(text: str) -> None:
    """Also where its writer escapes no more than it must."""
    written = json.dumps({text: [text]}, ensure_ascii=False, indent=1)
    assert is_safe(json_text(written).replace("\n", ""))
    assert json.loads(json_text(written)) == {text: [text]}


@pytest.mark.parametrize("error", [BundleError, SourceError, DataError])
def test_errors_about_files_are_escaped_and_bounded(error: type[Exception]) -> None:
    assert is_safe(str(error(HOSTILE)))
    assert len(str(error("x" * 10**7))) <= MESSAGE_MAX_CHARS


def test_a_reason_of_a_refusal_is_escaped_and_bounded() -> None:
    """Whatever raised it: this one stands on `/models` and `/health`."""
    entry = Entry("m", 1)
    entry.refuse(f"RuntimeError: {HOSTILE}{'x' * 10**6}", Content("", ()))
    assert is_safe(entry.reason)
    assert len(entry.reason) <= MESSAGE_MAX_CHARS
