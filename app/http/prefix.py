"""Under which prefix a proxy answers for the service: what `servers` of the OpenAPI document say, and the page's files.

    X-Forwarded-Prefix, else the setting `root_path` ─> `root_path` of the scope, which FastAPI writes there

A generated client and the page of documentation ask there, and the page finds its files where its own address has no
slash at the end. Nothing else depends on it: the proxy takes the prefix away, and what the service links is relative.
So the header needs no trusted sender: it changes the answer to itself alone, which says so to caches.
"""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator
from starlette.types import Message, Scope, Send

DOCUMENTS = ("/openapi.json", "/")
FORWARDED = b"x-forwarded-prefix"
PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")  # segments of a path: no host, and no way up


def _check(prefix: str) -> str:
    if PREFIX.fullmatch(prefix) is None:
        raise ValueError(f"expected a path such as /models/api, without a slash at its end. Received: {prefix[:80]}")
    return prefix


Prefix = Annotated[str, AfterValidator(_check)]


def behind_prefix(scope: Scope, send: Send, default: str) -> tuple[Scope, Send]:
    """Return the scope of a request for a document with the prefix, and a `send` for an answer that depends on it."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"vary", FORWARDED)]}
        await send(message)

    return {**scope, "root_path": _forwarded(scope["headers"]) or default}, send_on


def _forwarded(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """Return the prefix of the first proxy, empty where there is none or it is no path."""
    prefix = dict(headers).get(FORWARDED, b"").partition(b",")[0].strip().decode("latin-1").removesuffix("/")
    return prefix if PREFIX.fullmatch(prefix) else ""
