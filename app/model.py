"""One version of one model, ready to answer: bundle, schema, engine and batcher joined.

    load(folder, settings)   read and verify -> session -> golden rows -> time it -> decide where runs happen
    Model.start(metrics)     its batcher, on the running event loop
    Model.run(pieces)        assemble -> run -> encode -> split

It knows nothing of HTTP.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from app import bundle as bundles
from app.batcher import Batcher
from app.batcher import Observer as BatchObserver
from app.bundle import Bundle
from app.cpus import effective_cpus
from app.engine import INLINE_MAX_S, RUN_MAX_S, Decision, Engine, row_limit, tile, time_runs
from app.errors import BundleError
from app.schema import Row, Schema, schema_of
from app.settings import Settings


class Observer(BatchObserver, Protocol):
    """What a version tells of itself; see `app.metrics.ModelMetrics`."""

    @property
    def decoded(self) -> Callable[[float], None]:
        """Take the seconds that decoding a request took."""
        ...

    @property
    def answered(self) -> Callable[[float], None]:
        """Take the seconds from a request's last byte to its answer."""
        ...

    def refused(self, code: int) -> None:
        """A request got no prediction but this status."""
        ...


SMALL_RUN_S = 0.001  # a run of 32 rows below this gains nothing from more threads
SUM_ATOL = 1e-3  # of a row's probabilities beside one
UNKNOWN_WORD = "\u2047"  # a word that no vocabulary holds
SIZES = (1, 8, 32, 256)  # rows at which a model is timed; the last is the most that a run may have


class Model:
    """A verified, warm version; `start` it on the event loop that serves."""

    batcher: Batcher
    metrics: Observer

    def __init__(self, bundle: Bundle, schema: Schema, engine: Engine, decision: Decision, load_s: float) -> None:
        self.bundle = bundle
        self.schema = schema
        self.decision = decision
        self.load_s = load_s
        self._engine = engine
        self._executor: ThreadPoolExecutor | None = None
        name = msgspec.json.encode(self.name)
        self._head = b'{"model":%b,"version":%d,"predictions":[' % (name, self.version)

    @property
    def name(self) -> str:
        return self.bundle.manifest.name

    @property
    def version(self) -> int:
        return self.bundle.manifest.version

    @property
    def example(self) -> dict[str, Any]:
        """A request that works: the first golden row."""
        return {"instances": [self.bundle.golden.instances[0]]}

    def start(self, metrics: Observer, settings: Settings) -> None:
        """Make the batcher; call it on the event loop that serves."""
        self.metrics = metrics
        if not self.decision.inline:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"run-{self.name}-{self.version}")
        self.batcher = Batcher(
            self.run,
            max_batch_rows=self.decision.max_batch_rows,
            max_queue_rows=settings.max_queue_rows,
            observer=metrics,
            executor=self._executor,
            max_queue_bytes=settings.max_queue_bytes,
            max_delay_s=settings.max_delay_us / 1e6,
        )

    def stop(self) -> None:
        """Let a run under way finish and free the thread."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)

    def run(self, pieces: list[Sequence[Row]]) -> list[Sequence[Any]]:
        """Answer several requests in one run: one JSON text a row, in each request's order.

        Raises:
            FloatingPointError: when an output is not finite; the batcher then finds whose it is.
        """
        rows = pieces[0] if len(pieces) == 1 else list(itertools.chain.from_iterable(pieces))
        outputs = self._engine.run(self.schema.assemble(rows))
        if len(outputs[0]) != len(rows):
            raise ValueError(f"Invalid output: expected {len(rows)} rows. Received: {outputs[0].shape}.")
        if not np.isfinite(outputs[0]).all():
            raise FloatingPointError("Invalid output: expected finite numbers. Received: NaN or infinity.")
        answers = iter(self.schema.encode(outputs))
        return [list(itertools.islice(answers, len(piece))) for piece in pieces]

    def body(self, answers: Sequence[bytes]) -> bytes:
        """Join the rows' texts to the body of a response."""
        return self._head + b",".join(answers) + b"]}"


def load(folder: Path, settings: Settings) -> Model:
    """Read, verify, create, prove and time the bundle in `folder`.

    Raises:
        BundleError: saying which file, what was expected and what was found.
    """
    started = time.perf_counter()
    bundle = bundles.read(folder)
    schema = schema_of(bundle.manifest, settings.max_request_rows)
    engine, decision = _decide(bundle, schema, settings)
    prove(bundle, schema, engine)
    return Model(bundle, schema, engine, decision, time.perf_counter() - started)


