"""From process start to ready, and the memory that the ready process holds."""

import http.client
import time
from typing import Any

from benchmarks.comparison import compare
from benchmarks.comparison.compare import LOAD_CORE, START_LIMIT_S, Tell, free_port
from benchmarks.harness import closed_loop
from benchmarks.harness.check_answer import HOST, NotServingError, body_of, send
from benchmarks.harness.models import BUILD, Model
from benchmarks.harness.peers import Peer
from benchmarks.harness.process import Server

POLL_S = 0.002
LOADED_S = 2.0


def starting(peer: Peer, model: Model, tell: Tell, *, times: int) -> dict[str, Any]:
    """Start the service several times; the memory under load is that of the last."""
    points = []
    for turn in range(times):
        tell(f"start {turn + 1} of {times}, {model.name}", 0)
        points.append(once(peer, model))
        tell(f"start, {model.name}", 1)
    return {"peer": peer.name, "model": model.name, "points": points}


def once(peer: Peer, model: Model) -> dict[str, float]:
    """Start it, and weigh it when it is ready and under load."""
    port = free_port()
    with compare.start(peer, model, port) as server:
        ready_s = _wait(server, port)
        rss_mb = server.rss_mb()
        script = closed_loop.write_script(BUILD / "wrk" / f"{peer.name}-{model.name}.lua", [body_of(peer, model)])
        url = f"http://{HOST}:{port}{peer.path}"
        closed_loop.run(url, script, connections=32, seconds=LOADED_S, core=LOAD_CORE)
        return {
            "ready_s": ready_s,
            "rss_mb": rss_mb,
            "rss_loaded_mb": server.rss_mb(),
            "pss_loaded_mb": server.pss_mb(),
        }


def _wait(server: Server, port: int) -> float:
    """Poll `/health/ready`; return the seconds from the process's start to its first 200.

    Raises:
        NotServingError: when it ends or takes too long.
    """
    while time.monotonic() - server.started < START_LIMIT_S:
        try:
            if send(port, "/health/ready").status == 200:
                return time.monotonic() - server.started
        except (OSError, http.client.HTTPException):
            pass
        if not server.alive:
            raise NotServingError(f"it ended at the start: {server.tail()}")
        time.sleep(POLL_S)
    raise NotServingError(f"not ready within {START_LIMIT_S:.0f} s: {server.tail()}")
