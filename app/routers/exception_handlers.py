"""Errors of the ordinary routes, as `{"error": …}` like everywhere else."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.errors import InvalidInput, MethodNotAllowed, NotFound, RequestError, render


def register_faults(app: FastAPI) -> None:
    """Render every exception of FastAPI's routes through `app.errors.render`."""

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return response_of(_translate(request, error))

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return response_of(InvalidInput(f"Invalid `{where}`: {first['msg']}. Received: {str(first['input'])[:80]}."))

    async def on_error(request: Request, error: Exception) -> Response:
        return response_of(error)

    async def on_leave(request: Request, error: Exception) -> Response:
        return Response(status_code=400)  # nobody reads it: the client left before its body was there

    app.add_exception_handler(ClientDisconnect, on_leave)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(RequestError, on_error)
    app.add_exception_handler(Exception, on_error)


def _translate(request: Request, error: HTTPException) -> Exception:
    path = request.url.path[:200]
    if error.status_code == 404:
        return NotFound(f"Unknown path: expected one of those listed at /docs. Received: `{path}`.")
    if error.status_code == 405:
        allow = (error.headers or {}).get("Allow", "")
        return MethodNotAllowed(f"Invalid method for `{path}`: expected {allow}. Received: {request.method}.", allow)
    return error


def response_of(error: Exception) -> Response:
    """Render any exception."""
    status, body, headers = render(error)
    if isinstance(error, HTTPException):
        status = error.status_code
    return Response(body, status, dict(headers), "application/json")