def prove(bundle: Bundle, schema: Schema, engine: Engine) -> None:
    """Run the golden rows, together and alone, and compare; then rows with missing and unknown values.

    Raises:
        BundleError: when the graph answers otherwise than it did for the trainer.
    """
    rows = _golden_rows(bundle, schema)
    for some in (rows, rows[:1]):
        outputs = _run(bundle, engine, schema.assemble(some))
        for tensor, found in zip(bundle.manifest.outputs, outputs, strict=True):
            _compare(bundle, tensor.name, found)
    if bundle.manifest.labels is not None and not np.allclose(outputs[0].sum(axis=1), 1, atol=SUM_ATOL):
        raise BundleError(f"{bundle.model_path}: expected probabilities that sum to one. Received: {outputs[0]}.")
    strange = _run(bundle, engine, schema.assemble(schema.rows(_strange(bundle))))
    if not np.isfinite(strange[0]).all():
        raise BundleError(
            f"{bundle.model_path}: expected finite answers to missing and unknown values. Received: {strange[0]}."
        )


def _golden_rows(bundle: Bundle, schema: Schema) -> list[Row]:
    try:
        return schema.rows(bundle.golden.instances)
    except msgspec.ValidationError as error:
        raise BundleError(f"{bundle.folder / bundles.GOLDEN}: {error}.") from error


def _run(bundle: Bundle, engine: Engine, inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    try:
        return engine.run(inputs)
    except Exception as error:
        raise BundleError(f"{bundle.model_path}: ONNX Runtime cannot run it: {error}") from error


def _compare(bundle: Bundle, tensor: str, found: NDArray[Any]) -> None:
    """Compare the answers to the first golden rows with the trainer's."""
    golden, where = bundle.golden, bundle.folder / bundles.GOLDEN
    try:
        wanted = np.array(golden.outputs[tensor][: len(found)], np.float32)  # (rows, columns)
    except (TypeError, ValueError) as error:
        raise BundleError(f"{where}: expected rows of numbers for `{tensor}`. Received: {error}.") from error
    if wanted.shape != found.shape or not np.allclose(found, wanted, rtol=golden.rtol, atol=golden.atol):
        raise BundleError(
            f"{where}: expected `{tensor}` within {golden.atol:g} + {golden.rtol:g} of the trainer's answers. "
            f"Received: a difference of {_difference(wanted, found)} in a run of {len(found)} rows."
        )


def _strange(bundle: Bundle) -> list[dict[str, Any]]:
    """Make two rows that training did not hold: one without its optional values, one with unknown words."""
    row, features = bundle.golden.instances[0], bundle.manifest.features
    missing = {feature.name: None for feature in features if feature.optional}
    unknown = {feature.name: UNKNOWN_WORD for feature in features if feature.type == "string"}
    return [row | missing, row | unknown]


def _difference(wanted: NDArray[Any], found: NDArray[Any]) -> str:
    if wanted.shape != found.shape:
        return f"shape, {found.shape} instead of {wanted.shape},"
    return f"{float(np.abs(wanted - found).max()):g}"


def _decide(bundle: Bundle, schema: Schema, settings: Settings) -> tuple[Engine, Decision]:
    """Time the graph with one thread; give it all CPUs only where that can pay, and the loop only if it is quick."""
    threads = settings.threads or 1
    engine, run_s = _engine(bundle, schema, threads, settings.max_batch_rows)
    cpus = max(1, int(effective_cpus()))
    if settings.threads is None and cpus > 1 and run_s[32] > SMALL_RUN_S:
        threads = cpus
        engine, run_s = _engine(bundle, schema, threads, settings.max_batch_rows)
    batch_rows = settings.max_batch_rows or row_limit(run_s)
    return engine, Decision(_inline(settings, run_s, batch_rows, cpus), threads, batch_rows, run_s)


def _inline(settings: Settings, run_s: dict[int, float], batch_rows: int, cpus: int) -> bool:
    """A thread lets the loop go on beside a long run; with one CPU there is nothing to go on with."""
    if settings.run_on != "auto":
        return settings.run_on == "loop"
    return run_s[32] <= INLINE_MAX_S or (cpus == 1 and run_s[batch_rows] <= RUN_MAX_S)


def _engine(bundle: Bundle, schema: Schema, threads: int, max_rows: int | None) -> tuple[Engine, dict[int, float]]:
    engine = Engine(bundle.model_path, threads)
    engine.check(bundle.manifest.inputs, bundle.manifest.outputs)
    golden = schema.assemble(_golden_rows(bundle, schema))
    sizes = SIZES if max_rows is None else (*(size for size in SIZES if size < max_rows), 32, max_rows)

    def run(rows: int) -> None:
        _run(bundle, engine, {name: tile(array, rows) for name, array in golden.items()})

    return engine, time_runs(run, sizes)
