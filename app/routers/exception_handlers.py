"""Errors of the ordinary routes, as `{"error": …}` like everywhere else."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.errors import InvalidInput, MethodNotAllowed, NotFound, RequestError, render
from app.transport.asgi import ERROR_TEXT


def register_faults(app: FastAPI) -> None:
    """Render every exception of FastAPI's routes through `app.errors.render`."""

    async def on_error(request: Request, error: Exception) -> Response:
        return ErrorResponse(_translate(request, error))

    async def on_leave(request: Request, error: Exception) -> Response:
        return Response(status_code=400)  # nobody reads it: the client left before its body was there

    app.add_exception_handler(ClientDisconnect, on_leave)
    for kind in (HTTPException, RequestValidationError, RequestError, Exception):
        app.add_exception_handler(kind, on_error)


def _translate(request: Request, error: Exception) -> Exception:
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return InvalidInput(first["loc"], _expectation(first), str(first["input"])[:80])
    if isinstance(error, HTTPException) and isinstance(error.__cause__, RequestError):
        return error.__cause__  # raised while FastAPI received a body: too much of it, or no room
    if isinstance(error, HTTPException) and error.status_code == 404:
        return NotFound("Unknown path: expected one of those listed at /docs.", f"`{request.url.path[:200]}`")
    if isinstance(error, HTTPException) and error.status_code == 405:
        return MethodNotAllowed((error.headers or {}).get("Allow", ""), request.method)
    return error


def _expectation(fault: Mapping[str, Any]) -> str:
    """Put pydantic's words for a fault into the form of an expectation."""
    if fault["type"] == "missing":
        return "a value"
    message: str = fault["msg"]
    plain = message.removeprefix("Input should be ")
    return plain if plain != message else f"what is valid ({message})"


class ErrorResponse(Response):
    """The answer to an exception; what a log may say of it goes into the scope."""

    def __init__(self, error: Exception) -> None:
        status, body, headers, self._logged = render(error)
        if isinstance(error, HTTPException):
            status = error.status_code
        super().__init__(body, status, dict(headers), "application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ERROR_TEXT] = self._logged
        await super().__call__(scope, receive, send)
