"""Every metric of the service in one list; `docs/metrics.md` says what each includes and excludes.

    Instruments(…)    one registry an application, so that two of them in one process do not count for each other

With several worker processes each instrument says how the workers' values are joined: counters and histograms add up,
gauges by their mode, of the workers that live. The client's information metrics and functions cannot be joined, so what
is served stands in labels of gauges that are set.
It knows what is measured and not when; see `app.metrics.service_metrics`. Drift and feedback have instruments of their
own.
"""

import platform
from pathlib import Path
from typing import Any

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
    """The instruments, by name.

    Args:
        version: of this program.
        objective_s: the latency that is promised; it is a bound of the histogram's buckets.
        cgroup: where the limit of the memory is found.
    """

    def __init__(self, version: str = "", objective_s: float = OBJECTIVE_S, cgroup: Path = CGROUP) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each; nothing here asks for them
        self.registry = CollectorRegistry()
        r: Any = {"registry": self.registry}
        self._of_requests(r, tuple(sorted({*LATENCY_S, objective_s})))
        self._of_batches(r)
        self._of_loads(r)
        self._of_shadows(r)
        self._of_the_process(r, version, limit_bytes(cgroup))

    def _of_requests(self, r: Any, latency_s: tuple[float, ...]) -> None:
        self.requests = Counter(
            "slipway_requests",
            "Requests for predictions that were answered, by status.",
            (*MODEL, "protocol", "code"),
            **r,
        )
        self.latency = Histogram(
            "slipway_request_duration_seconds",
            "From the last byte of a request to its encoded answer, of answers with status 200.",
            MODEL,
            buckets=latency_s,
            **r,
        )
        self.rejections = Counter(
            "slipway_rejections", "Requests for predictions that got none, by reason.", (*MODEL, "reason"), **r
        )
        self.in_flight = Gauge(
            "slipway_requests_in_flight", "Requests that wait or run.", MODEL, multiprocess_mode="livesum", **r
        )

    def _of_batches(self, r: Any) -> None:
        total: Any = {**r, "multiprocess_mode": "livesum"}
        self.stage = Histogram(
            "slipway_stage_duration_seconds",
            "Time in one stage: decode and queue of a request, run of a batch, encode of a batch or a request.",
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

    def _of_loads(self, r: Any) -> None:
        most: Any = {**r, "multiprocess_mode": "livemax"}
        self.model_ready = Gauge(
            "slipway_model_ready", "1 if the version serves, 0 if it failed.", MODEL, multiprocess_mode="livemin", **r
        )
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

    def _of_shadows(self, r: Any) -> None:
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

    def _of_the_process(self, r: Any, version: str, memory_bytes: int | None) -> None:
        most: Any = {**r, "multiprocess_mode": "livemax"}
        self.lag = Histogram(
            "slipway_event_loop_lag_seconds",
            "How late a timer of the event loop is, ten times a second.",
            buckets=LAG_S,
            **r,
        )
        self.tasks = Gauge(
            "slipway_asyncio_tasks", "Tasks of the event loop; they must not pile up.", multiprocess_mode="livesum", **r
        )
        self.stuck = Gauge(
            "slipway_stuck", "1 while a run does not end, or the event loop does not turn.", ("what",), **most
        )
        for what in ("engine", "loop"):
            self.stuck.labels(what)
        self.draining = Gauge("slipway_draining", "1 while the process finishes before it exits.", **most)
        self.cpus = Gauge("slipway_effective_cpus", "CPUs that affinity and cgroup quota leave.", **most)
        self.cpus.set(effective_cpus())
        if memory_bytes is not None:
            self.memory = Gauge("slipway_memory_limit_bytes", "Memory that the cgroup leaves.", **most)
            self.memory.set(memory_bytes)
        self.build_info = Gauge(
            "slipway_build_info",
            "Always 1; the labels say which program this is.",
            ("version", "python", "onnxruntime"),
            **most,
        )
        self.build_info.labels(version, platform.python_version(), onnxruntime.__version__).set(1)
