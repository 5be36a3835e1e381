"""One version of one model, ready to answer: engine, batcher and what a request may hold, joined.

    load(folder, settings)   a bundle, or a graph alone ─> whose? ─> verify ─> session ─> prove ─> time it ─> Model
    Model.start(metrics)     its batcher, on the running event loop
    Model.run(pieces)        instances: join ─> run ─> an `Answer` for each piece

It knows nothing of HTTP.
"""

import hashlib
import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from app.batching.batcher import Batcher
from app.batching.batcher import Observer as BatchObserver
from app.batching.concurrency_limit import limit_of
from app.batching.queue import Limits
from app.batching.work import Work
from app.bundle import reader as bundles
from app.bundle import signature
from app.bundle.reader import MODEL_MAX_BYTES, Bundle
from app.bundle.sealed_file import Held, hold
from app.drift.counts import Table
from app.drift.sampling import Copied, Previewed, Watch
from app.errors import BodyTooLarge, BundleError, Headers, NotFound
from app.features.feature_set import FeatureSet
from app.features.row_reader import RowReader
from app.features.rows import Rows
from app.printable import bounded
from app.runtime import graph
from app.runtime.answer import Answer, RunOutputs
from app.runtime.autotune import Decision, decide
from app.runtime.engine import Engine
from app.runtime.external_data import hold_weights
from app.runtime.golden_check import golden_rows, prove
from app.runtime.graph_size import check_nodes
from app.runtime.load_limit import LoadLimit
from app.runtime.padded_rows import largest_run, usual
from app.runtime.value_sizes import decided_by_value
from app.settings import Settings
from app.tensors import Array, Instances, Signature, Tensors, TensorSpec, concatenated

TENSORS: set[type] = {Tensors}
NAMED: set[type] = {Rows, Previewed}  # that may share a run
NONE: Mapping[int, int] = {}
ITEM_BYTES = 2  # that an element takes at least, as JSON: a digit and a comma
OUTPUT_FACTOR = 4  # an answer of a graph alone may have so many times the bytes that a body may have
RUNS_SHARE = 0.9  # of a load's time, after which ONNX Runtime is asked to end: who waits for the load learns why
EXAMPLES_MAX_ROWS = 64  # golden rows that are shown, of 16 that training writes and 4,096 that there may be
RUN_THREAD = "run-"  # what the names of threads that run models begin with


class Calls(Protocol):
    """What is told of a version's requests over one protocol; see `app.metrics.model_metrics.Calls`."""

    @property
    def answered(self) -> Callable[[float], None]: ...  # takes the seconds from a last byte to an encoded answer
    def refused(self, error: Exception) -> None: ...  # a request got this error and no prediction
    def left(self) -> None: ...  # the caller of a request was gone before its answer


class Previews(Calls, Protocol):
    """Likewise of its previews; see `app.metrics.preview_metrics`."""

    def queued(self, work: Work) -> None: ...  # a preview waits


class Observer(BatchObserver, Protocol):
    """What a version tells of itself; see `app.metrics.model_metrics`."""

    @property
    def calls(self) -> Mapping[str, Calls]: ...  # by protocol
    @property
    def previews(self) -> Previews: ...
    @property
    def decoded(self) -> Callable[[float], None]: ...  # takes the seconds that decoding a request took
    @property
    def encoded(self) -> Callable[[float], None]: ...  # likewise of one answer, where a batch is not encoded at once
    def traced(self, seconds: float, trace_id: str) -> None: ...  # see `app.metrics.model_metrics.ModelMetrics.traced`


@dataclass(frozen=True)
class Facts:
    """What is known of a version before it serves."""

    name: str
    version: int
    signature: Signature
    decision: Decision
    sha256: str  # of the graph
    content_sha256: str  # of what settles all: the manifest, or the graph with its weights where there is none
    load_s: float
    remark: str = ""  # why a graph without a manifest is served as it is
    signed: bool = False  # by the key that the settings ask for
    starved: bool = False  # a run at load failed for want of memory; others did not


