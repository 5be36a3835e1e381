"""gzip and deflate, both ways: what comes back is what went in, and no small body makes a large one."""

import gzip
import itertools
import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BodyTooLarge, InvalidInput, UnsupportedMedia
from app.http.compression import ANY_RATIO_BYTES, RATIO_MAX, WORTH_BYTES, pack, unpack, unpacking

BODY = b'{"instances": [1.0, 2.0]}' * 100


@given(st.binary(max_size=5000), st.sampled_from([b"gzip", b"x-gzip", b" GZip ", b"deflate", b"identity", b""]))
def test_a_packed_body_is_unpacked(body: bytes, encoding: bytes) -> None:
    name = encoding.strip().lower()
    packed = {b"deflate": zlib.compress(body), b"identity": body, b"": body}.get(name, gzip.compress(body))
    assert unpack(packed, encoding, 5000) == body


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, gzip", b"x" * 500])
def test_other_encodings_are_refused(encoding: bytes) -> None:
    with pytest.raises(UnsupportedMedia, match=r"expected gzip or deflate. Received: ") as refused:
        unpack(BODY, encoding, 10**6)
    assert len(str(refused.value)) < 200


def test_the_limit_holds_for_what_comes_out() -> None:
    """A gigabyte of zeros packs into a megabyte; it must not be unpacked to be counted."""
    assert unpack(gzip.compress(BODY), b"gzip", len(BODY)) == BODY
    with pytest.raises(BodyTooLarge, match=rf"expected at most {len(BODY) - 1} bytes"):
        unpack(gzip.compress(BODY), b"gzip", len(BODY) - 1)
    bomb = gzip.compress(bytes(10**7))
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        unpack(bomb, b"gzip", 1000)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 10**6


def test_much_out_of_little_is_refused_before_it_is_there() -> None:
    """Sixteen megabytes of one letter are 16 KB: a hundred times that is enough to know."""
    bomb = gzip.compress(b"[" * 2**24, 9)
    steps = unpacking(bomb, b"gzip", 2**24)
    sizes = [0]
    with pytest.raises(BodyTooLarge, match=rf"at most 100 bytes out of each .* out of {len(bomb)}\. Send it as it is"):
        sizes.extend(steps)
    assert sizes[-1] <= RATIO_MAX * len(bomb)
    assert unpack(gzip.compress(b"[" * ANY_RATIO_BYTES), b"gzip", 2**24) == b"[" * ANY_RATIO_BYTES


@pytest.mark.parametrize("level", [0, 6])
def test_no_step_gives_more_than_a_step_and_none_copies_the_rest(level: int) -> None:
    body = random.Random(0).randbytes(2**21) + BODY * 400
    sizes = [*unpacking(gzip.compress(body, level), b"gzip", 2**24)]
    assert len(sizes) > len(body) / 2**16 - 2
    assert all(after - before <= 2**16 for before, after in itertools.pairwise([0, *sizes]))
    packed = gzip.compress(body, level)
    tracemalloc.start()
    assert unpack(packed, b"gzip", 2**24) == body
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 2.5 * len(body)  # `unpack` makes bytes of what has grown in place


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"plain",
        gzip.compress(BODY)[:-4],
        gzip.compress(BODY) + b"more",
        gzip.compress(BODY) * 2,
        gzip.compress(BODY)[:-8] + bytes(8),
    ],
)
def test_what_is_not_what_it_says_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"expected .*gzip .*Received: "):
        unpack(body, b"gzip", 10**6)


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        (b"gzip", True),
        (b"gzip, deflate, br", True),
        (b"deflate, GZIP;q=0.5", True),
        (b"x-gzip", True),
        (b"gzip;q=0.001", True),
        (b"", False),
        (b"identity", False),
        (b"deflate, br", False),
        (b"gzip;q=0", False),
        (b"gzip; q=0.0", False),
        (b"gzip ; q = 0", False),
        (b"br, gzip;q=0.000", False),
    ],
)
def test_an_answer_is_packed_for_who_asks(accepted: bytes, packed: bool) -> None:
    body, headers = pack(BODY, accepted)
    assert dict(headers).get("content-encoding") == ("gzip" if packed else None)
    assert (gzip.decompress(body) if packed else body) == BODY
    assert packed == (len(body) < len(BODY))


def test_a_small_answer_is_not_worth_it() -> None:
    assert pack(BODY[: WORTH_BYTES - 1], b"gzip") == (BODY[: WORTH_BYTES - 1], ())
    assert pack(BODY[:WORTH_BYTES], b"gzip")[1]


def test_a_cache_is_told_that_answers_differ() -> None:
    assert dict(pack(BODY, b"gzip")[1])["vary"] == "accept-encoding"
