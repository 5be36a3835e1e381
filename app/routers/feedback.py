"""`POST /feedback`: the true value of something that was predicted.

    {"id": "4bf9…", "value": ">50K"}           of a request of one row
    {"id": "4bf9…", "values": [">50K", null]}  of each row; null where it is not known yet

There only where the setting `feedback` is on. It takes the keys, and counts for the rates, of `/predict`.
"""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.errors import BodyTooLarge, InvalidInput
from app.features.json_errors import explain
from app.feedback.store import Feedback
from app.http.compression import unpack
from app.routers.openapi import ERROR

BODY_MAX_BYTES = 2**20
NAMES = ("id", "request_id", "value", "values")


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent."""

    id: str | None = None
    request_id: str | None = None
    value: Any = msgspec.UNSET
    values: list[Any] | msgspec.UnsetType = msgspec.UNSET


router = APIRouter(tags=["feedback"])

VALUE: dict[str, Any] = {}  # as the model's answers have it
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "The `X-Request-ID` of the answer; `request_id` is the same."},
        "request_id": {"type": "string"},
        "value": {**VALUE, "description": "The true label or number, where the request had one row."},
        "values": {"type": "array", "items": VALUE, "description": "One a row; null where it is not known yet."},
    },
    "additionalProperties": False,
    "example": {"id": "4bf92f3577b34da6a3ce929d0e0e4736", "value": ">50K"},
}
REFUSED = {
    400: "The values do not fit what was predicted",
    401: "Keys are asked for, and no valid one was sent",
    404: "No prediction of this id is kept here",
    409: "Another value was sent before, or several answers had this id",
    413: "The body is too large",
    429: "The caller is above its rate",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"description": text, "content": {"application/json": {"schema": ERROR}}} for code, text in REFUSED.items()
}


@router.post(
    "/feedback",
    summary="Say what was true",
    responses=RESPONSES,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": SCHEMA}}}},
)
async def feedback(request: Request) -> JSONResponse:
    """Give the true value of what was predicted; running scores of the version become metrics."""
    known: Feedback = request.app.state.feedback
    try:
        request_id, values = _read(await _body(request))
    except (InvalidInput, BodyTooLarge):
        known.invalid()
        raise
    settled = known.settle(request_id, values)
    return JSONResponse(
        {
            "id": request_id,
            "model": settled.model,
            "version": settled.version,
            "counted": settled.counted,
            "repeated": settled.repeated,
        }
    )


async def _body(request: Request) -> bytes:
    """Collect a body, and stop when there is too much of it."""
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > BODY_MAX_BYTES:
            raise BodyTooLarge((), f"at most {BODY_MAX_BYTES} bytes", "more")
    return unpack(b"".join(pieces), request.headers.get("content-encoding", "").encode("latin-1"), BODY_MAX_BYTES)


def _read(content: bytes) -> tuple[str, list[Any]]:
    """Return the id and the values."""
    try:
        body = msgspec.json.decode(content, type=Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise explain(error, content, NAMES) from error
    request_id = body.id or body.request_id
    if not request_id or (body.id and body.request_id):
        received = "two" if request_id else "none"
        raise InvalidInput(("id",), "the `X-Request-ID` of an answer, as `id` or `request_id`", received)
    if (body.value is msgspec.UNSET) == (body.values is msgspec.UNSET):
        received = "neither" if body.value is msgspec.UNSET else "both"
        raise InvalidInput((), "`value` or `values`", received)
    if body.values is not msgspec.UNSET:
        return request_id, body.values
    return request_id, [body.value if body.value is not msgspec.UNSET else None]
