"""HEAD and OPTIONS, which every path has beside its own methods (RFC 9110, sections 9.3.2 and 9.3.7).

    HEAD      what GET answers, without the body ─> head_as_get(scope, send)
    OPTIONS   204, and the methods of the path   ─> allow(methods)

It knows no route.
"""

from collections.abc import Collection

from starlette.types import Message, Scope, Send


def head_as_get(scope: Scope, send: Send) -> tuple[Scope, Send]:
    """Return the scope of the same request by GET, and a `send` that leaves out the body."""

    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return {**scope, "method": "GET"}, send_head


def allow(methods: Collection[str]) -> str:
    """Write the methods of a path as the header `Allow` does, its own first."""
    own = [method for method in methods if method not in ("HEAD", "OPTIONS")]
    return ", ".join([*own, *(["HEAD"] if "GET" in own else []), "OPTIONS"])
