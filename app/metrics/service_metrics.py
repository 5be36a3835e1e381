"""What is counted when; every instrument is in `app.metrics.instruments`, and `docs/metrics.md` says what each counts.

What waits in lists is counted each second, and before a scrape.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from app.errors import NotReady, Reason
from app.http.byte_budget import ByteBudget
from app.http.purpose import PREVIEW
from app.metrics import multiprocess as metric_files
from app.metrics.drift_metrics import DriftMetrics
from app.metrics.feedback_metrics import FeedbackMetrics
from app.metrics.histogram import Recorder
from app.metrics.instruments import MODEL, OBJECTIVE_S, PROTOCOLS, Instruments
from app.metrics.model_metrics import BEFORE, Calls, ModelMetrics, labels_of
from app.metrics.preview_metrics import PreviewCalls
from app.runtime.model import Model

UNKNOWN = ("_unknown", "")  # the labels of requests for which no model was found
NOBODYS: tuple[Reason, ...] = ("invalid", "too_large", *BEFORE, "memory", "not_ready", "unknown_model", "failed")
INFORMATION = ("slipway_model_info", "slipway_engine_info")


class Metrics:
    """What happens to the instruments while the service runs; used on the event loop alone."""

    def __init__(
        self,
        version: str = "",
        objective_s: float = OBJECTIVE_S,
        protocols: Iterable[str] = PROTOCOLS,
        budget: ByteBudget | None = None,
    ) -> None:
        self.instruments = Instruments(version, objective_s)
        self.registry = self.instruments.registry
        self.protocols = tuple(protocols)
        self.drift = DriftMetrics(self.registry)
        self.feedback = FeedbackMetrics(self.registry)
        self._budget = budget or ByteBudget()
        self.instruments.bytes_under_way_limit.set(self._budget.limit_bytes)
        self.lagged = Recorder(self.instruments.lag)
        self._models: dict[Model, ModelMetrics] = {}
        self._nobodys = {protocol: self._calls(UNKNOWN, protocol) for protocol in (*self.protocols, PREVIEW)}
        self._versions: set[tuple[str, str]] = {UNKNOWN}  # those that have series
        for reason in NOBODYS:
            self.instruments.rejections.labels(*UNKNOWN, reason)

    def observe(self, model: Model, queue_capacity_rows: int) -> "ModelMetrics":
        """Make the instruments of a version that is about to serve."""
        for other, metrics in self._models.items():
            if (other.name, other.version) == (model.name, model.version):
                metrics.forget_facts()  # another content of it, which answers no more
        self._models[model] = ModelMetrics(self.instruments, self.protocols, model, queue_capacity_rows)
        self._versions.add(labels_of(model))
        self.drift.observe(model.name, model.version, model.watch)
        return self._models[model]

    def refused(self, model: Model | None, protocol: str, error: Exception) -> None:
        """Count a request that got this error; `_unknown` stands for a model that was never found."""
        if model is not None:
            model.metrics.calls[protocol].refused(error)
        elif isinstance(error, NotReady) and error.version is not None:
            labels = (error.version[0], str(error.version[1]))
            self._versions.add(labels)
            calls = self._calls(labels, protocol)
            calls.refused(error)
            calls.fold()
        else:
            self._nobodys[protocol].refused(error)

    def _calls(self, labels: tuple[str, str], protocol: str) -> Calls | PreviewCalls:
        if protocol == PREVIEW:
            return PreviewCalls(self.instruments.previews, labels)
        return Calls(self.instruments, labels, protocol)

    def loaded(self, name: str, version: int, *, ready: bool, serves: bool, passed_over: bool = False) -> None:
        """Count a load that ended; a version `serves` although its newer content was refused, or is `passed_over`."""
        for outcome in ("ready", "failed"):
            self.instruments.model_loads.labels(name, outcome).inc(ready == (outcome == "ready"))
        self.instruments.model_ready.labels(name, str(version)).set(serves)
        self.instruments.model_passed_over.labels(name, str(version)).set(passed_over)
        self._versions.add((name, str(version)))

    def passed_over(self, name: str, version: int) -> None:
        """Show that a version was refused at the start and an older one answers; until it serves, or is no more."""
        self.instruments.model_passed_over.labels(name, str(version)).set(1)

    def retired(self, name: str, version: int, model: Model | None) -> None:
        """Forget a version that is no more, and the model that it was, unless another content of it still serves."""
        if model is not None and model in self._models:
            metrics = self._models.pop(model)
            metrics.fold()
            metrics.forget_facts()
            self.drift.retire(name, version, model.watch)
        if any((other.name, other.version) == (name, version) for other in self._models):
            return
        labels = (name, str(version))
        self._versions.discard(labels)
        if metric_files.folder() is None:  # the client cannot take labels out of its files; see `_Served`
            for instrument in self._of_versions():
                instrument.remove_by_labels(dict(zip(MODEL, labels, strict=True)))

    def shadowed(self, model: Model, outcome: str) -> None:
        """See `app.repository.traffic_split.Compared`."""
        self.instruments.shadow_requests.labels(*labels_of(model), outcome).inc()

    def compared(self, model: Model, seconds: float, agreed: list[bool], difference: float) -> None:
        """See `app.repository.traffic_split.Compared`."""
        labels = labels_of(model)
        for answer in (True, False):
            self.instruments.shadow_rows.labels(*labels, str(answer).lower()).inc(agreed.count(answer))
        self.instruments.shadow_difference.labels(*labels).observe(difference)
        self.instruments.shadow_latency.labels(*labels).observe(seconds)

    def fold(self) -> None:
        """Count what waits in the lists, and set what is as it is now; call it on the event loop."""
        self.instruments.tasks.set(len(asyncio.all_tasks()))
        self.instruments.bytes_under_way.set(self._budget.used_bytes)
        self.lagged.fold()
        self.drift.fold()
        queued: dict[tuple[str, str], int] = defaultdict(int)
        under_way: dict[tuple[str, str], int] = defaultdict(int)
        for calls in self._nobodys.values():
            calls.fold()
        for model, metrics in self._models.items():
            metrics.fold()
            queued[labels_of(model)] += model.batcher.queue.rows - metrics.previews.waiting_rows
            under_way[labels_of(model)] += model.batcher.under_way
        for gauge, found in ((self.instruments.queue_rows, queued), (self.instruments.in_flight, under_way)):
            for labels, value in found.items():
                gauge.labels(*labels).set(value)

    def statistics(self, models: Iterable[Model]) -> list[dict[str, Any]]:
        """Report what each version has done in this process; see `app.metrics.model_statistics`."""
        self.fold()
        failed: dict[tuple[str, str], int] = defaultdict(int)
        for family in self.instruments.requests.collect():
            for sample in family.samples:
                if sample.labels["code"] != "200":
                    failed[sample.labels["model"], sample.labels["version"]] += int(sample.value)
        return [self._models[model].statistics.report(failed[labels_of(model)]) for model in models]

    def scraped(self) -> CollectorRegistry:
        """Return what a scrape shows: this process, or all workers of this machine."""
        self.fold()
        folder = metric_files.folder()
        if folder is None:
            return self.registry
        everything = CollectorRegistry()
        everything.register(_Served(metric_files.Workers(folder), self._versions))
        PlatformCollector(registry=everything)
        return everything

    def watch_process(self) -> None:
        """Add the client's own view of the process: CPU, memory, descriptors, garbage collection."""
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)

    def _of_versions(self) -> list[Any]:
        """The instruments that have series for each version, also those that were registered elsewhere."""
        made = list(self.registry._collector_to_names)  # the client has no public way to ask
        return [instrument for instrument in made if set(MODEL) <= set(getattr(instrument, "_labelnames", ()))]


class _Served(Collector):
    """The joined metrics of all workers without what is of versions that are no more: their files still have it."""

    def __init__(self, workers: Collector, versions: set[tuple[str, str]]) -> None:
        self._workers = workers
        self._versions = versions

    def collect(self) -> Iterable[Metric]:
        for family in self._workers.collect():
            family.samples = [sample for sample in family.samples if self._shows(family, sample)]
            yield family

    def _shows(self, family: Metric, sample: Any) -> bool:
        labels = sample.labels
        if "version" not in labels or "model" not in labels:
            return True
        served = (labels["model"], labels["version"]) in self._versions
        return served and not (family.name in INFORMATION and not sample.value)
