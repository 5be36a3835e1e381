"""How a version does just now, for those who may not see the metrics, or want a kilobyte of them."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.metrics.recent import Looks
from app.routers.context import registry_of

router = APIRouter(tags=["models"])


@router.get(
    "/models/{name}/versions/{version}/now",
    summary="How it does just now",
    response_class=Response,
    responses={
        400: {"description": "The version is no number"},
        404: {"description": "No such model or version"},
        503: {"description": "The version is not ready"},
    },
)
async def now(name: str, version: int, request: Request) -> Response:
    """Rates, latency and rows of a run over the last seconds that somebody looked, and drift in words."""
    looks: Looks = request.app.state.looks
    found = looks.look(registry_of(request).find(name, version))
    return Response(found, media_type="application/json", headers={"cache-control": "no-store"})
