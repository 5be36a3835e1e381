r"""Text of bundles and files on its way to a person: nothing in it is obeyed, and none of it is endless.

    "a\x1b[31m\nb"      printable ─> a\\x1b[31m\\nb     on a terminal, in a log, in a message
    a message          bounded   ─> the same, its beginning and its end
    a list of names    listed    ─> the first of them, and how many more there are
    a JSON text        json_text ─> the same document, by escapes of JSON

What is escaped would move the cursor, begin a line, or turn the order of reading round. A backslash stays what it is,
so that text may be escaped twice. It knows nothing of who reads.
"""

import re
from collections.abc import Iterable, Sequence

MESSAGE_MAX_CHARS = 2000
LIST_MAX = 20  # names in a message
NAME_MAX_CHARS = 100  # of one of them

# Control characters (C0, DEL, C1), separators of lines and paragraphs, marks of direction, and halves of characters.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, keep: str = "") -> str:
    """Escape what must not reach a terminal or a line of a log, but for the characters to `keep`."""
    return UNSAFE.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def bounded(text: str, max_chars: int = MESSAGE_MAX_CHARS) -> str:
    """Escape a message, and leave out its middle where it is too long: what was received stands at the end."""
    if len(text) > max_chars:
        text = _shortened(text, max_chars)
    escaped = printable(text)
    return escaped if len(escaped) <= max_chars else _shortened(escaped, max_chars)


def listed(names: Iterable[object], none: str = "none") -> str:
    """Write names one after the other: the first of them, each bounded, and how many more there are."""
    found: Sequence[object] = list(names)
    shown = ", ".join([bounded(str(name), NAME_MAX_CHARS) for name in found[:LIST_MAX]])
    more = len(found) - LIST_MAX
    return f"{shown} and {more:,} more" if more > 0 else shown or none


def json_text(text: str) -> str:
    """Escape what JSON leaves as it is, so that its text can be shown; line breaks between its parts stay."""
    return UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _shortened(text: str, max_chars: int) -> str:
    gap = f" … {len(text):,} characters … "
    end = max_chars // 4
    return text[: max_chars - end - len(gap)] + gap + text[-end:]
