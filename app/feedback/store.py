"""Labels that come later: recent predictions by request id, met by the truth, become running scores.

    remember(id, …)      a good answer: its predictions are kept, the oldest beyond the bound go
    settle(id, values)   the truth: checked against what was predicted ─> Settled, and the version's scores move

Predictions stand here as numbers: the place of a label among the model's, or the value itself.
It is used on the event loop alone, and by one process: what another answered it does not know.
"""

import logging
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.errors import Conflict, InvalidInput, NotFound, RequestError
from app.feedback.running_scores import Scores, scores_of
from app.http.handler import Ticket
from app.metrics.feedback_metrics import FeedbackMetrics
from app.runtime.model import Model
from app.telemetry.log_format import PRIVATE
from app.tensors import Tensors

UNKNOWN = ("_unknown", "")
SHOWN_CHARS = 80  # of a value in a message

Value = str | float | None

log = logging.getLogger("slipway.feedback")


class Predicted(msgspec.Struct, frozen=True):
    """One prediction of an answer to `/predict`."""

    label: str | None = None
    value: float = 0.0


class Answer(msgspec.Struct, frozen=True):
    """The body of an answer to `/predict`."""

    predictions: list[Predicted]


ANSWER = msgspec.json.Decoder(Answer)


@dataclass(eq=False)
class Line:
    """A version, as far as its predictions are judged; it outlives the model."""

    name: str
    version: int
    labels: tuple[str, ...] | None
    scores: Scores
    gone: bool = False

    @property
    def series(self) -> tuple[str, str]:
        return self.name, str(self.version)


@dataclass(slots=True)
class Entry:
    """The predictions of one answer; `line` is None where several answers had this id."""

    line: Line | None
    predicted: tuple[float, ...]
    truth: list[float | None] = field(default_factory=list)  # filled in when the first value comes


@dataclass(frozen=True)
class Settled:
    """What became of the values of a request."""

    model: str
    version: int
    counted: int
    repeated: int


class Feedback:
    """Recent predictions, and the scores of what became of them.

    Args:
        metrics: the instruments.
        rows_max: predictions that are kept.
    """

    def __init__(self, metrics: FeedbackMetrics, rows_max: int) -> None:
        self._metrics = metrics
        self._rows_max = rows_max
        self._entries: OrderedDict[str, Entry] = OrderedDict()  # by request id, the oldest first
        self._rows = 0
        self._lines: dict[Model, Line] = {}
        metrics.requests.labels(*UNKNOWN, "unknown")
        metrics.requests.labels(*UNKNOWN, "invalid")

    def remember(self, request_id: str, protocol: str, ticket: Ticket, body: bytes) -> None:
        """Keep the predictions of a good answer; see `app.telemetry.request_observer.RequestObserver.remember`."""
        try:
            self._remember(request_id, ticket, body)
        except Exception:  # nobody must wait in vain for an answer that is there, whatever is wrong here
            log.exception("A prediction could not be kept for feedback.", extra=PRIVATE)

    def settle(self, request_id: str, values: Sequence[Value]) -> Settled:
        """Take the true values of an answer's rows, None where one is not known yet.

        Raises:
            NotFound: when no prediction of this id is kept.
            InvalidInput: when the values do not fit the predictions.
            Conflict: when another value came before, or several answers had this id; nothing is counted then.
        """
        entry = self._entries.get(request_id)
        line = None if entry is None else entry.line
        try:
            if entry is None or (line is not None and line.gone):
                raise _unknown(request_id)
            if line is None:
                raise _ambiguous(request_id)
            settled = _settle(entry, line, [_read(line, value, place) for place, value in enumerate(values)])
        except RequestError as error:
            self._count(line, OUTCOME_OF[type(error)])
            raise
        self._count(line, "counted" if settled.counted else "repeated")
        self._show(line)
        return settled

    def invalid(self) -> None:
        """Count a body that means nothing."""
        self._metrics.requests.labels(*UNKNOWN, "invalid").inc()

    def retire(self, model: Model) -> None:
        """A version is no more, and its series go; what it predicted is not judged any more."""
        line = self._lines.pop(model, None)
        if line is not None:
            line.gone = True

    def _remember(self, request_id: str, ticket: Ticket, body: bytes) -> None:
        model: Model = ticket.model
        if model.bundle is None or ticket.size > self._rows_max:
            return
        line, predicted = self._line(model), _predicted(model, ticket, body)
        before = self._entries.get(request_id)
        if before is None:
            self._entries[request_id] = Entry(line, predicted)
            self._rows += len(predicted)
            self._forget()
        elif before.line is not line or before.predicted != predicted:
            before.line = None  # nobody could say which of the answers a value is about

    def _line(self, model: Model) -> Line:
        line = self._lines.get(model)
        if line is None:
            assert model.bundle is not None  # or nothing would be remembered
            labels = model.bundle.manifest.labels
            line = Line(model.name, model.version, labels, scores_of(labels))
            for other in self._lines.values():
                other.gone |= other.series == line.series  # another content of the version: it has the same series
            self._lines[model] = line
            self._metrics.begin(line.series)
        return line

    def _forget(self) -> None:
        while self._rows > self._rows_max:
            _, oldest = self._entries.popitem(last=False)  # which a plain dict does ever slower
            self._rows -= len(oldest.predicted)

    def _count(self, line: Line | None, outcome: str) -> None:
        series = UNKNOWN if line is None or line.gone else line.series
        self._metrics.requests.labels(*series, outcome).inc()

    def _show(self, line: Line) -> None:
        self._metrics.rows.labels(*line.series).set(line.scores.rows)
        for score, value in line.scores.now().items():
            self._metrics.score.labels(*line.series, score).set(value)


