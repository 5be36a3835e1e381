"""Heads of requests that are likely to come again, as what they were understood to be.

    data ─> find(…)       a head that differs from a known one in nothing but its id ─> that one, with the id
    data ─> remember(…)   a head that was read is known from now on, if it may be

A client on a kept-alive connection sends the same head again and again; what is made of it depends on its bytes alone.
It knows neither parser nor connection.
"""

from app.http.request_ids import Headers, sent_ids, split_ids
from app.transport.request_cycle import HotHead

HEADS_MAX = 256  # heads that are remembered
HEAD_MAX_BYTES = 2048  # of one that is remembered

Heads = dict[bytes, HotHead]
"""Raw heads without ids; those that name none are looked up by whoever has one."""


def find(heads: Heads, data: bytes, end: int) -> tuple[HotHead, Headers] | None:
    """Return the known head of a whole request but for its id, and that id; `end` is where its body begins."""
    if end > HEAD_MAX_BYTES:
        return None
    rest, said = split_ids(data[:end])
    if said is None:
        return None
    head = heads.get(rest)
    return None if head is None or head.length != len(data) - end else (head, said)


def remember(heads: Heads, head: HotHead, data: bytes, end: int) -> None:
    """Keep the head of `data`, a whole request, if it is likely to come again: small and kept alive.

    When more than one request lay in `data`, what follows the first head is longer than the last one's body.
    """
    if head.length != len(data) - end or not head.keep_alive or head.expects_100 or end > HEAD_MAX_BYTES:
        return
    if head.length > head.handler.max_body_bytes:
        return
    key, said = split_ids(data[:end])
    if sent_ids(said or {}) != sent_ids(head.headers):
        return  # it says more of itself than the bytes show: continued lines, or no plain text
    if said is not None:
        if key in heads:
            return
        head = head.without_ids()
    if len(heads) >= HEADS_MAX:
        heads.clear()  # heads that differ each time must not pile up
    heads[key] = head
