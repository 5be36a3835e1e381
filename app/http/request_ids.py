"""The id of a request: the one that its caller gave it, that of the trace that it is part of, or a fresh one.

    sent_ids(headers) ─> identify(sent) ─> Identity: `X-Request-ID` if it is sound, else the trace id of `traceparent`,
                                           else none until `name()` makes a fresh one

An answer bears its id as `X-Request-ID`. Where the request brought none, one is made only if something needs it: an
error, a line in the log, a span, or feedback; `app.telemetry.request_observer` decides that. Nothing that came from
outside goes on unless it has the form of an id. It knows no transport.
"""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:/+=@~-]{0,127}")
TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
FRESH_IDS = 256  # drawn at once: a flood of refusals needs one each, and a call of the system for each adds up
TRACESTATE_MAX_BYTES = 512  # of what is passed on; the standard asks for as much

# A whole line of a head, not one that is continued; what is no plain text is left to the parser.
VARYING = re.compile(rb"\r\n(x-request-id|traceparent|tracestate):([\t\x20-\x7e]*)(?=\r\n[^\t ])", re.IGNORECASE)
ID_HEADERS = frozenset((b"x-request-id", b"traceparent", b"tracestate"))

_fresh: list[str] = []  # drawn and not yet given away
os.register_at_fork(after_in_child=_fresh.clear)  # a child must not give the same

Headers = Mapping[bytes, bytes]  # with names in small letters


class SentIds(NamedTuple):
    """The headers that name a request, raw; empty where one is missing."""

    request_id: bytes = b""
    traceparent: bytes = b""
    tracestate: bytes = b""


class Parent(NamedTuple):
    """The span of the caller in which a request was made (W3C Trace Context)."""

    trace_id: str  # 32 digits of hexadecimal
    span_id: str  # 16
    sampled: bool
    state: str = ""


class Identity:
    """The ids of one request: `id` as it was given, if it has the form of one, and the caller's span, if any."""

    __slots__ = ("id", "parent", "trace_id")

    def __init__(self, id: str = "", parent: Parent | None = None) -> None:
        self.parent = parent
        self.trace_id = "" if parent is None else parent.trace_id
        self.id = id or self.trace_id

    def name(self) -> str:
        """Return the id; from here on there is one."""
        if not self.id:
            self.id = self.trace_id or fresh()
        return self.id


def fresh() -> str:
    """Make an id of the form of a trace id, which fits wherever one goes and cannot be guessed."""
    try:
        return _fresh.pop()
    except IndexError:
        drawn = os.urandom(16 * FRESH_IDS).hex()
        _fresh.extend([drawn[at : at + 32] for at in range(32, len(drawn), 32)])
        return drawn[:32]


def sent_ids(headers: Headers) -> SentIds | None:
    """Return the headers that name a request, None if there are none."""
    request_id, traceparent = headers.get(b"x-request-id", b""), headers.get(b"traceparent", b"")
    return SentIds(request_id, traceparent, headers.get(b"tracestate", b"")) if request_id or traceparent else None


def split_ids(head: bytes) -> tuple[bytes, Headers | None]:
    """Return the raw head of a request without these headers, which differ where it does not, and them, if any."""
    found = VARYING.search(head)
    if found is None:
        return head, None
    said: dict[bytes, bytes] = {}
    while found is not None:
        at = found.start()
        said[found[1].lower()] = found[2].strip()
        head = head[:at] + head[found.end() :]
        found = VARYING.search(head, at)
    return head, said


def id_line(headers: Headers) -> bytes:
    """Return the line of an answer that gives back the id that its request came with, empty where it had none."""
    given = headers.get(b"x-request-id", b"")
    if REQUEST_ID.fullmatch(given) is None:
        given = identify(sent_ids(headers)).id.encode()
    return b"x-request-id: %b\r\n" % given if given else b""


def identify(sent: SentIds | None) -> Identity:
    """Judge what was sent; what has not the form of an id counts as not sent."""
    if sent is None:
        return Identity()
    given = sent.request_id
    sound = given.decode() if REQUEST_ID.fullmatch(given) else ""
    return Identity(sound, _parent_of(sent) if sent.traceparent else None)


def _parent_of(sent: SentIds) -> Parent | None:
    """Read `traceparent` as W3C Trace Context, section 3.2, wants it; a later version may have more fields."""
    found = TRACEPARENT.fullmatch(sent.traceparent)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == b"ff" or (version == b"00" and more) or not trace_id.strip(b"0") or not span_id.strip(b"0"):
        return None
    state = sent.tracestate
    known = len(state) <= TRACESTATE_MAX_BYTES and state.isascii()
    return Parent(trace_id.decode(), span_id.decode(), bool(int(flags, 16) & 1), state.decode() if known else "")
