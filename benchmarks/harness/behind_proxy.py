"""Two replicas behind HAProxy, and callers who count every answer: what restarts and rollouts are tried on.

    Callers ─> HAProxy ─┬─> Replica    routed to while GET /health/ready is 200, as a Kubernetes Service does
                        └─> Replica

HAProxy asks every `INTER_MS`, believes the second failure and the first success, and sends no request twice: whatever a
replica does not answer is lost and counted.
"""

import asyncio
import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.callers import Callers, Seen

ROOT = Path(__file__).parents[2]
INTER_MS, FALL = 500, 2
PATIENCE_S = 60.0
CONFIGURATION = """
global
    stats socket {folder}/stats mode 600
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend in
    bind 127.0.0.1:{port}
    default_backend replicas
backend replicas
    balance roundrobin
    option httpchk GET /health/ready
    default-server check inter {inter_ms} fall {fall} rise 1
{servers}
"""


class Replica:
    """`python -m app` on a port of its own; it can be ended and started anew, and leaves its log in a file."""

    def __init__(self, name: str, models: Path, folder: Path, *options: str) -> None:
        self.name = name
        self.port = free_port()
        self.ends: list[tuple[int, float]] = []  # exit code, and seconds since SIGTERM
        self.log = folder / f"{name}.log"
        self._command = [sys.executable, "-m", "app", "--models", str(models), "--port", str(self.port), *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)

    async def end(self) -> None:
        """Send SIGTERM and wait until it has gone; note its exit code."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self._process.wait, PATIENCE_S)
        self.ends.append((code, time.monotonic() - began))

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class Proxy:
    """A running HAProxy; `state` is what it thinks of its servers."""

    def __init__(self, port: int, folder: Path, pid: int) -> None:
        self.port = port
        self.pid = pid
        self._socket = folder / "stats"

    def state(self) -> dict[str, str]:
        """Return UP or DOWN, also with what it is about to think (`UP 1/2`), by server."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self._socket))
            client.sendall(b"show stat\n")
            text = b"".join(iter(lambda: client.recv(65536), b"")).decode()
        rows = [line.split(",") for line in text.splitlines() if line.startswith("replicas,")]
        return {row[1]: row[17] for row in rows if row[1] != "BACKEND"}

    async def until(self, name: str, state: str) -> None:
        """Wait until it thinks so of a server."""
        async with asyncio.timeout(PATIENCE_S):
            while self.state()[name] != state:  # noqa: ASYNC110  (it tells nobody when it changes its mind)
                await asyncio.sleep(0.02)


@contextlib.contextmanager
def haproxy(replicas: list[Replica], folder: Path) -> Iterator[Proxy]:
    """Run HAProxy in front of the replicas."""
    port = free_port()
    servers = "\n".join([f"    server {one.name} 127.0.0.1:{one.port}" for one in replicas])
    text = CONFIGURATION.format(folder=folder, port=port, inter_ms=INTER_MS, fall=FALL, servers=servers)
    (folder / "haproxy.cfg").write_text(text)
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    assert program, "haproxy is missing. On Debian: apt install haproxy"
    with (folder / "haproxy.log").open("wb") as log:
        process = subprocess.Popen([program, "-db", "-f", str(folder / "haproxy.cfg")], stdout=log, stderr=log)
    try:
        while not (folder / "stats").exists():
            assert process.poll() is None, (folder / "haproxy.log").read_text()
            time.sleep(0.01)
        yield Proxy(port, folder, process.pid)
    finally:
        process.kill()
        process.wait()


# ── restarts ──


@dataclass(frozen=True)
class Outcome:
    """What became of the requests while replicas were restarted one after the other."""

    seen: Seen
    ends: list[tuple[int, float]]  # exit code, and seconds since SIGTERM
    seconds: float

    @property
    def answered(self) -> int:
        return self.seen.answered.total()

    @property
    def lost(self) -> int:
        return self.seen.lost.total()


async def restart(
    models: Path, body: bytes, *options: str, restarts: int, callers: int, pause_s: float, report: bool = False
) -> Outcome:
    """Restart two replicas in turn by SIGTERM, `restarts` times in all, while callers ask.

    Each time it waits until HAProxy routes to both again, as a rollout waits for readiness.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-restarts-") as made:
        folder = Path(made)
        replicas = [Replica(name, models, folder, *options) for name in ("a", "b")]
        try:
            with haproxy(replicas, folder) as proxy:
                for replica in replicas:
                    replica.start()
                    await proxy.until(replica.name, "UP")
                began = time.monotonic()
                load = Callers(proxy.port, body, count=callers, pause_s=pause_s)
                async with load.calling() as seen:
                    for turn in range(restarts):
                        replica = replicas[turn % 2]
                        await replica.end()
                        replica.start()
                        await down_then_up(proxy, replica)
                        if report and (turn + 1) % 10 == 0:
                            print(f"{turn + 1} restarts: {seen.answered.total():,} answered, {seen.lost.total()} lost")
                return Outcome(seen, [end for one in replicas for end in one.ends], time.monotonic() - began)
        finally:
            for replica in replicas:
                replica.kill()


async def down_then_up(proxy: Proxy, replica: Replica) -> None:
    """Wait until HAProxy routes to the new process: it may not have noticed yet that the old one has gone."""
    async with asyncio.timeout(PATIENCE_S):
        while not await _ready(replica.port):  # noqa: ASYNC110  (it tells nobody when it is ready)
            await asyncio.sleep(0.02)
    await asyncio.sleep(FALL * INTER_MS / 1000)  # two of its looks: whatever it thought of the old one is forgotten
    await proxy.until(replica.name, "UP")


async def _ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.closing(writer):
            writer.write(b"GET /health/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            answer = await reader.read()
    except OSError:
        return False
    return b" 200 " in answer.partition(b"\r\n")[0]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
