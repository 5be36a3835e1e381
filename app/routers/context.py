"""What an ordinary route needs of its request: the models, and a body that is bounded."""

from codecs import BOM_UTF8

from fastapi import Request, Response

from app.errors import BodyTooLarge, NotReady
from app.http.compression import unpack
from app.repository.registry import Registry


def registry_of(request: Request) -> Registry:
    """Return the application's models."""
    registry: Registry = request.app.state.registry
    return registry


async def not_started(request: Request) -> Response:
    """Answer a hot route that has no handler before the lifespan begins. It also gives other methods a 405."""
    raise NotReady("The service is starting; this path is not answered yet.")


async def body_of(request: Request, max_bytes: int) -> bytes:
    """Collect a body without its byte order mark; raises what `app.http.compression.unpack` does, and stops as it."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > max_bytes:
            raise BodyTooLarge((), f"at most {max_bytes} bytes", "more")
    plain = unpack(bytes(body), request.headers.get("content-encoding", "").encode("latin-1"), max_bytes)
    return plain.removeprefix(BOM_UTF8)
