"""Pages of other origins may call the service: CORS (the Fetch standard, section 3.3), for origins that are named.

    Cors.of(text)                the setting: exact origins, comma between them ─> None where there are none
    Cors.pairs(origin)           headers of an answer to a page of that origin, for the browser and for caches
    Cors.sending(scope, send)    the same on the ASGI path; it also answers a preflight, whose answer may be kept

A preflight bears no key and needs none: it says only what a path is for. The keys are asked of what follows.
It knows no route: what may be asked of a path stands in the `Allow` of the answer to OPTIONS.
"""

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator
from starlette.types import Message, Scope, Send

Pairs = tuple[tuple[bytes, bytes], ...]

ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
MAX_AGE_S = 7200  # that an answer to a preflight may be kept: as long as Chrome does at most
ASKED = (
    "authorization, content-encoding, content-type, inference-header-content-length, traceparent, tracestate, "
    "x-api-key, x-request-id, x-request-timeout-ms"
)
SHOWN = "allow, inference-header-content-length, retry-after, x-request-id, x-slipway-version"
VARY = (b"vary", b"origin")


def _check(text: str) -> str:
    """Refuse what no browser sends as an origin, and `*`, which would open the service to every page."""
    for origin in _origins(text):
        if ORIGIN.fullmatch(origin) is None:
            expected = "origins as browsers send them, such as https://app.example.com or http://localhost:3000"
            raise ValueError(f"expected {expected}, comma between them. Received: {origin[:80]}")
    return text


Origins = Annotated[str, AfterValidator(_check)]


class Cors:
    """The origins whose pages may read the answers."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset([origin.encode() for origin in origins])

    @classmethod
    def of(cls, text: str) -> "Cors | None":
        origins = _origins(text)
        return cls(origins) if origins else None

    def pairs(self, origin: bytes) -> Pairs:
        """Return the headers of an answer; a page of another origin gets none that would let it read."""
        if origin not in self._origins:
            return (VARY,)
        return (
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", SHOWN.encode()),
            VARY,
        )

    def lines(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return the same as lines of a head, for a request with these headers; empty where no page asks."""
        origin = dict(headers).get(b"origin")
        return b"" if origin is None else b"".join([b"%b: %b\r\n" % pair for pair in self.pairs(origin)])

    def sending(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that adds the headers to the answer of an ASGI application."""
        said = dict(scope["headers"])
        pairs = self.pairs(said.get(b"origin", b""))
        preflight = scope["method"] == "OPTIONS" and b"access-control-request-method" in said and len(pairs) > 1

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), *pairs]
                message = {**message, "headers": headers + (_permission(headers) if preflight else [])}
            await send(message)

        return send_on


def _permission(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return what a preflight asks for, of a path whose methods are among the headers of its answer."""
    return [
        (b"access-control-allow-methods", dict(headers).get(b"allow", b"")),
        (b"access-control-allow-headers", ASKED.encode()),
        (b"access-control-max-age", b"%d" % MAX_AGE_S),
    ]


def _origins(text: str) -> list[str]:
    return [origin for part in text.split(",") if (origin := part.strip())]
