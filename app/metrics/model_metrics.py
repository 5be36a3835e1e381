"""One version's metrics: its labels bound, every series at zero, and arrays for what requests add.

What a request adds waits in plain arrays and is folded into the instruments in bulk: each second, before a scrape, and
whenever much waits. That keeps the metrics of a request below a microsecond.
"""

from collections.abc import Iterable
from typing import Any, get_args

from app.errors import Reason, RequestError
from app.http.purpose import PREVIEW
from app.metrics import multiprocess as metric_files
from app.metrics.histogram import FOLD_AT, Recorder
from app.metrics.instruments import Instruments
from app.metrics.model_statistics import Statistics
from app.metrics.preview_metrics import PreviewCalls
from app.runtime.model import Model

BEFORE: tuple[Reason, ...] = ("rate", "unauthorized")  # a model is looked for
SOMEBODYS: tuple[Reason, ...] = tuple([reason for reason in get_args(Reason) if reason not in BEFORE])


class Calls:
    """The requests of one version over one protocol; `latency` is labelled, None where nothing is ever answered."""

    __slots__ = ("_labels", "_metrics", "_protocol", "_refusals", "answered", "recorder")

    def __init__(self, metrics: Instruments, labels: tuple[str, str], protocol: str, latency: Any = None) -> None:
        self._metrics = metrics
        self._labels = labels
        self._protocol = protocol
        self._refusals: dict[tuple[int, Reason], int] = {}  # since the last fold
        answered = None if latency is None else metrics.requests.labels(*labels, protocol, "200")
        self.recorder = Recorder(latency, answered)
        self.answered = self.recorder.add  # seconds of one request that got its predictions

    def refused(self, error: Exception) -> None:
        """Count a request that got an error; what is no `RequestError` is a bug, which the caller sees as a 500."""
        known = error if isinstance(error, RequestError) else RequestError
        key = (known.status, known.reason)
        self._refusals[key] = self._refusals.get(key, 0) + 1

    def left(self) -> None:
        """Count a request that nobody waits for any more; it has no status."""
        self._metrics.rejections.labels(*self._labels, "left").inc()

    def fold(self) -> None:
        self.recorder.fold()
        refusals, self._refusals = self._refusals, {}
        for (status, reason), count in refusals.items():
            self._metrics.requests.labels(*self._labels, self._protocol, str(status)).inc(count)
            self._metrics.rejections.labels(*self._labels, reason).inc(count)


class ModelMetrics:
    """One version's instruments with their labels bound, so that a request looks nothing up."""

    def __init__(self, metrics: Instruments, protocols: Iterable[str], model: Model, queue_capacity_rows: int) -> None:
        labels = labels_of(model)
        self._model = model
        self._metrics = metrics
        self._latency = latency = metrics.latency.labels(*labels)
        self.previews = PreviewCalls(metrics.previews, labels)
        counted = {protocol: Calls(metrics, labels, protocol, latency) for protocol in protocols}
        self.calls: dict[str, Calls | PreviewCalls] = {**counted, PREVIEW: self.previews}
        stages = {stage: metrics.stage.labels(*labels, stage) for stage in ("decode", "queue", "run", "encode")}
        self._decode, self._queue, self._run, self._encode = map(Recorder, stages.values())
        self.statistics = Statistics(*labels, latency, stages["decode"], stages["queue"])
        self._batch_rows = Recorder(metrics.batch_rows.labels(*labels))
        self._retries = metrics.batch_retries.labels(*labels)
        self._unfolded = 0  # pieces of requests that ran since the last fold
        self.decoded = self._decode.add  # seconds of one request
        self.encoded = self._encode.add  # seconds of one answer
        for reason in SOMEBODYS:
            metrics.rejections.labels(*labels, reason)
        for gauge in (metrics.queue_rows, metrics.in_flight):
            gauge.labels(*labels)
        metrics.queue_capacity.labels(*labels).set(queue_capacity_rows)
        metrics.model_load_s.labels(*labels).set(model.facts.load_s)
        self._facts = _facts(metrics, model)
        for gauge, values in self._facts:
            gauge.labels(*values).set(1)

    def ran(self, rows: int, run_s: float, waited_s: list[float]) -> None:
        """See `app.batching.batcher.Observer`; what writing the rows' answers took is not the run's."""
        encode_s = self._model.encode_s
        if encode_s:
            self._encode.add(encode_s)
        self._batch_rows.add(rows)
        self._run.add(run_s - encode_s)
        if self._model.previews:
            rows, waited_s = self._without_previews(rows, waited_s)
        self._queue.extend(waited_s)
        self.statistics.ran(rows, run_s, len(waited_s))
        self._unfolded += len(waited_s)
        if self._unfolded >= FOLD_AT:
            self.fold()

    def _without_previews(self, rows: int, waited_s: list[float]) -> tuple[int, list[float]]:
        """Return what is traffic of the last run: its rows, and what each piece waited."""
        previews = self._model.previews
        self._unfolded += len(previews)
        return rows - sum(previews.values()), [wait for at, wait in enumerate(waited_s) if at not in previews]

    def retried(self) -> None:
        self._retries.inc()

    def traced(self, seconds: float, trace_id: str) -> None:
        """Let an answered request stand as the example of its bucket; `seconds` as `Calls.answered` took them."""
        self._latency.exemplify(seconds, {"trace_id": trace_id})

    def fold(self) -> None:
        self._unfolded = 0
        for recorder in (self._decode, self._queue, self._run, self._encode, self._batch_rows):
            recorder.fold()
        for calls in self.calls.values():
            calls.fold()
        self.statistics.fold()

    def forget_facts(self) -> None:
        """Say no more what this version is made of: it is gone, or another content of it serves."""
        for gauge, values in self._facts:
            if metric_files.folder() is None:
                gauge.remove(*values)
            else:
                gauge.labels(*values).set(0)
        self._facts = []


def labels_of(model: Model) -> tuple[str, str]:
    """Return the values of `app.metrics.instruments.MODEL`."""
    return model.name, str(model.version)


def _facts(metrics: Instruments, model: Model) -> list[tuple[Any, tuple[str, ...]]]:
    """The gauges that are always 1, each with its labels."""
    decision = model.decision
    precision, task = "", "tensors"
    if model.bundle is not None:
        precision, task = model.bundle.manifest.precision, model.bundle.manifest.task
    where = "loop" if decision.inline else "thread"
    return [
        (metrics.model_info, (*labels_of(model), model.facts.sha256, precision, task)),
        (metrics.engine_info, (*labels_of(model), where, str(decision.threads), str(decision.max_batch_rows))),
    ]
