"""What sizing needs to know beside the benchmark: `python -m benchmarks.sizing.measure_inputs` measures it, about a
minute.

    bytes of a request and of its answer      series and bytes of a scrape
    memory of one more model, and of an open connection      CPU of HAProxy in front, a request

Counts and bytes do not depend on what else the machine does, and CPU time little. The result, `benchmarks/sizing.json`,
says when, at which commit and on which machine.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.bundle import reader as bundles
from benchmarks.harness import models
from benchmarks.harness.behind_proxy import Replica, free_port, haproxy
from benchmarks.harness.callers import KINDS, Callers
from benchmarks.harness.check_answer import body_of, send
from benchmarks.harness.peers import PEERS
from benchmarks.harness.process import TICK_S, Server, Stat
from benchmarks.harness.results_store import commit, machine

ROOT = Path(__file__).parents[2]
INPUTS = ROOT / "benchmarks" / "sizing.json"
COPIES = 4  # of a model, beside the first
CONNECTIONS = 2_000
PROXIED_S = 4.0
PATIENCE_S = 60.0
MISSING = f"expected the bundle models/{models.ADULT}"


def main() -> None:
    found = {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "commit": commit(),
        "machine": machine()["cpu"],
        "bytes": {name: wire_bytes(name) for name in ("adult", "wide")},
        "scrape": scrape(),
        "connection_kb": connection_kb(),
        "model_mb": {name: model_mb(name) for name in ("adult", "wide")},
        "graph_mb": {name: round(graph_bytes(name) / 1e6, 2) for name in ("adult", "wide")},
        "proxy_cpu_us": asyncio.run(proxy_cpu_us()),
    }
    INPUTS.write_text(json.dumps(found, indent=1) + "\n")
    print(INPUTS.read_text())


def body(name: str) -> bytes:
    """One row as the benchmark sends it, whose cost is what sizing multiplies."""
    model = models.build(name)
    assert model is not None, MISSING
    return body_of(PEERS["slipway"], model)


def version(name: str) -> Path:
    """The folder of the newest version of a model of the benchmark."""
    model = models.build(name)
    assert model is not None, MISSING
    return model.graph.parent


def graph_bytes(name: str) -> int:
    return (version(name) / bundles.MODEL).stat().st_size


class Serving:
    """The service on a folder of models, ready."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.port = free_port()
        words = [sys.executable, "-m", "app", "--port", str(self.port), "--models", str(folder)]
        log = scratch / f"{self.port}.log"
        self.server = Server(words, folder=ROOT, log=log, core=None, variables=dict(os.environ))
        while not self._ready():
            assert self.server.alive, self.server.tail()
            assert time.monotonic() - self.server.started < PATIENCE_S, self.server.tail()
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            return send(self.port, "/health/ready").status == 200
        except OSError:
            return False

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()


def serve_copies(name: str, count: int, scratch: Path) -> Serving:
    """Serve a model under as many names."""
    folder = scratch / f"{name}-{count}"
    for number in range(count):
        copy = folder / f"{name}-{number}" / "1"
        shutil.copytree(version(name), copy)
        manifest = json.loads((copy / bundles.MANIFEST).read_text())
        manifest |= {"name": f"{name}-{number}", "version": 1}
        (copy / bundles.MANIFEST).write_text(json.dumps(manifest))
    return Serving(folder, scratch)


def wire_bytes(name: str) -> dict[str, int]:
    """Bytes of one request with the few headers that a program sends, and of its answer, heads included."""
    with tempfile.TemporaryDirectory() as made, serve_copies(name, 1, Path(made)) as serving:
        content = body(name)
        head = "POST /predict HTTP/1.1\r\nHost: slipway.slipway\r\nContent-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
        with socket.create_connection(("127.0.0.1", serving.port), timeout=10) as client:
            client.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert b" 200 " in answer[:20], answer[:200]
    return {"request": len(request), "answer": len(answer)}


def scrape() -> dict[str, int]:
    """Series and bytes of /metrics with the committed model, after some requests, good and bad."""
    with tempfile.TemporaryDirectory() as made, serve_copies("adult", 1, Path(made)) as serving:
        for content in (body("adult"), b"{", b'{"instances":[]}'):
            send(serving.port, "/predict", content)
        time.sleep(2.5)  # what is counted in bulk has been counted by then
        text = send(serving.port, "/metrics").body
    lines = [line for line in text.splitlines() if line and not line.startswith(b"#")]
    return {"series": len(lines), "bytes": len(text)}


def connection_kb() -> float:
    """Resident memory of a connection that has been answered once and stays open."""
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        serving = stack.enter_context(serve_copies("adult", 1, Path(made)))
        content = body("adult")
        request = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        held = [_open(stack, serving.port, request % len(content) + content) for _ in range(50)]
        before_mb = serving.server.rss_mb()
        held += [_open(stack, serving.port, request % len(content) + content) for _ in range(CONNECTIONS)]
        return round((serving.server.rss_mb() - before_mb) * 1024 / CONNECTIONS, 1)


def _open(stack: ExitStack, port: int, request: bytes) -> socket.socket:
    client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
    client.sendall(request)
    assert b" 200 " in client.recv(65536)[:20]
    return client


def model_mb(name: str) -> float:
    """Resident memory of one more model, when all have loaded."""
    with tempfile.TemporaryDirectory() as made:
        with serve_copies(name, 1, Path(made)) as serving:
            one_mb = serving.server.rss_mb()
        with serve_copies(name, 1 + COPIES, Path(made)) as serving:
            return round((serving.server.rss_mb() - one_mb) / COPIES, 1)


async def proxy_cpu_us() -> dict[str, float]:
    """CPU of HAProxy a request, user and system, for callers who keep their connection and for those who do not."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        replicas = [Replica(name, ROOT / "models", folder) for name in ("a", "b")]
        try:
            with haproxy(replicas, folder) as proxy:
                for replica in replicas:
                    replica.start()
                    await proxy.until(replica.name, "UP")
                for kind in KINDS:
                    before, load = (
                        _cpu_s(proxy.pid),
                        Callers(proxy.port, body("adult"), count=8, pause_s=0, kinds=[kind]),
                    )
                    async with load.calling() as seen:
                        await asyncio.sleep(PROXIED_S)
                    assert not seen.lost, seen.examples[:3]
                    found[kind] = round((_cpu_s(proxy.pid) - before) / seen.answered.total() * 1e6, 1)
        finally:
            for replica in replicas:
                replica.kill()
    return found


def _cpu_s(pid: int) -> float:
    return Stat.parse(Path(f"/proc/{pid}/stat").read_text()).cpu_ticks * TICK_S


def load() -> dict[str, Any]:
    """Read what was measured last."""
    found: dict[str, Any] = json.loads(INPUTS.read_text())
    return found


if __name__ == "__main__":
    main()
