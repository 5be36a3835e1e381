"""What a call says of itself, and what its caller is told: metadata as a head, the tree of errors as status codes.

    head_of(context)          metadata, as `app.guard` reads it
    told(behaviour)           a behaviour whose errors become the call's status; a bug shows nothing of its text

It knows no method.
"""

import logging
from collections.abc import Awaitable, Callable

from grpc import StatusCode
from grpc.aio import ServicerContext

from app.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    InvalidInput,
    ModelFailed,
    NotFound,
    NotReady,
    Overloaded,
    RequestError,
    Unauthorized,
)
from app.handler import Head

log = logging.getLogger("slipway.rpc")

CODES: dict[type[RequestError], StatusCode] = {
    InvalidInput: StatusCode.INVALID_ARGUMENT,
    BodyTooLarge: StatusCode.INVALID_ARGUMENT,  # of rows; too many bytes do not come this far. Trying again is no use
    Unauthorized: StatusCode.UNAUTHENTICATED,
    NotFound: StatusCode.NOT_FOUND,
    NotReady: StatusCode.UNAVAILABLE,
    Overloaded: StatusCode.RESOURCE_EXHAUSTED,
    DeadlineExceeded: StatusCode.DEADLINE_EXCEEDED,
    ModelFailed: StatusCode.INTERNAL,
}
MESSAGE_MAX = 500  # characters; a status travels in a header, each byte of it perhaps as three, and those have 8 KiB

Context = ServicerContext[bytes, bytes]
Behaviour = Callable[[bytes, Context], Awaitable[bytes]]


def head_of(context: Context) -> Head:
    """Return the call's metadata, without values that are bytes."""
    pairs = context.invocation_metadata() or ()
    return Head(b"", [(name.encode(), value.encode()) for name, value in pairs if isinstance(value, str)])


def told(behaviour: Behaviour) -> Behaviour:
    """Return `behaviour` with a status in the place of what it raises."""

    async def answer(data: bytes, context: Context) -> bytes:
        try:
            return await behaviour(data, context)
        except RequestError as error:
            refusal: RequestError = error
        except Exception:
            log.exception("A call failed.")
            refusal = ModelFailed("Internal error.")
        # What would be headers of a response follow the status as trailing metadata.
        code = CODES.get(type(refusal), StatusCode.INTERNAL)
        return await context.abort(code, refusal.message[:MESSAGE_MAX], refusal.headers)

    return answer
