"""Labels that come later: recent predictions by request id, met by the truth, become running scores.

Predictions stand here as the answer's type has them: the place of a label among the model's, a number, a list.
Each caller, by the name of its key, has ids of its own (`Shelf`) and a share of the rows (`Shelves`).
It is used on the event loop alone, and by one process: what another answered it does not know.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.answers.base import AnswerType
from app.answers.running_scores import Scores
from app.errors import Conflict, InvalidInput, NotFound, RequestError
from app.http.handler import Ticket
from app.metrics.feedback_metrics import FeedbackMetrics
from app.runtime.model import Model
from app.telemetry.log_format import PRIVATE

UNKNOWN = ("_unknown", "")
SHOWN_CHARS = 80  # of a value in a message

log = logging.getLogger("slipway.feedback")


@dataclass(eq=False)
class Line:
    """A version, as far as its predictions are judged; it outlives the model."""

    name: str
    version: int
    answer: AnswerType
    scores: Scores
    gone: bool = False

    @property
    def series(self) -> tuple[str, str]:
        return self.name, str(self.version)


@dataclass(slots=True)
class Entry:
    """The predictions of one answer; `line` is None where several answers had this id."""

    line: Line | None
    predicted: tuple[Any, ...]
    truth: list[Any] = field(default_factory=list)  # filled in when the first value comes


@dataclass(eq=False)
class Shelf:
    """The entries of one caller, by request id, the oldest first."""

    entries: OrderedDict[str, Entry] = field(default_factory=OrderedDict)
    rows: int = 0

    def add(self, request_id: str, entry: Entry) -> None:
        self.entries[request_id] = entry
        self.rows += len(entry.predicted)

    def drop_oldest(self) -> int:
        """Let the oldest entry go, and return how many rows it had."""
        _, oldest = self.entries.popitem(last=False)  # which a plain dict does ever slower
        self.rows -= len(oldest.predicted)
        return len(oldest.predicted)


class Shelves:
    """The entries of all callers, at most `rows_max` rows together.

    Where there is no room, whoever has more than an equal share gives way: the caller that brings something, if it has,
    and else another. So one alone may have all, and takes nothing from those who have less than their share.
    """

    def __init__(self, rows_max: int) -> None:
        self.rows_max = rows_max
        self._of: dict[str, Shelf] = {}
        self._rows = 0
        self._largest = ""  # the caller that gave way last

    def find(self, caller: str, request_id: str) -> Entry | None:
        shelf = self._of.get(caller)
        return None if shelf is None else shelf.entries.get(request_id)

    def add(self, caller: str, request_id: str, entry: Entry) -> None:
        """Keep an entry of at most `rows_max` rows under an id that this caller has none of."""
        shelf = self._of.get(caller)
        if shelf is None:
            shelf = self._of[caller] = Shelf()
        shelf.add(request_id, entry)
        self._rows += len(entry.predicted)
        while self._rows > self.rows_max:
            self._drop_from(self._giving_way(caller))

    def _drop_from(self, caller: str) -> None:
        shelf = self._of[caller]
        self._rows -= shelf.drop_oldest()
        if not shelf.entries:
            del self._of[caller]

    def _giving_way(self, caller: str) -> str:
        for each in (caller, self._largest):
            if each in self._of and self._of[each].rows * len(self._of) > self.rows_max:
                return each
        self._largest = max(self._of, key=lambda name: self._of[name].rows)
        return self._largest


@dataclass(frozen=True)
class Settled:
    """What became of the values of a request."""

    model: str
    version: int
    counted: int
    repeated: int


class Feedback:
    """Recent predictions, at most `rows_max`, and the scores of what became of them."""

    def __init__(self, metrics: FeedbackMetrics, rows_max: int) -> None:
        self._metrics = metrics
        self._shelves = Shelves(rows_max)
        self._lines: dict[Model, Line] = {}
        metrics.requests.labels(*UNKNOWN, "unknown")
        metrics.requests.labels(*UNKNOWN, "invalid")

    def remember(self, request_id: str, caller: str, ticket: Ticket) -> None:
        """Keep the predictions of a good answer; see `app.telemetry.request_observer.RequestObserver.remember`."""
        try:
            self._remember(request_id, caller, ticket)
        except Exception:  # nobody must wait in vain for an answer that is there, whatever is wrong here
            log.exception("A prediction could not be kept for feedback.", extra=PRIVATE)

    def settle(self, request_id: str, caller: str, values: Sequence[Any]) -> Settled:
        """Take the true values of an answer's rows from the `caller` that got it, None where one is not known yet.

        Raises `NotFound` when no prediction of this id is kept for it, `InvalidInput` when the values do not fit,
        `Conflict` when another value came before, or several answers had this id; nothing is counted then.
        """
        entry = self._shelves.find(caller, request_id)
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
        self._count(None, "invalid")

    def retire(self, model: Model) -> None:
        """A version is no more, and its series go; what it predicted is not judged any more."""
        line = self._lines.pop(model, None)
        if line is not None:
            line.gone = True

    def _remember(self, request_id: str, caller: str, ticket: Ticket) -> None:
        model: Model = ticket.model
        if model.bundle is None or ticket.answer is None or ticket.size > self._shelves.rows_max:
            return
        line, predicted = self._line(model), tuple(model.bundle.answer.predicted(ticket.answer.outputs))
        before = self._shelves.find(caller, request_id)
        if before is None:
            self._shelves.add(caller, request_id, Entry(line, predicted))
        elif before.line is not line or before.predicted != predicted:
            before.line = None  # nobody could say which of the answers a value is about

    def _line(self, model: Model) -> Line:
        line = self._lines.get(model)
        if line is None:
            assert model.bundle is not None  # or nothing would be remembered
            answer = model.bundle.answer
            line = Line(model.name, model.version, answer, answer.running_scores())
            for other in self._lines.values():
                other.gone |= other.series == line.series  # another content of the version: it has the same series
            self._lines[model] = line
            self._metrics.begin(line.series)
        return line

    def _count(self, line: Line | None, outcome: str) -> None:
        series = UNKNOWN if line is None or line.gone else line.series
        self._metrics.requests.labels(*series, outcome).inc()

    def _show(self, line: Line) -> None:
        self._metrics.rows.labels(*line.series).set(line.scores.rows)
        for score, value in line.scores.now().items():
            self._metrics.score.labels(*line.series, score).set(value)


OUTCOME_OF: dict[type[RequestError], str] = {NotFound: "unknown", Conflict: "conflict", InvalidInput: "invalid"}


def _read(line: Line, value: Any, place: int) -> Any:
    """Turn a value into what predictions are."""
    try:
        return None if value is None else line.answer.truth(value)
    except ValueError as error:
        received = msgspec.json.encode(value).decode()
        raise InvalidInput(("values", place), str(error), f"{received:.{SHOWN_CHARS}}") from error


def _settle(entry: Entry, line: Line, values: Sequence[Any]) -> Settled:
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
    text = "Unknown request: expected the `X-Request-ID` of an answer of this process to this caller."
    hint = "Another replica may have given it, newer predictions may have taken its place, or its version is gone."
    return NotFound(text, f"`{request_id:.{SHOWN_CHARS}}`", hint)


def _ambiguous(request_id: str) -> Conflict:
    text = "Ambiguous request: expected an `X-Request-ID` of its own for each request."
    return Conflict(text, f"`{request_id:.{SHOWN_CHARS}}` for several answers")
