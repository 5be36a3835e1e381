"""The log of requests: which of them get a line, and what stands in it.

A flood of refusals must not become a flood of lines: of each status above 399 so many a second are written, and the
next line of that status says how many were left out. Lines go through the ordinary loggers, as `slipway.requests`.
"""

import logging
import random
from typing import Any

from app.http.rate_limit import Bucket
from app.telemetry.request_record import Record

FAULTS_PER_S = 1000.0  # of each status from 500 on: all of them, unless there is nothing but faults
REFUSALS_PER_S = 10.0  # of each status from 400 to 499: enough to see what callers do wrong

UNKNOWN_VERSION = 505  # the one status above 499 that is the caller's doing alone

ASKED = ("method", "route", "protocol", "model", "version")
ANSWERED = ("status", "code", "rows", "bytes_in", "bytes_out", "error", "who")

log = logging.getLogger("slipway.requests")


class RequestLog:
    """Decides and writes; used on the event loop alone. Of the good answers a `share`, 0 to 1, has a line."""

    def __init__(self, share: float) -> None:
        self.share = share
        self._buckets: dict[int, Bucket] = {}
        self._left_out: dict[int, int] = {}

    def wants(self, status: int) -> bool:
        """Draw a good answer, or take from what a second may hold of errors."""
        if status < 400:
            return self.share > 0 and random.random() < self.share  # noqa: S311
        if status not in self._buckets:
            self._buckets[status] = Bucket(FAULTS_PER_S if _is_fault(status) else REFUSALS_PER_S)
        if self._buckets[status].take():
            self._left_out[status] = self._left_out.get(status, 0) + 1
            return False
        return True

    def write(self, record: Record) -> None:
        level = logging.ERROR if _is_fault(record.status) else logging.WARNING if record.status >= 400 else logging.INFO
        if log.isEnabledFor(level):
            text = f"{record.method} {record.route or '(unknown)'} {record.code or record.status}"
            line = logging.LogRecord(log.name, level, "", 0, text, None, None)
            # Read by the forms of `app.telemetry.log_format`.
            line.fields = fields_of(record) | self._gap(record.status)
            log.handle(line)

    def _gap(self, status: int) -> dict[str, int]:
        count = self._left_out.pop(status, 0)
        return {"left_out": count} if count else {}


def _is_fault(status: int) -> bool:
    return status >= 500 and status != UNKNOWN_VERSION


def fields_of(record: Record) -> dict[str, Any]:
    """Return the fields of a line, without those of which nothing is known."""
    fields: dict[str, Any] = {"request_id": record.identity.name(), "trace_id": record.identity.trace_id}
    fields |= {name: getattr(record, name) for name in (*ASKED, *ANSWERED)}
    if record.started:
        fields["duration_ms"] = _ms(record.ended - record.started)
    for stage, (begin, end) in record.stages().items():
        fields[f"{stage}_ms"] = _ms(end - begin)
    return {name: value for name, value in fields.items() if value or name.endswith("_ms")}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
