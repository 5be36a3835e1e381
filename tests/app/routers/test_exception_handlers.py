"""Errors of the ordinary routes are `{"error": …}` like everywhere else."""

from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import HTTPException, Query
from pydantic import AfterValidator

from app.errors import NotReady
from app.main import Slipway
from tests.support import serving


def odd(number: int) -> int:
    """Raise for an even one."""
    if number % 2 == 0:
        raise ValueError("no even number")
    return number


def with_routes(models: Path, keys: Path) -> Slipway:
    """An application with routes that fail in every way; as `app.http.access` does not know them, for operators."""
    app = serving.app_of(models, admin_keys_file=keys)

    @app.get("/number")
    async def number(wanted: Annotated[int, Query(le=5), AfterValidator(odd)]) -> int:
        return wanted

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError("the secret of the house")

    @app.get("/ours")
    async def ours() -> None:
        raise NotReady("Not yet.")

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "the secret of the pot")

    return app


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/number?wanted=x", 400, "Invalid `query.wanted`: expected a valid integer, "),
        ("/number?wanted=7", 400, "Invalid `query.wanted`: expected less than or equal to 5. Received: 7."),
        (
            "/number?wanted=4",
            400,
            "Invalid `query.wanted`: expected what is valid (Value error, no even number). Received: 4.",
        ),
        ("/number", 400, "Invalid `query.wanted`: expected a value."),
        ("/bug", 500, "Internal error."),
        ("/ours", 503, "Not yet."),
        ("/teapot", 418, "Internal error."),
        ("/nothing", 404, "Unknown path: expected one of those listed at /docs. Received: `/nothing`."),
        ("/" + "x" * 1000, 404, "x."),
    ],
)
async def test_every_error_has_the_same_form(
    path: str, status: int, message: str, models: Path, tmp_path: Path
) -> None:
    """Whoever raised it, and a bug shows nothing of its text."""
    async with serving.running(with_routes(models, serving.operators(tmp_path))) as client:
        response = await client.get(path, headers=serving.OPERATOR)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    assert message.removesuffix("x.") in response.json()["error"]
    assert "secret" not in response.text
    assert len(response.text) < 400


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_a_wrong_method(method: str, client: httpx.AsyncClient) -> None:
    """405 with `Allow`, on the hot route too."""
    response = await client.request(method, "/predict")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST, OPTIONS"
    assert response.json() == {"error": f"Invalid method: expected POST. Received: {method}."}


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/health/startup", "/metrics", "/models", "/models/tiny", "/"]
)
async def test_a_wrong_method_on_every_route(path: str, client: httpx.AsyncClient) -> None:
    """POST is refused wherever it does not belong."""
    response = await client.post(path)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert list(response.json()) == ["error"]
