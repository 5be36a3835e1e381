"""What is recorded about each request: the id that its answer bears, a line in the log, a span, an entry for feedback.

    answered(request, handler, sent, ticket, status, body)    ──> the headers that its answer gets
                 ├─ a record, if its line is wanted or its trace is sampled ─> `request_log`, `tracing`
                 └─ remember(id, caller, ticket), for good answers, if feedback asks for it

Where nothing of this is asked for, a transport that has a good answer to a request without an id never comes here:
`watching` says so once, when a connection is made. Errors always come.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any

from app.http.handler import Handler, Head, Request, Ticket
from app.http.purpose import PREVIEW
from app.http.request_ids import Identity, SentIds, fresh, identify
from app.telemetry.request_log import RequestLog
from app.telemetry.request_record import Record
from app.telemetry.tracing import Tracing

Pairs = tuple[tuple[bytes, bytes], ...]
Remember = Callable[[str, str, Ticket], None]  # the id, the caller's name and the ticket of a good answer
RunTimes = tuple[float, float, float]  # a run's beginning and end, and the seconds at its end that wrote answers
CLIENT_LEFT = 499  # what nginx made the custom, for an answer that nobody took


class RequestObserver:
    """Records the requests of every transport; used on the event loop alone.

    Of the good answers a `share` gets a line in the log; spans go to `tracing`, where there is one.
    """

    def __init__(self, share: float = 0.0, tracing: Tracing | None = None) -> None:
        self._log = RequestLog(share)
        self._tracing = tracing
        self.remember: Remember | None = None
        """Set before anybody connects: told on the event loop of each good answer, before it goes out.

        Of the ticket `model`, `size` and `answer` may be read. Every good answer then bears `X-Request-ID`.
        """

    @property
    def watching(self) -> bool:
        """True when good answers are to come here, too."""
        return self._log.share > 0 or self._tracing is not None or self.remember is not None

    def answered(
        self,
        request: Request,
        handler: Handler,
        sent: SentIds | None,
        ticket: Ticket | None,
        status: int,
        body: bytes,
        error: str = "",
    ) -> Pairs:
        """Take the answer to a request of a hot route; return the headers that name it; a log may say `error`."""
        lined = self._log.wants(status)
        if status >= 400 and sent is None and not lined and self._tracing is None:
            return ((b"x-request-id", fresh().encode()),)  # as below, for less: floods are made of these
        identity = identify(sent)
        traced = self._tracing is not None and self._tracing.samples(identity)
        if traced or lined:
            record = _record(identity, request, handler, ticket, status)
            record.bytes_out, record.error = len(body), error
            self._enter(record, ticket, lined=lined, traced=traced)
        if status == 200 and self.remember is not None and ticket is not None and handler.protocol != PREVIEW:
            self.remember(identity.name(), caller_name(request.head), ticket)
        if status >= 400:
            identity.name()
        return id_headers(identity)

    def abandoned(self, request: Request, handler: Handler, sent: SentIds | None, ticket: Ticket) -> None:
        """Take a request whose caller did not wait for the answer."""
        identity = identify(sent)
        traced = self._tracing is not None and self._tracing.samples(identity)
        lined = self._log.share > 0 and self._log.wants(CLIENT_LEFT)
        if traced or lined:
            record = _record(identity, request, handler, ticket, CLIENT_LEFT)
            record.error = "The caller left before its answer."
            self._enter(record, ticket, lined=lined, traced=traced)

    def answered_ordinary(self, record: Record) -> Pairs:
        """Take an answer of an ordinary route, which is not traced: `record` but for its end."""
        if self._log.wants(record.status):
            record.ended = monotonic()
            self._log.write(record)
        if record.status >= 400:
            record.identity.name()
        return id_headers(record.identity)

    def answered_call(self, record: Record, ticket: Ticket | None, ran: RunTimes | None) -> Pairs:
        """Take the answer to a call of gRPC, some turns of the loop after it was there."""
        identity = record.identity
        traced = bool(record.protocol) and self._tracing is not None and self._tracing.samples(identity)
        quiet = (record.status == 200 and not record.protocol) or (record.status == CLIENT_LEFT and not self._log.share)
        lined = not quiet and self._log.wants(record.status)
        if traced or lined:
            record.ended = monotonic()
            _add(record, ticket, ran)
            self._enter(record, ticket, lined=lined, traced=traced)
        if record.status == 200 and self.remember is not None and ticket is not None:
            self.remember(identity.name(), record.who, ticket)
        if record.status >= 400:
            identity.name()
        return id_headers(identity)

    async def stop(self) -> None:
        """Send the spans that wait."""
        if self._tracing is not None:
            await self._tracing.stop()

    def _enter(self, record: Record, ticket: Ticket | None, *, lined: bool, traced: bool) -> None:
        if lined:
            self._log.write(record)
        if traced and self._tracing is not None:
            self._tracing.enter(record)
            if record.status == 200 and ticket is not None and record.protocol != PREVIEW:
                ticket.model.metrics.traced(record.ended - record.started, record.identity.trace_id)


def id_headers(identity: Identity) -> Pairs:
    """Return the headers of an answer that bears this identity; none where there is none."""
    return ((b"x-request-id", identity.id.encode()),) if identity.id else ()


def caller_name(head: Head) -> str:
    """Return the name of the key with which a request came in, empty without one."""
    return "" if head.verdict is None else str(head.verdict[2])


def _record(identity: Identity, request: Request, handler: Handler, ticket: Ticket | None, status: int) -> Record:
    record = Record(identity, status, handler.route, handler.protocol, bytes_in=request.size_bytes)
    record.who = caller_name(request.head)
    record.ended = monotonic()
    _add(record, ticket, None if ticket is None or ticket.model is None else last_run(ticket.model))
    return record


def last_run(model: Any) -> RunTimes:
    """Return the last run of an `app.runtime.model.Model`: that of whoever is answered just now."""
    return model.batcher.ran_from, model.batcher.ran_to, model.encode_s


def _add(record: Record, ticket: Ticket | None, ran: RunTimes | None) -> None:
    if ticket is None:
        return
    record.started, record.submitted, record.rows = ticket.started, ticket.submitted, ticket.size
    if ticket.model is not None:
        record.model, record.version = ticket.model.name, ticket.model.version
    if ran is not None and record.status in (200, 500) and ran[0] >= ticket.submitted > 0:
        record.run_from, record.run_to, record.encode_s = ran
