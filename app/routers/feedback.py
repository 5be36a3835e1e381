"""`POST /feedback`: the true value of something that was predicted.

    {"id": "4bf9…", "value": ">50K"}           of a request of one row
    {"id": "4bf9…", "values": [">50K", null]}  of each row; null where it is not known yet

There only where the setting `feedback` is on. Only the caller that got a prediction may settle it. It takes the keys,
and counts for the rates, of `/predict`.
"""

import dataclasses
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.errors import BodyTooLarge, InvalidInput
from app.features.json_errors import decode
from app.feedback.store import Feedback
from app.http.handler import Head
from app.routers.context import body_of
from app.routers.schemas import TEXT, Json, array, content

BODY_MAX_BYTES = 2**20


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent."""

    id: str | None = None
    request_id: str | None = None
    value: Any = msgspec.UNSET
    values: list[Any] | msgspec.UnsetType = msgspec.UNSET


DECODER = msgspec.json.Decoder(Body)

router = APIRouter(tags=["feedback"])

SCHEMA: Json = {
    "type": "object",
    "properties": {
        "id": TEXT | {"description": "The `X-Request-ID` of the answer; `request_id` is the same."},
        "request_id": TEXT,
        "value": {"description": "The true label or number, where the request had one row."},
        "values": array({}, description="One a row; null where it is not known yet."),
    },
    "additionalProperties": False,
    "example": {"id": "4bf92f3577b34da6a3ce929d0e0e4736", "value": ">50K"},
}
REFUSED = {
    400: "The values do not fit what was predicted",
    401: "Keys are asked for, and no valid one was sent",
    404: "No prediction of this id is kept here for this caller",
    409: "Another value was sent before, or several answers had this id",
    413: "The body is too large",
    429: "The caller is above its rate",
}


@router.post(
    "/feedback",
    summary="Say what was true",
    responses={code: content(text) for code, text in REFUSED.items()},
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": SCHEMA}}}},
)
async def feedback(request: Request) -> JSONResponse:
    """Give the true value of what was predicted; running scores of the version become metrics."""
    known: Feedback = request.app.state.feedback
    try:
        request_id, values = _read(await body_of(request, BODY_MAX_BYTES))
    except (InvalidInput, BodyTooLarge):
        known.invalid()
        raise
    head = Head(request.scope["query_string"], request.scope["headers"])
    caller = request.app.guards.callers.identify(head)
    return JSONResponse({"id": request_id, **dataclasses.asdict(known.settle(request_id, caller, values))})


def _read(data: bytes) -> tuple[str, list[Any]]:
    body = decode(DECODER, data, Body.__struct_fields__)
    request_id = body.id or body.request_id
    if not request_id or (body.id and body.request_id):
        received = "two" if request_id else "none"
        raise InvalidInput(("id",), "the `X-Request-ID` of an answer, as `id` or `request_id`", received)
    if (body.value is msgspec.UNSET) == (body.values is msgspec.UNSET):
        received = "neither" if body.value is msgspec.UNSET else "both"
        raise InvalidInput((), "`value` or `values`", received)
    return request_id, [body.value] if body.values is msgspec.UNSET else body.values
