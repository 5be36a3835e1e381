"""Many requests of mixed sizes, some of them wrong: memory, descriptors, threads and tasks must stay flat.

warm up ─> [load for some seconds ─> rest ─> take stock] until enough requests were answered
"""

import json
import time
from typing import Any

from benchmarks.comparison import compare
from benchmarks.comparison.compare import LOAD_CORE, START_LIMIT_S, Tell, free_port
from benchmarks.harness import closed_loop
from benchmarks.harness.check_answer import HOST, body_of, wait_until_right
from benchmarks.harness.models import BUILD, Model
from benchmarks.harness.peers import Peer
from benchmarks.harness.process import Server
from benchmarks.harness.scrape import has, scrape, total

ROWS = (1, 1, 1, 2, 3, 8, 31, 32, 33, 100, 255, 256, 257, 600)  # around and above every limit
WARMUP_SHARE = 0.2
SLICE_S = 3.0
REST_S = 0.5  # for connections to close
CONNECTIONS = 32
TASKS = "slipway_asyncio_tasks"
GROWTH_SHARE = 0.03  # of resident memory that counts as flat: what an allocator keeps or gives back at its own time


def soak(peer: Peer, model: Model, tell: Tell, *, requests: int) -> dict[str, Any]:
    """Send `requests` after a warm-up and return the stock taken on the way."""
    port = free_port()
    with compare.start(peer, model, port) as server:
        wait_until_right(server, peer, model, port, START_LIMIT_S)
        bodies = [body_of(peer, model, rows) for rows in ROWS] + [_wrong(peer, model)]
        script = closed_loop.write_script(BUILD / "wrk" / f"{peer.name}-soak.lua", bodies)
        url = f"http://{HOST}:{port}{peer.path}"
        _send(url, script, int(requests * WARMUP_SHARE), tell, "soak, warming up")
        samples = [stock(server, port, 0)]
        sent = 0
        while sent < requests:
            seen = closed_loop.run(url, script, connections=CONNECTIONS, seconds=SLICE_S, core=LOAD_CORE)
            sent += seen.requests
            tell(f"soak: {sent:,} of {requests:,} requests", min(seen.requests, requests))
            time.sleep(REST_S)
            samples.append(stock(server, port, sent))
        counted = scrape(port)
        codes = {
            code: total(counted, "slipway_requests_total", code=code)
            for code in {labels["code"] for name, labels, _ in counted if name == "slipway_requests_total"}
        }
    return {
        "peer": peer.name,
        "model": model.name,
        "requests": sent,
        "codes": codes,
        "samples": samples,
        **judge(samples),
    }


def stock(server: Server, port: int, requests: int) -> dict[str, float | None]:
    """Count what must not grow."""
    samples = scrape(port)
    return {
        "requests": requests,
        "rss_mb": server.rss_mb(),
        "descriptors": server.descriptors(),
        "threads": server.threads(),
        "tasks": total(samples, TASKS) if has(samples, TASKS) else None,
    }


def judge(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Compare the last third with the first third after the warm-up; single samples of memory waver."""
    third = max(1, len(samples) // 3)
    first, last = samples[:third], samples[-third:]
    growth_mb = _mean(last, "rss_mb") - _mean(first, "rss_mb")
    counted = [key for key in ("descriptors", "threads", "tasks") if samples[0][key] is not None]
    grown = [key for key in counted if _mean(last, key) > _mean(first, key)]
    if growth_mb > GROWTH_SHARE * _mean(first, "rss_mb"):
        grown.append("memory")
    return {"growth_mb": growth_mb, "grown": grown}


def _mean(samples: list[dict[str, Any]], key: str) -> float:
    return float(sum(sample[key] for sample in samples) / len(samples))


def _send(url: str, script: Any, requests: int, tell: Tell, what: str) -> None:
    sent = 0
    while sent < requests:
        tell(what, 0)
        sent += closed_loop.run(url, script, connections=CONNECTIONS, seconds=SLICE_S, core=LOAD_CORE).requests
    time.sleep(REST_S)


def _wrong(peer: Peer, model: Model) -> bytes:
    """A row that is one value short: it must be refused, and cost nothing that stays."""
    return json.dumps(peer.wire.body(model, [model.rows[0][:-1]])).encode()
