"""OpenTelemetry: a span for each sampled prediction, and one for each of its stages; the extra `tracing` brings it.

Spans are made when the answer is there, of times that are known by then: what is not sampled costs the sampler's
question, and what is sampled about 12 µs. A thread of the SDK sends them in batches; when the collector is slow or
gone its queue is full and spans are dropped, never answers delayed. Nothing is imported where nothing is traced.
"""

import asyncio
import contextlib
import logging
import os
import random
import threading
from collections.abc import Iterable
from importlib.util import find_spec
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Any

from app.http.request_ids import Identity, Parent
from app.telemetry.request_record import Record

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import SpanContext

log = logging.getLogger("slipway.tracing")

HOW_TO_INSTALL = (
    "Cannot trace: the extra `tracing` is not installed. Install it: "
    "python -m pip install --require-hashes -r requirements/tracing.lock (or `pip install '.[tracing]'`); "
    "or leave out --tracing."
)
NEEDS = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
EXPORTERS = ("otlp", "console", "none")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
STOP_S = 3.0  # that the last spans may take on their way when the process ends

# gRPC's words for what is the service's fault, by the semantic conventions.
RPC_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})


def fault() -> str:
    """Return why spans cannot be sent as OTEL_* ask for, in a sentence that says what to do; empty if they can."""
    if not installed(NEEDS):
        return HOW_TO_INSTALL
    if _exporter() not in EXPORTERS:
        return f"Invalid `OTEL_TRACES_EXPORTER`: expected {', '.join(EXPORTERS)}. Received: {_exporter()}."
    for name in PROTOCOLS:
        if _variable(name) not in ("", "http/protobuf"):
            return f"Invalid `{name}`: expected http/protobuf. Received: {_variable(name)}."
    return ""


def start(version: str, scheme: str = "http") -> "Tracing | None":
    """Begin to trace; None where OTEL_* say that nothing is to be; raises `RuntimeError` when there is a `fault`."""
    if reason := fault():
        raise RuntimeError(reason)
    if _exporter() == "none" or _variable("OTEL_SDK_DISABLED").lower() == "true":
        return None
    return Tracing(version, scheme, _exporter())


