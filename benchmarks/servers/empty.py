"""A limit: the least that uvicorn can do. An ASGI callable that reads nothing and answers `{}`."""

import os
from typing import Any

import uvicorn

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
}
BODY = {"type": "http.response.body", "body": b"{}"}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send(START)
        await send(BODY)


if __name__ == "__main__":
    port = int(os.environ["BENCH_PORT"])
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")
