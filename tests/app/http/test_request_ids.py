"""Ids out of headers, and the bytes of a head without them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.request_ids import Identity, SentIds, fresh, identify, sent_ids, split_ids

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01".encode()


@pytest.mark.parametrize("given_id", [b"a", b"7f9c2ba4-e88f", b"order/42:retry=1", b"x" * 128])
def test_a_sound_id_is_taken(given_id: bytes) -> None:
    assert identify(SentIds(given_id)).name() == given_id.decode()


@pytest.mark.parametrize(
    "odd", [b"", b" ", b"-x", b"x" * 129, b"a b", b"a\tb", b'a"b', b"<script>", b"a\x00", "ä".encode(), b"a,b", b"a\n"]
)
def test_what_is_no_id_is_replaced_and_not_repeated(odd: bytes) -> None:
    name = identify(SentIds(odd, b"00-0-0-00")).name()
    assert len(name) == 32
    assert int(name, 16)


def test_a_trace_is_the_id_of_who_sends_no_other() -> None:
    identity = identify(SentIds(b"", PARENT))
    assert (identity.name(), identity.trace_id) == (TRACE, TRACE)
    assert identity.parent is not None
    assert (identity.parent.span_id, identity.parent.sampled) == (SPAN, True)


def test_an_id_comes_before_a_trace() -> None:
    identity = identify(SentIds(b"mine", PARENT, b"vendor=1"))
    assert (identity.name(), identity.trace_id) == ("mine", TRACE)
    assert identity.parent is not None
    assert identity.parent.state == "vendor=1"


@pytest.mark.parametrize(
    "wrong",
    [
        b"ff" + PARENT[2:],  # a version that never is
        PARENT + b"-more",  # more than version 00 has
        PARENT.upper(),
        PARENT[:-1],
        PARENT.replace(TRACE.encode(), b"0" * 32),
        PARENT.replace(SPAN.encode(), b"0" * 16),
        b"01-" + b"g" * 32 + PARENT[35:],
        b" " + PARENT,
    ],
)
def test_a_traceparent_that_is_none_is_not_followed(wrong: bytes) -> None:
    assert identify(SentIds(b"", wrong)).parent is None


def test_a_later_version_may_say_more() -> None:
    parent = identify(SentIds(b"", b"cc" + PARENT[2:-2] + b"00-what-will-be")).parent
    assert parent is not None
    assert (parent.trace_id, parent.sampled) == (TRACE, False)


def test_a_state_that_is_too_long_is_left_behind() -> None:
    parent = identify(SentIds(b"", PARENT, b"a=" + b"x" * 600)).parent
    assert parent is not None
    assert parent.state == ""


def test_an_id_is_made_once_and_differs_from_every_other() -> None:
    identity = Identity()
    assert identity.id == ""
    assert identity.name() == identity.name()
    assert len({fresh() for _ in range(1000)}) == 1000


def test_who_says_nothing_of_itself() -> None:
    assert sent_ids({b"tracestate": b"a=1", b"accept": b"*/*"}) is None
    assert identify(None).id == ""


HEAD = b"POST /predict HTTP/1.1\r\nHost: h\r\n%bContent-Length: 2\r\n\r\n"


def test_a_head_without_what_varies_is_the_same_head() -> None:
    lines = b"X-Request-ID:  one\r\nTraceParent: %b\r\ntracestate: a=1 \r\n" % PARENT
    said = {b"x-request-id": b"one", b"traceparent": PARENT, b"tracestate": b"a=1"}
    assert split_ids(HEAD % lines) == (HEAD % b"", said)
    assert sent_ids(said) == SentIds(b"one", PARENT, b"a=1")
    assert split_ids(HEAD % b"") == (HEAD % b"", None)


def test_the_last_of_two_ids_counts_as_it_does_for_the_parser() -> None:
    assert split_ids(HEAD % b"x-request-id: one\r\nX-REQUEST-ID: two\r\n") == (HEAD % b"", {b"x-request-id": b"two"})


@pytest.mark.parametrize(
    "line",
    [
        b"x-request-id: one\r\n two\r\n",  # continued
        b"x-request-id: \xe4\r\n",
        b"x-request-id: a\x00\r\n",
        b"x-request-ids: one\r\n",
        b"y: x-request-id: one\r\n",
        b"x-request-id : one\r\n",
        b"y: 1\nx-request-id: one\r\n",
    ],
)
def test_what_is_no_whole_plain_line_is_left_to_the_parser(line: bytes) -> None:
    assert split_ids(HEAD % line) == (HEAD % line, None)


@given(st.binary(max_size=60))
def test_nothing_else_is_ever_taken_out(noise: bytes) -> None:
    """Whatever the bytes, what is left and what was cut are what was there."""
    head = HEAD % (noise + b"\r\n")
    rest, said = split_ids(head)
    assert (rest == head) if b"\r\n" not in noise else len(rest) <= len(head)
    assert said is None or b"x-request-id" in head.lower() or b"trace" in head.lower()
