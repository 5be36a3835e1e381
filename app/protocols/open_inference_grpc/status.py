"""What a call says of itself, and what its caller is told: metadata as a head, the tree of errors as status codes.

A bug shows nothing of its text. It knows no method.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from grpc import StatusCode
from grpc.aio import ServicerContext

from app import errors
from app.errors import DeadlineExceeded, ModelFailed, RequestError
from app.http.handler import Head, Ticket
from app.http.request_ids import identify, sent_ids
from app.telemetry.log_format import PRIVATE
from app.telemetry.request_observer import CLIENT_LEFT, Pairs, RequestObserver, RunTimes, caller_name, id_headers
from app.telemetry.request_record import Record

log = logging.getLogger("slipway.rpc")

CODES: dict[type[RequestError], StatusCode] = {
    errors.InvalidInput: StatusCode.INVALID_ARGUMENT,
    errors.BodyTooLarge: StatusCode.INVALID_ARGUMENT,  # of rows; bytes are refused before. Trying again is no use
    errors.Unauthorized: StatusCode.UNAUTHENTICATED,
    errors.NotFound: StatusCode.NOT_FOUND,
    errors.NotReady: StatusCode.UNAVAILABLE,
    errors.Overloaded: StatusCode.RESOURCE_EXHAUSTED,
    DeadlineExceeded: StatusCode.DEADLINE_EXCEEDED,
    ModelFailed: StatusCode.INTERNAL,
}
MESSAGE_MAX = 500  # characters; a status travels in a header, each byte of it perhaps as three, and those have 8 KiB

Context = ServicerContext[Any, Any]


class Call:
    """One call; `context` is gRPC's own."""

    __slots__ = ("context", "head", "ran", "ticket")

    def __init__(self, context: Context) -> None:
        self.context = context
        self.head = _head_of(context)
        self.ticket: Ticket | None = None  # once it is queued
        self.ran: RunTimes | None = None  # the run that it was in


Behaviour = Callable[[bytes, Call], Awaitable[bytes]]
Answer = Callable[[bytes, Context], Awaitable[bytes]]


def observed(behaviour: Behaviour, method: str, protocol: str, observer: RequestObserver) -> Answer:
    """Return `behaviour` with a status in the place of what it raises, and the observer told of its end.

    `method` is its full name, `protocol` as it is counted: empty where good answers are nothing to tell of.
    """

    async def answer(data: bytes, context: Context) -> bytes:
        call, started = Call(context), monotonic()

        def tell(status: int, code: StatusCode, error: str = "", body: bytes = b"") -> Pairs:
            record = Record(identify(sent_ids(call.head.headers)), status, method, protocol, code=code.name)
            record.who, record.started, record.error = caller_name(call.head), started, error
            record.bytes_in, record.bytes_out = len(data), len(body)
            return observer.answered_call(record, call.ticket, call.ran)

        try:
            body = await behaviour(data, call)
        except RequestError as error:
            refusal: RequestError = error
        except asyncio.CancelledError:
            tell(*_why_cancelled(context))
            raise
        except Exception:
            log.exception("A call failed.", extra=PRIVATE)
            refusal = ModelFailed("Internal error.")
        else:
            if observer.watching or sent_ids(call.head.headers) is not None:
                context.set_trailing_metadata(_metadata(tell(200, StatusCode.OK, body=body)))
            return body
        code = CODES.get(type(refusal), StatusCode.INTERNAL)
        own = _metadata(tell(refusal.status, code, refusal.text))
        # What would be headers of a response follow the status as trailing metadata.
        return await context.abort(code, str(refusal)[:MESSAGE_MAX], (*refusal.headers, *own))

    return answer


def _why_cancelled(context: Context) -> tuple[int, StatusCode, str]:
    remaining_s = context.time_remaining()
    if remaining_s is not None and remaining_s <= 0:  # gRPC ended it, and has told the caller
        return DeadlineExceeded.status, StatusCode.DEADLINE_EXCEEDED, "The deadline passed before the answer."
    return CLIENT_LEFT, StatusCode.CANCELLED, "The caller left before its answer."


def name_answer(context: Context) -> None:
    """Give the id back that a call came with, if it did."""
    sent = sent_ids(_head_of(context).headers)
    if sent is not None:
        context.set_trailing_metadata(_metadata(id_headers(identify(sent))))


def _head_of(context: Context) -> Head:
    """Return the call's metadata, without values that are bytes."""
    pairs = context.invocation_metadata() or ()
    return Head(b"", [(name.encode(), value.encode()) for name, value in pairs if isinstance(value, str)])


def _metadata(pairs: Pairs) -> tuple[tuple[str, str], ...]:
    return tuple([(name.decode(), value.decode()) for name, value in pairs])