class Tracing:
    """The sampler, and the way of spans to the collector; used on the event loop alone."""

    def __init__(self, version: str, scheme: str = "http", exporter: str = "otlp") -> None:
        from opentelemetry import trace  # noqa: PLC0415  (only tracing pays for the imports)
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import Decision  # noqa: PLC0415
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

        self._scheme = scheme
        self._api = trace
        self._span = ReadableSpan
        self._kept = Decision.RECORD_AND_SAMPLE
        resource = Resource.create({"service.version": version})
        if str(resource.attributes["service.name"]).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "slipway"}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)  # it reads OTEL_TRACES_SAMPLER
        self._sampler = provider.sampler
        scope = InstrumentationScope("slipway", version)
        self._common: dict[str, Any] = {"resource": resource, "instrumentation_scope": scope}
        self._processor = _processor(exporter)

    def samples(self, identity: Identity) -> bool:
        """Ask the sampler, which by default follows the caller; what it keeps is part of a trace from here on."""
        parent = identity.parent
        trace_id = parent.trace_id if parent is not None else f"{random.getrandbits(128) or 1:032x}"
        around = None
        if parent is not None:
            around = self._api.set_span_in_context(self._api.NonRecordingSpan(self._context_of(parent)))
        result = self._sampler.should_sample(around, int(trace_id, 16), "predict", self._api.SpanKind.SERVER)
        if result.decision is self._kept:
            identity.trace_id = trace_id
            return True
        return False

    def enter(self, record: Record) -> None:
        """Queue the spans of a request that is sampled."""
        parent = record.identity.parent
        above = None if parent is None else self._context_of(parent)
        around = self._make_context(record.identity.trace_id, above)
        from_monotonic = time_ns() - int(monotonic() * 1e9)

        def at(moment: float) -> int:
            return from_monotonic + int(moment * 1e9)

        for stage, (begin, end) in record.stages().items():
            inner = self._make_context(record.identity.trace_id, around)
            self._add(stage, inner, around, start_time=at(begin), end_time=at(end))
        name, about = _rpc(record) if record.protocol == "grpc" else _http(record, self._scheme)
        facts = {"kind": self._api.SpanKind.SERVER, "attributes": about | _own(record), "status": self._status(record)}
        times = {"start_time": at(record.started or record.ended), "end_time": at(record.ended)}
        self._add(name, around, above, **facts, **times)

    async def stop(self) -> None:
        """Send what waits; give up after `STOP_S` and leave the thread, which keeps no process."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            self._processor.shutdown()
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waited for so long
                loop.call_soon_threadsafe(done.set)

        threading.Thread(target=shut_down, name="last spans", daemon=True).start()
        try:
            await asyncio.wait_for(done.wait(), STOP_S)
        except TimeoutError:
            log.warning("The collector did not take the last spans within %g s.", STOP_S)

    def _add(self, name: str, context: "SpanContext", above: "SpanContext | None", **about: Any) -> None:
        self._processor.on_end(self._span(name, context, above, **self._common, **about))

    def _context_of(self, parent: Parent) -> "SpanContext":
        flags = self._api.TraceFlags(self._api.TraceFlags.SAMPLED if parent.sampled else 0)
        state = self._api.TraceState.from_header([parent.state]) if parent.state else None
        return self._api.SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), True, flags, state)

    def _make_context(self, trace_id: str, above: "SpanContext | None") -> "SpanContext":
        sampled = self._api.TraceFlags(self._api.TraceFlags.SAMPLED)
        state = None if above is None else above.trace_state
        return self._api.SpanContext(int(trace_id, 16), random.getrandbits(64) or 1, False, sampled, state)

    def _status(self, record: Record) -> Any:
        """Only what is the service's fault is an error of a server's span."""
        faulty = record.code in RPC_FAULTS if record.protocol == "grpc" else record.status >= 500
        code = self._api.StatusCode.ERROR if faulty else self._api.StatusCode.UNSET
        return self._api.Status(code, record.error if faulty else None)


def _http(record: Record, scheme: str) -> tuple[str, dict[str, Any]]:
    """Name a span of HTTP by method and route, as the semantic conventions have it."""
    path = record.route
    if record.model:  # otherwise the path might hold what is nobody's business
        path = path.replace("{name}", record.model).replace("{version}", str(record.version))
    about: dict[str, Any] = {
        "http.request.method": record.method,
        "http.route": record.route,
        "url.path": path,
        "url.scheme": scheme,
        "http.response.status_code": record.status,
        "http.request.body.size": record.bytes_in,
        "http.response.body.size": record.bytes_out,
    }
    if record.status >= 500:
        about["error.type"] = str(record.status)
    return f"{record.method} {record.route}", about


def _rpc(record: Record) -> tuple[str, dict[str, Any]]:
    about: dict[str, Any] = {"rpc.system.name": "grpc", "rpc.method": record.route}
    if record.code:
        about["rpc.response.status_code"] = record.code
    if record.code in RPC_FAULTS:
        about["error.type"] = record.code
    return record.route, about


def _own(record: Record) -> dict[str, Any]:
    """Return what no convention has a word for; what is not known is left out."""
    about = {f"slipway.{name}": getattr(record, name) for name in ("protocol", "model", "version", "rows")}
    about["slipway.request_id"] = record.identity.name()
    return {name: value for name, value in about.items() if value}


def _processor(exporter: str) -> "SpanProcessor":
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter  # noqa: PLC0415

    if exporter == "console":
        return BatchSpanProcessor(ConsoleSpanExporter())
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    return BatchSpanProcessor(OTLPSpanExporter())


def _exporter() -> str:
    return _variable("OTEL_TRACES_EXPORTER") or "otlp"


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()[:80]


def installed(packages: Iterable[str]) -> bool:
    """Whether all packages of an extra are there; none is imported."""
    try:
        return all(find_spec(package) is not None for package in packages)
    except ModuleNotFoundError:  # not even its parent
        return False
