"""Memory, and what small requests wait for, while strangers attack.

    python -m benchmarks.resilience.hostile [--seconds 60] [--callers 200] [--only half,bombs] [--door asgi]

    a server on one core ─> alone: small requests, open loop ─> each attack on the other core, with them beside it
                                                             └─> most memory, and what is left of it a minute later

The server asks for keys and has the bound on bytes that `k8s/base` gives it. Every attack meets a fresh server. Callers
have a valid key but where the name says otherwise: the worst of strangers are those who may ask.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from benchmarks.harness.process import Server
from benchmarks.resilience import grpc_clients
from benchmarks.resilience.hostile_clients import ATTACKS, COLUMNS

ROOT = Path(__file__).parents[2]
PORT = 18894
RATE = 100
LEAD_S = 2.0  # that an attack has before the timing begins
PATIENCE_S = 60.0
CALM_S = 60.0  # after which memory has gone back
LOOK_S = 0.2
BASE = ("--default-model", "adult-income", "--max-bytes-under-way", str(2**26))  # k8s/base: an eighth of its memory
KEY = "hostile-benchmark"
KINDS = (*ATTACKS, *[f"rpc-{name}" for name in grpc_clients.ATTACKS])
Json = dict[str, Any]


@dataclass(frozen=True)
class Memory:
    """Of the server, in MB: before, at its most, and when it was left alone for as long as `CALM_S`."""

    before: float
    most: float
    after: float


class Bench:
    """The machine's two cores and what runs on them."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self._server_core, self._caller_core = cores[0], cores[-1]
        self._arguments = arguments
        folder = Path(tempfile.mkdtemp(prefix="hostile-"))
        self._models, self._log, self._keys = folder / "models", folder / "server.log", folder / "keys"
        self._keys.write_text(f"caller:{KEY}\n")
        _write_models(self._models)
        row = json.loads(next(self._models.glob("adult-income/*/golden.json")).read_text())["instances"][0]
        body = json.dumps({"instances": [row]})
        self._variables = {**os.environ, "HOSTILE_BODY": body, "HOSTILE_KEY": KEY, "PYTHONPATH": str(ROOT)}

    def alone(self) -> float:
        """Return the 99th percentile of small requests without any attack, in milliseconds."""
        with self._server() as server:
            self._client("open", 2, RATE)  # warm
            said = self._client("open", self._arguments.seconds, RATE)
            print(_line("alone", said, Memory(server.rss_mb(), server.rss_mb(), server.rss_mb()), {}), flush=True)
        return _at(said["took_s"], 0.99)

    def measure(self, kind: str) -> Memory:
        """Print a line: what small requests waited for, and memory."""
        with self._server() as server:
            self._client("open", 2, RATE)
            before = server.rss_mb()
            attackers = self._attack(kind, self._arguments.seconds + 2 * LEAD_S, server)
            time.sleep(LEAD_S)
            said = self._client("open", self._arguments.seconds, RATE)
            seen, _ = attackers.communicate(timeout=PATIENCE_S)
            time.sleep(self._arguments.calm)
            memory = Memory(before, _peak_mb(server), server.rss_mb())
        print(_line(kind, said, memory, json.loads(seen.splitlines()[-1])), flush=True)
        return memory

    @contextlib.contextmanager
    def _server(self) -> Iterator[Server]:
        arguments = self._arguments
        options = [*BASE, "--api-keys-file", str(self._keys), "--door", arguments.door, "--grpc-port", str(PORT + 1)]
        command = [sys.executable, "-m", "app", "--port", str(PORT), "--models", str(self._models), *options]
        command += arguments.options.split()
        with Server(command, folder=arguments.code, log=self._log, core=self._server_core, variables={}) as server:
            deadline = time.monotonic() + PATIENCE_S
            while not _ready():
                if not server.alive or time.monotonic() > deadline:
                    raise SystemExit(f"The server does not answer: {server.tail()}")
                time.sleep(0.05)
            yield server
            if not server.alive:
                raise SystemExit(f"The server has ended: {server.tail()}")

    def _attack(self, kind: str, seconds: float, server: Server) -> "subprocess.Popen[bytes]":
        arguments = self._arguments
        module = "grpc_clients" if kind.startswith("rpc-") else "hostile_clients"
        port = PORT + 1 if kind.startswith("rpc-") else PORT
        rest = [kind.removeprefix("rpc-"), str(port), str(seconds), str(arguments.callers), str(arguments.pause_s)]
        return self._start(module, rest)

    def _client(self, *arguments: object) -> Json:
        kind, *rest = arguments
        said, _ = self._start("hostile_clients", [str(kind), str(PORT), *map(str, rest)]).communicate()
        found: Json = json.loads(said)
        return found

    def _start(self, module: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", f"benchmarks.resilience.{module}", *arguments]
        pin = ["taskset", "-c", str(self._caller_core)]
        return subprocess.Popen([*pin, *command], cwd=ROOT, env=self._variables, stdout=subprocess.PIPE)


def _write_models(folder: Path) -> None:
    """The committed model, and one that answers with what it is asked."""
    folder.mkdir()
    (folder / "adult-income").symlink_to(ROOT / "models" / "adult-income")
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", COLUMNS]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "echo", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "echo" / "1").mkdir(parents=True)
    onnx.save(model, str(folder / "echo" / "1" / "model.onnx"))


def _ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _peak_mb(server: Server) -> float:
    """Return the most that a process of the server has had, by the kernel's own mark."""
    lines = [Path(f"/proc/{pid}/status").read_text().splitlines() for pid in server.pids()]
    return sum(int(line.split()[1]) for status in lines for line in status if line.startswith("VmHWM:")) / 1024


def _at(took_s: list[float], share: float) -> float:
    return took_s[min(len(took_s) - 1, int(len(took_s) * share))] * 1000 if took_s else float("nan")


def _line(kind: str, said: Json, memory: Memory, seen: Json) -> str:
    took, statuses = said["took_s"], said["statuses"]
    p50, p99, most = _at(took, 0.5), _at(took, 0.99), _at(took, 1.0)
    others = {status: count for status, count in statuses.items() if status != "200"}
    refused = ", ".join(f"{count} of {name}" for name, count in sorted(others.items())) or "none"
    ended = ", ".join(f"{count} of {name}" for name, count in sorted(seen.items()))
    cells = [kind, statuses.get("200", 0), refused, *[f"{took_ms:.1f}" for took_ms in (p50, p99, most)]]
    cells += [f"{mb:.0f}" for mb in (memory.before, memory.most, memory.after)]
    return "| " + " | ".join(map(str, [*cells, ended])) + " |"


def main() -> None:
    """Run every attack against a server of its own and print the table; exit 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each attack")
    parser.add_argument("--callers", type=int, default=200, help="that attack at once")
    parser.add_argument("--pause-s", type=float, default=0.0, help="between two attempts of an attacker")
    parser.add_argument("--calm", type=float, default=CALM_S, help="seconds after which memory is looked at again")
    parser.add_argument("--only", default=",".join(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--door", default="protocol", choices=["protocol", "asgi"])
    parser.add_argument("--options", default="", help="further options of the server")
    parser.add_argument("--code", type=Path, default=ROOT, help="where the service is, to compare another state of it")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    times = "p50 ms | p99 ms | max ms | MB before | at most | a minute later"
    print(f"| attack | answered | not answered | {times} | the attackers saw |")
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    p99_ms = bench.alone()
    print(f"Bound of the 99th percentile: {max(3 * p99_ms, 50):.0f} ms.", file=sys.stderr)
    for kind in arguments.only.split(","):
        bench.measure(kind)


if __name__ == "__main__":
    main()
