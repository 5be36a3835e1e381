"""Every metric in one list; `docs/api.md` says what each includes and excludes.

One registry an application, so that two of them in one process do not count for each other.
What a request adds waits in plain lists and is folded into the instruments in bulk: each second, before a scrape, and
whenever a list is long. That keeps the metrics of a request below a microsecond.
With several worker processes the client's files, in PROMETHEUS_MULTIPROC_DIR, join what each of them counted; those
know neither information metrics nor functions, so what is served stands in labels of gauges that are set.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.gc_collector import GCCollector
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from app.cpus import effective_cpus
from app.histogram import Histogram, Recorder
from app.model import Model
from app.statistics import Statistics

LATENCY_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DIFFERENCE = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 100.0)
BATCH_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
MODEL = ("model", "version")


class Metrics:
    """The instruments, by name."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r: Any = {"registry": self.registry}
        total: Any = {**r, "multiprocess_mode": "livesum"}
        least: Any = {**r, "multiprocess_mode": "livemin"}
        most: Any = {**r, "multiprocess_mode": "livemax"}
        self.requests = Counter(
            "slipway_requests", "Prediction requests answered, by status code.", (*MODEL, "code"), **r
        )
        self.latency = Histogram(
            "slipway_request_duration_seconds",
            "From the last byte of a prediction request to its encoded answer; answers with status 200 only.",
            MODEL,
            buckets=LATENCY_S,
            **r,
        )
        self.stage = Histogram(
            "slipway_stage_duration_seconds",
            "Time in one stage: decode (a request), queue (a request), run (a batch; assemble and encode included).",
            (*MODEL, "stage"),
            buckets=LATENCY_S,
            **r,
        )
        self.batch_rows = Histogram("slipway_batch_rows", "Rows of each run.", MODEL, buckets=BATCH_ROWS, **r)
        self.batch_retries = Counter(
            "slipway_batch_retries", "Batches that failed, so that their requests ran alone.", MODEL, **r
        )
        self.queue_rows = Gauge("slipway_queue_rows", "Rows waiting for a run.", MODEL, **total)
        self.queue_capacity = Gauge("slipway_queue_capacity_rows", "Rows that may wait.", MODEL, **total)
        self.model_ready = Gauge("slipway_model_ready", "1 if the version serves, 0 if it failed.", MODEL, **least)
        self.model_loads = Counter("slipway_model_loads", "Loads that ended.", ("model", "outcome"), **r)
        self.model_load_s = Gauge(
            "slipway_model_load_seconds", "Seconds to verify, load, prove and time the version.", MODEL, **most
        )
        self.model_info = Gauge(
            "slipway_model_info",
            "Always 1; the labels say what is served.",
            (*MODEL, "sha256", "precision", "task"),
            **most,
        )
        self.engine_info = Gauge(
            "slipway_engine_info",
            "Always 1; the labels say where runs happen, with how many threads, and of how many rows at most.",
            (*MODEL, "run_on", "threads", "max_batch_rows"),
            **most,
        )
        self.shadow_requests = Counter(
            "slipway_shadow_requests",
            "Copies of requests to a shadow, by outcome: answered, failed, or dropped for want of time.",
            (*MODEL, "outcome"),
            **r,
        )
        self.shadow_rows = Counter(
            "slipway_shadow_rows",
            "Rows that a shadow answered, by whether it gave the label that the caller got.",
            (*MODEL, "agreed"),
            **r,
        )
        self.shadow_difference = Histogram(
            "slipway_shadow_difference",
            "Largest difference of a probability or value between a shadow's answer and the caller's, by request.",
            MODEL,
            buckets=DIFFERENCE,
            **r,
        )
        self.shadow_latency = Histogram(
            "slipway_shadow_duration_seconds",
            "From the start of a copy to its answer, decoding included.",
            MODEL,
            buckets=LATENCY_S,
            **r,
        )
        self.draining = Gauge("slipway_draining", "1 while the process finishes before it exits.", **most)
        self.cpus = Gauge("slipway_effective_cpus", "CPUs that affinity and cgroup quota leave.", **most)
        self.cpus.set(effective_cpus())
        self.tasks = Gauge("slipway_asyncio_tasks", "Tasks of the event loop; they must not pile up.", **total)
        self._models: dict[Model, ModelMetrics] = {}

    def observe(self, model: Model, queue_capacity_rows: int) -> "ModelMetrics":
        """Make the instruments of a version that is about to serve."""
        self._models[model] = ModelMetrics(self, model, queue_capacity_rows)
        return self._models[model]

    def fold(self) -> None:
        """Count what the requests left in the lists; call it on the event loop."""
        self.tasks.set(len(asyncio.all_tasks()))
        for model in self._models.values():
            model.fold()

    def statistics(self, models: Iterable[Model]) -> list[dict[str, Any]]:
        """Report what each version has done in this process; see `app.statistics`."""
        self.fold()
        failed: dict[tuple[str, str], int] = defaultdict(int)
        for family in self.requests.collect():
            for sample in family.samples:
                if sample.name.endswith("_total") and sample.labels["code"] != "200":
                    failed[sample.labels["model"], sample.labels["version"]] += int(sample.value)
        return [self._models[model].statistics.report(failed[model.name, str(model.version)]) for model in models]

    def scraped(self) -> CollectorRegistry:
        """Return what a scrape shows: this process, or all workers of this machine."""
        self.fold()
        everything = CollectorRegistry()
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            MultiProcessCollector(everything)  # type: ignore[no-untyped-call]  # the client has not typed it
            return everything
        return self.registry

    def watch_process(self) -> None:
        """Add the client's own view of the process: CPU, memory, descriptors, garbage collection."""
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)

    def refused(self, model: Model | None, code: int) -> None:
        """Count a request that got no prediction; `_unknown` stands for a model that was never found."""
        name, version = (model.name, str(model.version)) if model else ("_unknown", "")
        self.requests.labels(name, version, str(code)).inc()

    def loaded(self, name: str, version: int, *, ready: bool, serves: bool) -> None:
        """Count a load that ended; a version `serves` although its newer content was refused."""
        self.model_loads.labels(name, "ready" if ready else "failed").inc()
        self.model_ready.labels(name, str(version)).set(serves)

    def retired(self, name: str, version: int, model: Model | None) -> None:
        """Forget a version that is no more, and the model that it was, unless another content of it still serves."""
        if model is not None and model in self._models:
            self._models.pop(model).fold()
        labels = {"model": name, "version": str(version)}
        if any((other.name, other.version) == (name, version) for other in self._models):
            return
        for gauge in (self.model_ready, self.queue_rows, self.queue_capacity):
            gauge.labels(*labels.values()).set(0)
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:  # the client cannot take labels out of its files
            for instrument in self._of_models:
                instrument.remove_by_labels(labels)

    def shadowed(self, model: Model, outcome: str) -> None:
        """See `app.traffic.Compared`."""
        self.shadow_requests.labels(model.name, str(model.version), outcome).inc()

    def compared(self, model: Model, seconds: float, agreed: list[bool], difference: float) -> None:
        """See `app.traffic.Compared`."""
        labels = (model.name, str(model.version))
        for answer in (True, False):
            self.shadow_rows.labels(*labels, str(answer).lower()).inc(agreed.count(answer))
        self.shadow_difference.labels(*labels).observe(difference)
        self.shadow_latency.labels(*labels).observe(seconds)

    @property
    def _of_models(self) -> list[Any]:
        """The instruments that have a series for each version."""
        return [made for made in vars(self).values() if set(MODEL) <= set(getattr(made, "_labelnames", ()))]