class Model:
    """A verified, warm version; `start` it on the event loop that serves.

    A graph without a manifest has neither `bundle` nor `reader`, and is served as tensors only. There is no `watch`
    where nobody wants to know what it is asked and what it answers, or nothing was profiled.
    """

    batcher: Batcher
    metrics: Observer
    max_request_rows: int
    examples: Sequence[dict[str, Any]] = ()  # real rows that may be shown: the first golden ones

    def __init__(
        self,
        facts: Facts,
        engine: Engine,
        bundle: Bundle | None = None,
        reader: RowReader | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.facts = facts
        self.name = facts.name
        self.version = facts.version
        self.signature = facts.signature
        self.decision = facts.decision
        self.bundle = bundle
        self.reader = reader
        self.answer = None if bundle is None else bundle.answer
        self.features = None if bundle is None else bundle.features
        self.watch = watch
        self._output_max_bytes: float = math.inf
        self.encode_s = 0.0  # that writing the answers of the last run took; `metrics` tells it from the run's own time
        self.previews = NONE  # of the last run: the pieces that are no traffic, by place, and the rows of each
        self.headers: Headers = (("x-slipway-version", f"{self.name}/{self.version}"),)  # of its answers
        self._engine = engine
        self._executor: ThreadPoolExecutor | None = None
        name = msgspec.json.encode(self.name)
        self._head = b'{"model":%b,"version":%d,"predictions":[' % (name, self.version)

    @property
    def example(self) -> dict[str, Any] | None:
        """A request for `/predict` that works: a real row, or one of usual values where those may not be shown."""
        if self.bundle is None:
            return None
        bins = {} if self.bundle.profile is None else self.bundle.profile.features
        return {"instances": [self.examples[0] if self.examples else self.bundle.features.typical(bins)]}

    @property
    def row_reader(self) -> RowReader:
        """How named rows are read; raises `NotFound` when the model has no manifest and takes tensors only."""
        if self.reader is None:
            where = f"/v2/models/{self.name}/infer or /v1/models/{self.name}:predict"
            raise NotFound(f"Model `{self.name}` has no manifest and takes tensors only: expected {where}.")
        return self.reader

    def start(self, metrics: Observer, settings: Settings) -> None:
        """Make the batcher; call it on the event loop that serves."""
        self.metrics = metrics
        if self.bundle is None:  # a bundle's answers are a few numbers a row
            self._output_max_bytes = OUTPUT_FACTOR * settings.max_body_bytes
        if not self.decision.inline:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"{RUN_THREAD}{self.name}-{self.version}")
        self.batcher = Batcher(
            self.run,
            Limits(
                self.decision.max_batch_rows,
                settings.max_queue_rows,
                settings.max_queue_bytes,
                limit_of(settings.max_concurrent_requests, self.name),
                self.elements if self.features is not None and self.features.padded else None,
            ),
            observer=metrics,
            executor=self._executor,
            max_delay_s=settings.max_delay_us / 1e6,
        )

    def stop(self) -> None:
        """Let a run under way finish and free the thread."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)

    def run(self, pieces: list[Instances]) -> list[Answer]:
        """Answer several requests, in whichever form but all of one key, in one run.

        Raises `FloatingPointError` when an answer to rows is not finite, and `BodyTooLarge` when the outputs are more
        than may be sent; the batcher then finds whose they are.
        """
        self.encode_s, self.previews = 0.0, NONE
        forms = set(map(type, pieces))
        if Previewed in forms:
            self.previews = {place: len(piece) for place, piece in enumerate(pieces) if type(piece) is Previewed}
        inputs = _joined(pieces, forms)
        outputs = self._engine.run_named(inputs)
        if self.bundle is None and (size := sum([array.nbytes for array in outputs.values()])) > self._output_max_bytes:
            raise BodyTooLarge((), f"an answer of at most {self._output_max_bytes} bytes", size, noun="inputs")
        if not self.signature.batched:
            return [Answer(RunOutputs(outputs, batched=False), 0, 1)]
        ends = list(itertools.accumulate(map(len, pieces)))
        self._check(outputs, ends[-1], forms)
        if self.watch is not None and Copied not in forms:  # the copies of a shadow are a batch of their own
            if not self.previews:
                self.watch.add(inputs, outputs)
            elif len(self.previews) < len(pieces):
                traffic = np.repeat([place not in self.previews for place in range(len(pieces))], [*map(len, pieces)])
                self.watch.add(_chosen(inputs, traffic), _chosen(outputs, traffic))
        found = RunOutputs(outputs)
        texts = self._texts(outputs) if Rows in forms or self.previews else []
        if len(pieces) == ends[-1]:  # as most requests are: one row each
            return [Answer(found, end - 1, end, texts[end - 1 : end]) for end in ends]
        starts = [0, *ends]
        return [Answer(found, start, end, texts[start:end]) for start, end in zip(starts, ends, strict=False)]

    def outputs(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the graph on its tensors, (rows, …) each, without the checks, texts and counts of `run`."""
        return self._engine.run_named(inputs)

    def elements(self, rows: Any) -> list[int]:
        """Return how many elements each row has, where the features' types are `padded`."""
        assert self.features is not None  # or nobody would ask
        return self.features.elements(rows if isinstance(rows, Rows) else rows.arrays())

    def body(self, answer: Answer) -> bytes:
        """Join the texts of an answer's rows to the body of a response of `/predict`."""
        return self._head + b",".join(answer.texts) + b"]}"

    def _check(self, outputs: dict[str, Array], rows: int, forms: set[type]) -> None:
        """Refuse outputs of other rows, and what JSON could not say where rows came as JSON."""
        for name, array in outputs.items():
            if not array.ndim or len(array) != rows:
                raise ValueError(f"Invalid output: expected {rows} rows. Received: `{name}` of shape {array.shape}.")
        if self.answer is not None and forms != TENSORS and not self.answer.valid(outputs):
            raise FloatingPointError("Invalid output: expected finite numbers. Received: NaN or infinity.")

    def _texts(self, outputs: dict[str, Array]) -> list[bytes]:
        """Write the answers of a run as JSON, a text a row."""
        assert self.answer is not None  # or there would be no rows
        began = time.monotonic()
        texts = self.answer.encode(outputs)
        self.encode_s = time.monotonic() - began
        return texts


