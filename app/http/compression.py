"""gzip and deflate, both ways, bounded. It knows nothing of what the bytes mean."""

import zlib
from collections.abc import Generator

from app.errors import BodyTooLarge, Headers, InvalidInput, UnsupportedMedia

GZIP = zlib.MAX_WBITS | 16
EITHER = zlib.MAX_WBITS | 32  # gzip or zlib by its first bytes
WORTH_BYTES = 1024  # below, an answer fits one packet either way
STEP_BYTES = 2**18  # that come out of a step: a millisecond
LEVEL = 1  # the least work; numbers gain little from more


def unpack(body: bytes, encoding: bytes, max_bytes: int) -> bytes:
    """Return the body without its `content-encoding`.

    Raises `UnsupportedMedia` for another encoding than gzip or deflate, `BodyTooLarge` when more than `max_bytes` come
    out, and `InvalidInput` for a body that is not what it says.
    """
    steps = unpacking(body, encoding, max_bytes)
    while True:
        try:
            next(steps)
        except StopIteration as last:
            return bytes(last.value)


def unpacking(body: bytes, encoding: bytes, max_bytes: int) -> Generator[None, None, bytes]:
    """Return what `unpack` does, and raise what it raises; after every `STEP_BYTES` is a step."""
    name = encoding.strip().lower()
    if name in (b"", b"identity"):
        return body
    if name not in (b"gzip", b"x-gzip", b"deflate"):
        received = encoding[:80].decode("latin-1")
        raise UnsupportedMedia(("content-encoding",), "gzip or deflate", received)
    plain = zlib.decompressobj(EITHER)
    pieces, size, rest = [], 0, body
    while True:
        try:
            pieces.append(plain.decompress(rest, STEP_BYTES))
        except zlib.error as error:
            raise InvalidInput((), f"{name.decode()} data", error) from error
        size += len(pieces[-1])
        if size > max_bytes:
            raise BodyTooLarge((), f"at most {max_bytes} bytes", "more, once unpacked")
        if plain.eof or len(pieces[-1]) < STEP_BYTES:
            break
        rest = plain.unconsumed_tail
        yield
    if not plain.eof or plain.unused_data:
        raise InvalidInput((), f"one whole {name.decode()} stream", "another end")
    return b"".join(pieces)


def pack(body: bytes, accepted: bytes) -> tuple[bytes, Headers]:
    """Return the body, compressed if `accepted` (the `accept-encoding`) asks for gzip, and the headers that say so."""
    if not accepted or len(body) < WORTH_BYTES or not _takes_gzip(accepted):
        return body, ()
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    return packer.compress(body) + packer.flush(), (("content-encoding", "gzip"), ("vary", "accept-encoding"))


def _takes_gzip(accepted: bytes) -> bool:
    for choice in accepted.lower().split(b","):
        name, _, weight = choice.partition(b";")
        if name.strip() in (b"gzip", b"x-gzip"):
            return weight.strip().replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False
