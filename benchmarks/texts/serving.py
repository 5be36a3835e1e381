"""Serving: what an answer to a text costs, beside an empty application and the obvious scikit-learn service.

    a bundle of texts, a pipeline of the same texts ─> servers ─ in turns, 32 connections ─> Point ─> claims

The CPU of an answer is user and system time of all processes of a server, divided by the answers. While one server has
its turn the others are stopped. It knows nothing about how the bundle was made.
"""

import http.client
import json
import pickle
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline

from benchmarks.comparison.compare import LOAD_CORE, SERVER_CORE, free_port
from benchmarks.harness import closed_loop, install
from benchmarks.harness.check_answer import HOST, NotServingError, send
from benchmarks.harness.models import BUILD, ROOT
from benchmarks.harness.peers import SERVE
from benchmarks.harness.process import Server

CONNECTIONS = 32
SHORT_CHARS, LONG_WORDS = range(55, 66), range(18, 23)
BODIES = 50  # different texts, in turn
START_LIMIT_S = 60.0
WARM_S = 1.0
OURS, EMPTY, SKLEARN, TRITON = "slipway", "empty", "sklearn", "triton"


@dataclass(frozen=True)
class Point:
    """What one turn of one server gave."""

    server: str
    texts: str  # short, long
    rps: float
    cpu_us: float  # of an answer
    p99_ms: float
    errors: int


@dataclass
class Seat:
    """A server, and how it is asked."""

    name: str
    server: Server
    port: int
    key: str | None  # of a text in a row; None: a list of texts

    def body(self, text: str) -> bytes:
        found = {"texts": [text]} if self.key is None else {"instances": [{self.key: text}]}
        return json.dumps(found, ensure_ascii=False).encode()

    def turn(self, kind: str, texts: Sequence[str], seconds: float) -> Point:
        """Load it, when it has answered once and is warm."""
        self.server.thaw()
        try:
            reply = send(self.port, "/predict", self.body(texts[0]))
            if reply.status != 200:
                raise NotServingError(f"{self.name}: status {reply.status}: {reply.body[:200]!r}")
            self.server.pin()
            path = BUILD / "wrk" / f"texts-{self.name}-{kind}.lua"
            script, url = (
                closed_loop.write_script(path, [self.body(text) for text in texts]),
                f"http://{HOST}:{self.port}/predict",
            )
            closed_loop.run(url, script, connections=CONNECTIONS, seconds=WARM_S, core=LOAD_CORE)
            before_s = self.server.cpu_s()
            seen = closed_loop.run(url, script, connections=CONNECTIONS, seconds=seconds, core=LOAD_CORE)
            cpu_us = 1e6 * (self.server.cpu_s() - before_s) / max(seen.requests, 1)
            return Point(self.name, kind, seen.rps, cpu_us, seen.p99_ms, seen.errors)
        finally:
            self.server.freeze()


def measure(all_seats: Sequence[Seat], texts: Sequence[str], rounds: int, seconds: float) -> list[Point]:
    """Load all servers in turns."""
    asked = {
        "short": [text for text in texts if len(text) in SHORT_CHARS][:BODIES],
        "long": [text for text in texts if len(text.split()) in LONG_WORDS][:BODIES],
    }
    return [
        seat.turn(kind, asked[kind], seconds)
        for turn in range(rounds)
        for seat in (all_seats if turn % 2 == 0 else all_seats[::-1])
        for kind in asked
    ]


@contextmanager
def seats(models: Path, texts: Sequence[str], truths: Sequence[Any]) -> Iterator[list[Seat]]:
    """Start all servers, and end them."""
    pickled = BUILD / "texts" / "pipeline.pickle"
    pickled.parent.mkdir(parents=True, exist_ok=True)
    pickled.write_bytes(pickle.dumps(pipeline(texts, truths)))
    programs: Mapping[str, tuple[list[str], str | None]] = {
        OURS: (_service(models), text_feature(models)),
        EMPTY: ([str(SERVE / "bin/python"), "-m", "benchmarks.servers.empty"], None),
        SKLEARN: ([sys.executable, "-m", "benchmarks.servers.sklearn_texts"], None),
    }
    with ExitStack() as stack:
        made = []
        for name, (argv, key) in programs.items():
            seat = stack.enter_context(_seat(name, argv, key, {"BENCH_PIPELINE": str(pickled)}))
            _wait(seat, "/predict", seat.body(texts[0]))
            seat.server.freeze()
            made.append(seat)
        yield made


@contextmanager
def beside_triton(models: Path, graph: Path) -> Iterator[tuple[Seat, Seat]]:
    """Start the service and Triton with the same graph under the same name, and end both."""
    name, scratch = graph.parents[1].name, BUILD / "scratch" / "triton-texts"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    argv = [str(install.environment(TRITON) / "bin/python"), "-m", "benchmarks.texts.triton"]
    variables = {"BENCH_GRAPH": str(graph), "BENCH_NAME": name, "BENCH_SCRATCH": str(scratch)}
    with _seat(OURS, _service(models), None, {}) as ours, _seat(TRITON, argv, None, variables) as triton:
        for seat in (ours, triton):
            _wait(seat, f"/v2/models/{name}/ready")
        yield ours, triton


def _service(models: Path) -> list[str]:
    options = ["--models", str(models), "--log-level", "warning", "--port", "{port}"]
    return [str(SERVE / "bin/python"), "-m", "app", *options]


@contextmanager
def _seat(name: str, argv: Sequence[str], key: str | None, variables: Mapping[str, str]) -> Iterator[Seat]:
    port = free_port()
    command = [word.replace("{port}", str(port)) for word in argv]
    known = {"BENCH_PORT": str(port), "OMP_NUM_THREADS": "1", **variables}
    log = BUILD / "logs" / f"texts-{name}.log"
    with Server(command, folder=ROOT, log=log, core=SERVER_CORE, variables=known) as server:
        yield Seat(name, server, port, key)


def pipeline(texts: Sequence[str], truths: Sequence[Any]) -> Any:
    """Fit what a tutorial would: TF-IDF of words and of characters, and logistic regression."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    union = FeatureUnion([("words", words), ("characters", characters)])
    return make_pipeline(union, LogisticRegression(C=10, max_iter=300)).fit(texts, truths)


def text_feature(models: Path) -> str:
    """Return the feature of the only bundle in a folder that is text."""
    (manifest,) = models.glob("*/*/manifest.json")
    (name,) = (one["name"] for one in json.loads(manifest.read_text())["features"] if one["type"] == "text")
    return str(name)


def ratios(points: Sequence[Point]) -> dict[str, float]:
    """Return what is claimed: CPU beside the empty application, answers beside scikit-learn."""

    def middle(server: str, kind: str, field: str) -> float:
        return float(
            statistics.median(asdict(one)[field] for one in points if (one.server, one.texts) == (server, kind))
        )

    return {
        "cpu_to_empty": middle(OURS, "short", "cpu_us") / middle(EMPTY, "short", "cpu_us"),
        "rps_to_sklearn": middle(OURS, "long", "rps") / middle(SKLEARN, "long", "rps"),
        "cpu_of_sklearn": middle(SKLEARN, "long", "cpu_us") / middle(OURS, "long", "cpu_us"),
    }


def _wait(seat: Seat, path: str, body: bytes | None = None) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if not seat.server.alive:
            raise NotServingError(f"{seat.name} ended at the start: {seat.server.tail()}")
        try:
            if send(seat.port, path, body).status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise NotServingError(f"{seat.name}: no answer within {START_LIMIT_S:.0f} s: {seat.server.tail()}")