def _joined(pieces: list[Any], forms: set[type]) -> dict[str, Array]:
    """Return the graph's tensors for all pieces after one another."""
    if len(forms) > 1 and not forms <= NAMED:
        return concatenated([piece.arrays() for piece in pieces])
    joined: Instances = type(pieces[0]).join(pieces)
    return joined.arrays()


def _chosen(arrays: Mapping[str, Array], rows: Array) -> dict[str, Array]:
    """Return the rows for which `rows` is true."""
    return {name: array[rows] for name, array in arrays.items()}


def load(folder: Path, settings: Settings, tried: str | None = None) -> Model:
    """Read, verify, create, prove and time what lies in `folder`, `…/<name>/<version>`; raises `BundleError`.

    `tried` is the `content_sha256` of a load that ended well elsewhere; of anything else no session is made here.
    """
    kind = _load_bundle if bundles.declared(folder) else _load_graph
    signed = None if settings.verify_key is None else signature.signed(folder, settings.verify_key)
    with LoadLimit(RUNS_SHARE * settings.load_timeout_s) as limit:
        model = kind(folder, settings, Terms(signed, limit, tried))
        limit.check(folder)
    model.max_request_rows = settings.max_request_rows
    if settings.examples and model.bundle is not None:
        model.examples = model.bundle.golden.instances[:EXAMPLES_MAX_ROWS]
    return model


@dataclass(frozen=True)
class Terms:
    """On which a version is loaded."""

    signed: Mapping[str, str] | None  # the sha256 of every file as it was signed
    limit: LoadLimit
    tried: str | None

    def check_tried(self, where: Path, content_sha256: str) -> None:
        """Raise `BundleError` where this is not what was tried."""
        if self.tried not in (None, content_sha256):
            raise BundleError(f"{where}: expected sha256 {self.tried}, which was tried. Received: {content_sha256}.")