OUTCOME_OF: dict[type[RequestError], str] = {NotFound: "unknown", Conflict: "conflict", InvalidInput: "invalid"}


# ── what was predicted ──


def _predicted(model: Model, ticket: Any, body: bytes) -> tuple[float, ...]:
    """Read the predictions: from the outputs, where a protocol of tensors was asked, or from the answer."""
    assert model.bundle is not None
    labels = model.bundle.manifest.labels
    if ticket.answers and type(ticket.answers[0]) is Tensors:
        outputs = ticket.answers[0].arrays[model.bundle.manifest.outputs[0].name]  # (rows, columns)
        found = outputs[:, 0] if labels is None else outputs.argmax(axis=1)
        return tuple(found.tolist())
    predictions = ANSWER.decode(body).predictions
    if labels is None:
        return tuple([prediction.value for prediction in predictions])
    places = {label: place for place, label in enumerate(labels)}
    return tuple([places[prediction.label or ""] for prediction in predictions])


# ── what was true ──


def _read(line: Line, value: Value, place: int) -> float | None:
    """Turn a value into what predictions are."""
    if value is None:
        return None
    if line.labels is None:
        if isinstance(value, str) or not math.isfinite(value):
            raise _wrong(place, "a finite number", value)
        return float(value)
    if value not in line.labels:
        raise _wrong(place, f"one of {_few(line.labels)}", value)
    return float(line.labels.index(str(value)))


def _settle(entry: Entry, line: Line, values: Sequence[float | None]) -> Settled:
    """Join values with predictions; all or nothing."""
    if len(values) != len(entry.predicted):
        raise InvalidInput(("values",), f"{len(entry.predicted)}, one a row of the request", len(values))
    truth = entry.truth or [None] * len(values)
    given = [(place, value) for place, value in enumerate(values) if value is not None]
    for place, value in given:
        if truth[place] not in (None, value):
            raise Conflict(f"Invalid `values[{place}]`: expected the value that was sent before.", "another")
    new = [(place, value) for place, value in given if truth[place] is None]
    for place, value in new:
        truth[place] = value
        line.scores.add(value, entry.predicted[place])
    entry.truth = truth
    return Settled(line.name, line.version, len(new), len(given) - len(new))


def _unknown(request_id: str) -> NotFound:
    return NotFound(
        "Unknown request: expected the `X-Request-ID` of an answer of this process.",
        f"`{request_id:.{SHOWN_CHARS}}`",
        "Another replica may have given it, newer predictions may have taken its place, or its version is gone.",
    )


def _ambiguous(request_id: str) -> Conflict:
    return Conflict(
        "Ambiguous request: expected an `X-Request-ID` of its own for each request.",
        f"`{request_id:.{SHOWN_CHARS}}` for several answers",
    )


def _wrong(place: int, expected: str, value: Value) -> InvalidInput:
    received = msgspec.json.encode(value).decode()
    return InvalidInput(("values", place), expected, f"{received:.{SHOWN_CHARS}}")


def _few(labels: Sequence[str]) -> str:
    return ", ".join(labels[:20]) + (" …" if len(labels) > 20 else "")
