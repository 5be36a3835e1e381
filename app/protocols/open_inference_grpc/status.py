"""What a call says of itself, and what its caller is told: metadata as a head, the tree of errors as status codes.

A bug shows nothing of its text. It knows no method.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from grpc import StatusCode

from app import errors
from app.errors import DeadlineExceeded, Headers, ModelFailed, Overloaded, RequestError
from app.http.byte_budget import Hold
from app.http.handler import Head, Ticket
from app.http.request_ids import identify, sent_ids
from app.protocols.open_inference_grpc.context import Context
from app.protocols.open_inference_grpc.receiving import Receiver
from app.protocols.open_inference_grpc.sending import Answers, ending
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


class Call:
    """One call, whose message waits until somebody asks for it; `context` is gRPC's own."""

    __slots__ = ("_receiver", "context", "head", "hold", "ran", "size_bytes", "ticket")

    def __init__(self, context: Context, receiver: Receiver) -> None:
        self._receiver = receiver
        self.context = context
        self.head = _head_of(context)
        self.size_bytes = 0  # of the message, once it is here
        self.hold: Hold | None = None  # what it takes of the budget, where that counts
        self.ticket: Ticket | None = None  # once it is queued
        self.ran: RunTimes | None = None  # the run that it was in

    async def receive(self) -> bytes:
        """Return the message, which counts until the call has ended. To be asked for after the key."""
        data, self.hold = await self._receiver.receive(self.context)
        if self.hold is not None and (task := asyncio.current_task()) is not None:
            task.add_done_callback(ending(self.hold))
        self.size_bytes = len(data)
        return data

    async def glance(self) -> bytes:
        """Return the message of a method that asks for no key; see `Receiver.glance`."""
        return await self._receiver.glance(self.context)


Behaviour = Callable[[Call], Awaitable[bytes]]
Answer = Callable[[object, Context], Awaitable[bytes]]


@dataclass(frozen=True)
class Calls:
    """What the calls of one server share."""

    receiver: Receiver
    answers: Answers
    observer: RequestObserver


def observed(behaviour: Behaviour, method: str, protocol: str, calls: Calls) -> Answer:
    """Return `behaviour` with a status in the place of what it raises, and the observer told of its end.

    `method` is its full name, `protocol` as it is counted: empty where good answers are nothing to tell of. What comes
    back is for a method that takes a stream: gRPC would read the one message of others before anybody is asked.
    """
    observer = calls.observer

    async def answer(_messages: object, context: Context) -> bytes:
        call, started = Call(context, calls.receiver), monotonic()

        def tell(status: int, code: StatusCode, error: str = "", body: bytes = b"") -> Pairs:
            record = Record(identify(sent_ids(call.head.headers)), status, method, protocol, code=code.name)
            record.who, record.started, record.error = caller_name(call.head), started, error
            record.bytes_in, record.bytes_out = call.size_bytes, len(body)
            return observer.answered_call(record, call.ticket, call.ran)

        try:
            body = await behaviour(call)
        except RequestError as error:
            refusal: RequestError = _bare(error)
        except asyncio.CancelledError:
            tell(*_why_cancelled(context))
            raise
        except Exception:
            log.exception("A call failed.", extra=PRIVATE)
            refusal = ModelFailed("Internal error.")
        else:
            if observer.watching or sent_ids(call.head.headers) is not None:
                context.set_trailing_metadata(_metadata(tell(200, StatusCode.OK, body=body)))
            call.ticket = None  # what it holds refers to the call: a circle, and with it the arrays of the request
            calls.answers.begin(context, len(body), call.hold)
            return body
        code = CODES.get(type(refusal), StatusCode.INTERNAL)
        own = _metadata(tell(refusal.status, code, refusal.text))
        call.ticket = None
        # What would be headers of a response follow the status as trailing metadata.
        return await context.abort(code, str(refusal)[:MESSAGE_MAX], (*_headers_of(refusal), *own))

    return answer


def _bare(error: RequestError) -> RequestError:
    """Return the error without the frames that it came through: they hold the message, and this one the error.

    A circle lives until the garbage collector comes by, and no number of bytes makes it come.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _headers_of(refusal: RequestError) -> Headers:
    """Return what follows the status; a client with a policy to try again waits as long as it is told."""
    if not isinstance(refusal, Overloaded):
        return refusal.headers
    return (*refusal.headers, ("grpc-retry-pushback-ms", str(refusal.retry_after_s * 1000)))


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
