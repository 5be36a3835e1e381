"""gzip and deflate, both ways, bounded. It knows nothing of what the bytes mean."""

import zlib
from collections.abc import Generator, Iterator

from app.errors import BodyTooLarge, Headers, InvalidInput, UnsupportedMedia

GZIP = zlib.MAX_WBITS | 16
EITHER = zlib.MAX_WBITS | 32  # gzip or zlib by its first bytes
WORTH_BYTES = 1024  # below, an answer fits one packet either way
STEP_BYTES = 2**16  # that come out of a step, at most: a quarter of a millisecond, and what each one in line holds
RATIO_MAX = 100  # bytes that may come out of one: numbers make 3 to 10, words 20 to 40, what is made to harm 1,000
ANY_RATIO_BYTES = 2**18  # that may come out of however little
LEVEL = 1  # the least work; numbers gain little from more


def unpack(body: bytes, encoding: bytes, max_bytes: int) -> bytes:
    """Return the body without its `content-encoding`.

    Raises `UnsupportedMedia` for another encoding than gzip or deflate, `BodyTooLarge` when more than `max_bytes` come
    out, or more than `RATIO_MAX` times what went in, and `InvalidInput` for a body that is not what it says.
    """
    steps = unpacking(body, encoding, max_bytes)
    while True:
        try:
            next(steps)
        except StopIteration as last:
            return bytes(last.value)


def unpacking(body: bytes, encoding: bytes, max_bytes: int) -> Generator[int, None, bytes]:
    """Return what `unpack` does, and raise what it raises; each step gives how many bytes have come out so far.

    What is large is as good as bytes to all who read it.
    """
    name = encoding.strip().lower()
    if name in (b"", b"identity"):
        return body
    if name not in (b"gzip", b"x-gzip", b"deflate"):
        received = encoding[:80].decode("latin-1")
        raise UnsupportedMedia(("content-encoding",), "gzip or deflate", received)
    most = min(max_bytes, max(ANY_RATIO_BYTES, RATIO_MAX * len(body)))
    unpacked = bytearray()  # grows in place, where pieces would have to be joined
    plain = zlib.decompressobj(EITHER)
    try:
        for piece in _inflated(plain, body):
            if unpacked:
                yield len(unpacked)
            unpacked += piece
            if len(unpacked) > most:
                raise _too_much(len(body), most, max_bytes)
    except zlib.error as error:
        raise InvalidInput((), f"{name.decode()} data", error) from error
    if not plain.eof or plain.unused_data:
        raise InvalidInput((), f"one whole {name.decode()} stream", "another end")
    return unpacked if len(unpacked) > STEP_BYTES else bytes(unpacked)  # type: ignore[return-value]


def _inflated(plain: "zlib._Decompress", body: bytes) -> Iterator[bytes]:
    """Give `plain` the body by slices, for what it leaves of one is copied at each step."""
    view = memoryview(body)
    for start in range(0, len(body), STEP_BYTES):
        rest: bytes | memoryview = view[start : start + STEP_BYTES]
        if plain.eof:
            plain.decompress(rest)  # which it then has as `unused_data`
            return
        while True:
            piece = plain.decompress(rest, STEP_BYTES)
            yield piece
            if len(piece) < STEP_BYTES:
                break
            rest = plain.unconsumed_tail


def _too_much(packed_bytes: int, most: int, max_bytes: int) -> BodyTooLarge:
    if most == max_bytes:
        return BodyTooLarge((), f"at most {max_bytes} bytes", "more, once unpacked")
    expected = f"at most {RATIO_MAX} bytes out of each that is compressed"
    return BodyTooLarge((), expected, f"more than {most} out of {packed_bytes}", hint="Send it as it is.")


def pack(body: bytes, accepted: bytes) -> tuple[bytes, Headers]:
    """Return the body, compressed if `accepted` (the `accept-encoding`) asks for gzip, and the headers that say so."""
    if not accepted or len(body) < WORTH_BYTES or not takes_gzip(accepted):
        return body, ()
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    return packer.compress(body) + packer.flush(), (("content-encoding", "gzip"), ("vary", "accept-encoding"))


def takes_gzip(accepted: bytes) -> bool:
    """Say whether an `accept-encoding` names gzip, and not as what it does not want."""
    for choice in accepted.lower().split(b","):
        name, _, weight = choice.partition(b";")
        if name.strip() in (b"gzip", b"x-gzip"):
            return weight.strip().replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False
