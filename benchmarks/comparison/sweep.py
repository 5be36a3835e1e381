"""Open-loop sweep: arrivals at fixed rates up to twice what the service can do.

    capacity, by wrk ─> for each rate: open_loop.c ─> goodput, p99 of what was accepted, refusals

A closed loop slows down with the server and so hides overload; here requests come at their own times, and latency
counts from the intended time. An answer is good if it is a 200 within the deadline. Python's own event loop could not
send fast enough to overload this service with one core, so the generator is a small C program, compiled here.
"""

import json
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.comparison import compare
from benchmarks.comparison.compare import LOAD_CORE, START_LIMIT_S, Tell, free_port
from benchmarks.harness import closed_loop
from benchmarks.harness.check_answer import HOST, body_of, wait_until_right
from benchmarks.harness.models import BUILD, Model
from benchmarks.harness.peers import Peer
from benchmarks.harness.process import Server

FRACTIONS = (0.25, 0.5, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0)  # of the capacity
DEADLINE_MS = 100  # also the service's own timeout
CONNECTIONS = 2048  # of the clients together; an arrival that finds none free is turned away by the client
WARMUP_S = 1.0
REST_S = 0.5  # between two rates, so that one's queue is not the next one's
SOURCE = Path(__file__).parents[1] / "harness" / "open_loop.c"


def sweep(peer: Peer, models: list[Model], tell: Tell, *, rounds: int, seconds: float) -> dict[str, Any]:
    """Sweep each model and return model -> capacity, deadline and points."""
    generator = build()
    allow_descriptors()
    return {model.name: _sweep(peer, model, generator, tell, rounds, seconds) for model in models}


def build() -> Path:
    """Compile the load generator.

    Raises:
        subprocess.CalledProcessError: when there is no compiler, or it refuses.
    """
    program = BUILD / "openloop"
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-O2", "-o", str(program), str(SOURCE), "-lm"], check=True, capture_output=True)
    return program


def allow_descriptors() -> None:
    """Raise the limit of open files, which the servers inherit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def offer(generator: Path, port: int, request: Path, *, rate: float, seconds: float, seed: int) -> dict[str, Any]:
    """Offer `rate` requests a second, and return what the generator saw."""
    options = [port, rate, WARMUP_S, seconds, CONNECTIONS, DEADLINE_MS, seed, request]
    argv = ["taskset", "-c", str(LOAD_CORE), str(generator), *map(str, options)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=seconds + 60)
    seen: dict[str, Any] = json.loads(done.stdout)
    return {**seen, "rate": rate, "goodput": seen["good"] / seen["seconds"]}


def _sweep(peer: Peer, model: Model, generator: Path, tell: Tell, rounds: int, seconds: float) -> dict[str, Any]:
    port = free_port()
    extra = ("--timeout-ms", str(DEADLINE_MS))
    with compare.start(peer, model, port, extra=extra) as server:
        wait_until_right(server, peer, model, port, START_LIMIT_S)
        capacity = _capacity(peer, model, port, seconds)
        request = _request(peer, model, port)
        points = []
        for turn in range(rounds):
            for fraction in FRACTIONS:
                tell(f"open loop, {model.name}: {fraction:g} of {capacity:,.0f} a second", 0)
                seen = _point(server, generator, port, request, fraction * capacity, seconds, turn)
                points.append({"fraction": fraction, "round": turn, **seen})
                tell(f"open loop, {model.name}", 1)
    return {
        "peer": peer.name,
        "capacity": capacity,
        "deadline_ms": DEADLINE_MS,
        "connections": CONNECTIONS,
        "points": points,
    }


def _point(
    server: Server, generator: Path, port: int, request: Path, rate: float, seconds: float, seed: int
) -> dict[str, Any]:
    time.sleep(REST_S)
    before_s = server.cpu_s()
    seen = offer(generator, port, request, rate=rate, seconds=seconds, seed=seed)
    return {**seen, "cpu_s": server.cpu_s() - before_s, "rss_mb": server.rss_mb()}


def _capacity(peer: Peer, model: Model, port: int, seconds: float) -> float:
    """Requests a second in a closed loop of 128 connections."""
    script = closed_loop.write_script(BUILD / "wrk" / f"{peer.name}-{model.name}.lua", [body_of(peer, model)])
    url = f"http://{HOST}:{port}{peer.path}"
    closed_loop.run(url, script, connections=128, seconds=1, core=LOAD_CORE)
    return closed_loop.run(url, script, connections=128, seconds=seconds, core=LOAD_CORE).rps


def _request(peer: Peer, model: Model, port: int) -> Path:
    """Write a whole HTTP request to a file."""
    body = body_of(peer, model)
    head = f"POST {peer.path} HTTP/1.1\r\nHost: {HOST}:{port}\r\ncontent-type: application/json\r\n"
    path = BUILD / f"request-{peer.name}-{model.name}"
    path.write_bytes(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    return path