def _load_bundle(folder: Path, settings: Settings, terms: Terms) -> Model:
    started = time.perf_counter()
    bundle = bundles.read(folder, terms.signed, trusted=[bundles.MODEL])
    terms.check_tried(folder / bundles.MANIFEST, bundle.sha256)
    manifest = bundle.manifest
    reader = RowReader(bundle.features, settings.max_request_rows)
    complete = bundle.completed()
    with hold(bundle.model_path, MODEL_MAX_BYTES) as content:
        bundle.check_model(content.sha256)
        check_nodes(content)

        def open_engine(threads: int) -> Engine:
            engine = Engine(content, threads, limit=terms.limit, complete=complete)
            engine.check(manifest.inputs, manifest.outputs)
            return engine

        features, rows = bundle.features, golden_rows(bundle, reader)
        with content.view() as file:
            steady = not decided_by_value(file, features.bounded)
        if features.padded:
            rows = usual(rows)
        largest = largest_run(features, rows) if features.padded else None
        engine, decision = decide(open_engine, rows.arrays(), settings, steady=steady, largest=largest)
    prove(bundle, reader, engine)
    facts = Facts(
        name=manifest.name,
        version=manifest.version,
        signature=Signature(_wire(bundle.features, engine.inputs), engine.outputs, batched=True),
        decision=decision,
        sha256=content.sha256,
        content_sha256=bundle.sha256,
        load_s=time.perf_counter() - started,
        signed=terms.signed is not None,
        starved=terms.limit.starved,
    )
    watch = None
    if settings.drift and bundle.profile is not None:
        watch = Watch(Table(bundle))
    return Model(facts, engine, bundle, reader, watch)


def _wire(features: FeatureSet, inputs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """Return what callers of tensors send: the graph's inputs, but for those that a type makes of something else."""
    taken = {spec.name: spec for spec in inputs}
    return tuple([taken[spec.name] if taken.get(spec.name) == spec else spec for spec in features.wire])


def _check_bytes(path: Path, inputs: Sequence[TensorSpec], limit_bytes: int) -> None:
    """Refuse a graph for which no request is small enough; raises `BundleError`."""
    least_bytes = 0
    for spec in inputs:
        sizes = [dim for dim in spec.shape if dim is not None]
        if len(sizes) == len(spec.shape):
            least_bytes += math.prod(sizes) * min(spec.datatype.item_bytes or ITEM_BYTES, ITEM_BYTES)
    if least_bytes > limit_bytes:
        expected = f"inputs that fit into a body of {limit_bytes} bytes (SLIPWAY_MAX_BODY_BYTES)"
        raise BundleError(f"{path}: expected {expected}. Received: at least {least_bytes} bytes.")


def _joint_sha256(held: Mapping[str, Held]) -> str:
    """Return one hash for several files: of the one there is, or of all with their names."""
    hashes = [f"{file.sha256}  {name}\n" for name, file in sorted(held.items())]
    return hashlib.sha256("".join(hashes).encode()).hexdigest() if len(held) > 1 else hashes[0][:64]


def _check_signed(folder: Path, signed: Mapping[str, str], held: Mapping[str, Held]) -> None:
    """Compare the hashes of what is held, and of the files that nothing reads; raises `BundleError`."""
    for name, file in held.items():
        signature.check_hash(folder / name, signed.get(name, "of a file"), file.sha256)
    signature.check_hashes(folder, signed, trusted=held)


def _load_graph(folder: Path, settings: Settings, terms: Terms) -> Model:
    """Serve a graph without a manifest as tensors; nothing vouches for it but that it runs, and a signature."""
    started = time.perf_counter()
    path = graph.find(folder)
    with hold(path, MODEL_MAX_BYTES) as content, hold_weights(content, folder) as weights:
        held = {bundles.MODEL: content, **weights.names}
        content_sha256 = _joint_sha256(held)
        terms.check_tried(folder, content_sha256)
        if terms.signed is not None:
            _check_signed(folder, terms.signed, held)
        check_nodes(content)
        first = Engine(weights.graph, settings.threads or 1, weights.files, terms.limit)
        trial = graph.examine(first, content)
        batched, steady = trial.signature.batched, trial.steady
        _check_bytes(path, trial.signature.inputs, settings.max_body_bytes)

        def open_engine(threads: int) -> Engine:
            return first if threads == first.threads else Engine(weights.graph, threads, weights.files, terms.limit)

        engine, decision = decide(open_engine, trial.sample, settings, batched=batched, steady=steady)
    facts = Facts(
        name=folder.parent.name,
        version=int(folder.name),
        signature=trial.signature,
        decision=decision,
        sha256=content.sha256,
        content_sha256=content_sha256,
        load_s=time.perf_counter() - started,
        remark=bounded(trial.remark),
        signed=terms.signed is not None,
        starved=terms.limit.starved,
    )
    return Model(facts, engine)
