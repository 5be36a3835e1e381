"""Where a request's time goes.

the service under wrk ──> its CPU a request, and its own stage histograms
the service without a network (benchmarks/micro/no_network.py) ──> what is left is sockets and kernel
"""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from benchmarks.comparison import compare
from benchmarks.comparison.compare import LOAD_CORE, SERVER_CORE, START_LIMIT_S, Tell, free_port
from benchmarks.harness import closed_loop
from benchmarks.harness.check_answer import HOST, body_of, wait_until_right
from benchmarks.harness.models import BUILD, ROOT, Model
from benchmarks.harness.peers import Peer
from benchmarks.harness.scrape import Samples, scrape, total

STAGE = "slipway_stage_duration_seconds"
WORK = ("decode", "run", "encode")
STAGES = (*WORK, "queue")


@dataclass(frozen=True)
class Line:
    """One row of the table; `us` is of one request."""

    stage: str
    us: float
    note: str


def profile(
    peer: Peer, model: Model, tell: Tell, *, connections: int, seconds: float, functions: bool = False
) -> dict[str, Any]:
    """Measure and return everything that the table is made of."""
    body = body_of(peer, model)
    tell(f"{model.name} under load at {connections} connections", 0)
    loaded = _loaded(peer, model, body, connections, seconds)
    tell(f"{model.name} without a network", 1)
    simulated, listing = _simulated(peer, model, body, connections, functions)
    return {"peer": peer.name, "model": model.name, "loaded": loaded, "simulated": simulated, "functions": listing}


def lines(found: dict[str, Any]) -> list[Line]:
    """Divide a request's CPU among its stages.

    The service times its stages by the clock on the wall: what a neighbour or another thread took meanwhile is in them.
    """
    loaded, simulated = found["loaded"], found["simulated"]
    per = loaded["stages_us"]
    inner = simulated["stages_us"]
    rest_us = max(0.0, simulated["cpu_us"] - sum([inner[stage] for stage in WORK]))
    outside_us = max(0.0, loaded["cpu_us"] - sum([per[stage] for stage in WORK]) - rest_us)
    return [
        Line("decode", per["decode"], "JSON to rows"),
        Line("run", per["run"], f"assemble, session; {loaded['rows_a_run']:.1f} rows a run"),
        Line("encode", per["encode"], "answers to JSON"),
        Line("rest in Python", rest_us, "HTTP, queue, answer, metrics; by the simulation"),
        Line("sockets and kernel", outside_us, "what is left: reading, writing, polling"),
        Line("total CPU", loaded["cpu_us"], f"{loaded['rps']:,.0f} requests a second"),
        Line("queue", per["queue"], "waiting, not work"),
    ]


def _loaded(peer: Peer, model: Model, body: bytes, connections: int, seconds: float) -> dict[str, Any]:
    port = free_port()
    script = closed_loop.write_script(BUILD / "wrk" / f"{peer.name}-{model.name}.lua", [body])
    url = f"http://{HOST}:{port}{peer.path}"
    with compare.start(peer, model, port) as server:
        wait_until_right(server, peer, model, port, START_LIMIT_S)
        closed_loop.run(url, script, connections=connections, seconds=1, core=LOAD_CORE)
        before, before_s = scrape(port), server.cpu_s()
        seen = closed_loop.run(url, script, connections=connections, seconds=seconds, core=LOAD_CORE)
        cpu_s, after = server.cpu_s() - before_s, scrape(port)
    return {
        "connections": connections,
        "rps": seen.rps,
        "p50_ms": seen.p50_ms,
        "p99_ms": seen.p99_ms,
        "cpu_us": cpu_s * 1e6 / seen.requests,
        "stages_us": {
            stage: _grown(before, after, f"{STAGE}_sum", stage=stage) * 1e6 / seen.requests for stage in STAGES
        },
        "rows_a_run": _grown(before, after, "slipway_batch_rows_sum")
        / _grown(before, after, "slipway_batch_rows_count"),
    }


def _grown(before: Samples, after: Samples, name: str, **labels: str) -> float:
    return total(after, name, **labels) - total(before, name, **labels)


def _simulated(peer: Peer, model: Model, body: bytes, connections: int, functions: bool) -> tuple[dict[str, Any], str]:
    path = BUILD / f"body-{model.name}"
    path.write_bytes(body)
    argv = ["taskset", "-c", str(SERVER_CORE), str(peer.python), "-m", "benchmarks.micro.no_network"]
    options = [str(model.folder), str(path), str(connections), *(["functions"] if functions else [])]
    done = subprocess.run([*argv, *options], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found, done.stderr
