"""Heads of answers, up to what no two answers share; those of one second and one model are alike.

    AnswerHeads.make(…)      the default headers of this second, and a model's ─> `good`: all but the length
    AnswerHeads.of(…)        the same for any status
    last_answer(…)           a whole answer to what never became a request

uvicorn makes a new list of default headers each second. It knows no connection.
"""

import functools
from collections.abc import Iterable, Sequence

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.errors import Headers

JSON_LINE = b"content-type: application/json\r\n"

Defaults = Sequence[tuple[bytes, bytes]]


class AnswerHeads:
    """Those that were written last, on any connection."""

    __slots__ = ("_prefix", "good", "good_of", "prefix_of")

    def __init__(self) -> None:
        self.prefix_of: Defaults | None = None  # the default headers that the others were made of
        self._prefix = b""
        self.good_of: Headers | None = None  # the headers that `good` was made of
        self.good = b""  # the head of an answer with status 200, up to its length

    def make(self, defaults: Defaults, headers: Headers) -> None:
        self.good = self.of(200, defaults, headers)
        self.good_of = headers

    def of(self, status: int, defaults: Defaults, headers: Headers) -> bytes:
        """Return a head that lacks only the length, and lines that no other answer has."""
        if defaults is not self.prefix_of:
            self.prefix_of, self.good_of = defaults, None
            self._prefix = b"".join([name + b": " + value + b"\r\n" for name, value in defaults])
        return b"%b%b%bcontent-length: " % (STATUS_LINE[status], self._prefix, _lines(headers))


def error_body(message: str) -> bytes:
    """Write an error as every other is written."""
    return msgspec.json.encode({"error": message})


def last_answer(status: int, pairs: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Return a whole answer after which the connection closes; `pairs` are headers of its own."""
    own = b"".join([b"%b: %b\r\n" % pair for pair in pairs]) + (b"retry-after: 1\r\n" if status == 429 else b"")
    end = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
    return STATUS_LINE[status] + JSON_LINE + own + end + body


@functools.lru_cache(maxsize=256)
def _lines(headers: Headers) -> bytes:
    """Write headers as they stand on the wire, where they name no type for JSON; most answers have an earlier one's."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers]).encode()
    return lines if any(name == "content-type" for name, _ in headers) else JSON_LINE + lines
