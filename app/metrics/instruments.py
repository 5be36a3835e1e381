"""Every metric of the service in one list; `docs/metrics.md` says what each includes and excludes.

There is one registry an application, so that two of them in one process do not count for each other. With several
worker processes each instrument says how the workers' values are joined: counters and histograms add up, gauges by
their mode, of the workers that live. The client's information metrics and functions cannot be joined, so what is served
stands in labels of gauges that are set. It knows what is measured and not when; see `app.metrics.service_metrics`.
Drift and feedback have instruments of their own.
"""

import platform
from functools import partial
from pathlib import Path

import onnxruntime
from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from app.cgroup import CGROUP, effective_cpus, limit_bytes
from app.metrics.histogram import Histogram

PROTOCOLS = ("predict", "tensorflow-serving", "open-inference", "grpc")
MODEL = ("model", "version")
OBJECTIVE_S = 0.1
LATENCY_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DIFFERENCE = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 100.0)
BATCH_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Instruments:
    """The instruments, by name; `objective_s`, the latency that is promised, is a bound of the histogram's buckets."""

    def __init__(self, version: str = "", objective_s: float = OBJECTIVE_S, cgroup: Path = CGROUP) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each; nothing here asks for them
        self.registry = CollectorRegistry()
        self._counter = partial(Counter, registry=self.registry)
        self._histogram = partial(Histogram, registry=self.registry)
        self._total = partial(Gauge, registry=self.registry, multiprocess_mode="livesum")
        self._most = partial(Gauge, registry=self.registry, multiprocess_mode="livemax")
        self._least = partial(Gauge, registry=self.registry, multiprocess_mode="livemin")
        self._of_requests(tuple(sorted({*LATENCY_S, objective_s})))
        self._of_batches()
        self._of_loads()
        self._of_shadows()
        self._of_the_process(version, limit_bytes(cgroup))

    def _of_requests(self, latency_s: tuple[float, ...]) -> None:
        text = "Requests for predictions that were answered, by status."
        self.requests = self._counter("slipway_requests", text, (*MODEL, "protocol", "code"))
        text = "From the last byte of a request to its encoded answer, of answers with status 200."
        self.latency = self._histogram("slipway_request_duration_seconds", text, MODEL, buckets=latency_s)
        text = "Requests for predictions that got none, by reason."
        self.rejections = self._counter("slipway_rejections", text, (*MODEL, "reason"))
        text = "Previews of people who try a model that were answered, by status."
        self.previews = self._counter("slipway_preview_requests", text, (*MODEL, "code"))
        self.in_flight = self._total("slipway_requests_in_flight", "Requests that wait or run.", MODEL)

    def _of_batches(self) -> None:
        text = "Time in one stage: decode and queue of a request, run of a batch, encode of a batch or a request."
        self.stage = self._histogram("slipway_stage_duration_seconds", text, (*MODEL, "stage"), buckets=LATENCY_S)
        self.batch_rows = self._histogram("slipway_batch_rows", "Rows of each run.", MODEL, buckets=BATCH_ROWS)
        text = "Batches that failed, so that their requests ran alone."
        self.batch_retries = self._counter("slipway_batch_retries", text, MODEL)
        self.queue_rows = self._total("slipway_queue_rows", "Rows waiting for a run.", MODEL)
        self.queue_capacity = self._total("slipway_queue_capacity_rows", "Rows that may wait.", MODEL)

    def _of_loads(self) -> None:
        text = "1 if the version serves, 0 if it failed."
        self.model_ready = self._least("slipway_model_ready", text, MODEL)
        text = "1 if the version was refused at the start and an older one answers instead."
        self.model_passed_over = self._most("slipway_model_passed_over", text, MODEL)
        self.model_loads = self._counter("slipway_model_loads", "Loads that ended.", ("model", "outcome"))
        text = "Seconds to verify, load, prove and time the version."
        self.model_load_s = self._most("slipway_model_load_seconds", text, MODEL)
        text = "Always 1; the labels say what is served."
        self.model_info = self._most("slipway_model_info", text, (*MODEL, "sha256", "precision", "task"))
        text = "Always 1; the labels say where runs happen, with how many threads, and of how many rows at most."
        self.engine_info = self._most("slipway_engine_info", text, (*MODEL, "run_on", "threads", "max_batch_rows"))

    def _of_shadows(self) -> None:
        text = "Copies of requests to a shadow, by outcome: answered, failed, or dropped for want of time."
        self.shadow_requests = self._counter("slipway_shadow_requests", text, (*MODEL, "outcome"))
        text = "Rows that a shadow answered, by whether it gave the label that the caller got."
        self.shadow_rows = self._counter("slipway_shadow_rows", text, (*MODEL, "agreed"))
        text = "Largest difference of a probability or value between a shadow's answer and the caller's, by request."
        self.shadow_difference = self._histogram("slipway_shadow_difference", text, MODEL, buckets=DIFFERENCE)
        text = "From the start of a copy to its answer, decoding included."
        self.shadow_latency = self._histogram("slipway_shadow_duration_seconds", text, MODEL, buckets=LATENCY_S)

    def _of_the_process(self, version: str, memory_bytes: int | None) -> None:
        text = "How late a timer of the event loop is, ten times a second."
        self.lag = self._histogram("slipway_event_loop_lag_seconds", text, buckets=LAG_S)
        self.tasks = self._total("slipway_asyncio_tasks", "Tasks of the event loop; they must not pile up.")
        text = "1 while a run or a load does not end, or the event loop does not turn."
        self.stuck = self._most("slipway_stuck", text, ("what",))
        for what in ("engine", "load", "loop"):
            self.stuck.labels(what)
        self.bytes_under_way = self._total("slipway_bytes_under_way", "Bytes of requests and answers in memory.")
        text = "Bytes of requests and answers that may be in memory."
        self.bytes_under_way_limit = self._total("slipway_bytes_under_way_limit", text)
        self.unread = self._counter("slipway_unread_answers", "Connections that were ended because nothing was read.")
        self.draining = self._most("slipway_draining", "1 while the process finishes before it exits.")
        self.cpus = self._most("slipway_effective_cpus", "CPUs that affinity and cgroup quota leave.")
        self.cpus.set(effective_cpus())
        if memory_bytes is not None:
            self.memory = self._most("slipway_memory_limit_bytes", "Memory that the cgroup leaves.")
            self.memory.set(memory_bytes)
        text = "Always 1; the labels say which program this is."
        self.build_info = self._most("slipway_build_info", text, ("version", "python", "onnxruntime"))
        self.build_info.labels(version, platform.python_version(), onnxruntime.__version__).set(1)