class ModelMetrics:
    """One version's instruments with their labels bound, so that a request looks nothing up."""

    def __init__(self, metrics: Metrics, model: Model, queue_capacity_rows: int) -> None:
        labels = (model.name, str(model.version))
        self._model = model
        self._requests = metrics.requests
        self._labels = labels
        latency = metrics.latency.labels(*labels)
        decode, queue, run = (metrics.stage.labels(*labels, stage) for stage in ("decode", "queue", "run"))
        self._latency = Recorder(latency, metrics.requests.labels(*labels, "200"))
        self._decode, self._queue, self._run = Recorder(decode), Recorder(queue), Recorder(run)
        self.statistics = Statistics(*labels, latency, decode, queue)
        self._batch_rows = Recorder(metrics.batch_rows.labels(*labels))
        self._retries = metrics.batch_retries.labels(*labels)
        self._refused: dict[int, Counter] = {}
        self._queue_rows = metrics.queue_rows.labels(*labels)
        self.decoded = self._decode.add  # seconds of one request
        self.answered = self._latency.add  # seconds of one request that got its predictions
        metrics.queue_capacity.labels(*labels).set(queue_capacity_rows)
        metrics.model_load_s.labels(*labels).set(model.facts.load_s)
        decision = model.decision
        precision, task = "", "tensors"
        if model.bundle is not None:
            precision, task = model.bundle.manifest.precision, model.bundle.manifest.task
        metrics.model_info.labels(*labels, model.facts.sha256, precision, task).set(1)
        where = "loop" if decision.inline else "thread"
        metrics.engine_info.labels(*labels, where, str(decision.threads), str(decision.max_batch_rows)).set(1)

    def refused(self, code: int) -> None:
        """Count a request that got no prediction."""
        if code not in self._refused:
            self._refused[code] = self._requests.labels(*self._labels, str(code))
        self._refused[code].inc()

    def ran(self, rows: int, run_s: float, waited_s: list[float]) -> None:
        """See `app.batcher.Observer`."""
        self._batch_rows.add(rows)
        self._run.add(run_s)
        self._queue.extend(waited_s)
        self.statistics.ran(rows, run_s, len(waited_s))
        self._decode.fold_if_long()
        self._latency.fold_if_long()

    def retried(self) -> None:
        """See `app.batcher.Observer`."""
        self._retries.inc()

    def fold(self) -> None:
        """Count what waits in the lists."""
        for recorder in (self._latency, self._decode, self._queue, self._run, self._batch_rows):
            recorder.fold()
        self.statistics.fold()
        self._queue_rows.set(self._model.batcher.queued_rows)
