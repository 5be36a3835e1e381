"""What a caller of health, and a small request, wait for while the service is flooded.

    python -m benchmarks.resilience.flood [--seconds 3] [--rounds 3] [--only many,announced] [--ahead] [--models models]

    a server on one core ─> rounds: calm, then each load on the other core ─> a client times health, then /predict
                                                                           └─> medians of the rounds, as a table

Calm and loaded rounds take turns, so that what else the machine does falls on all of them. `--ahead` puts server and
load before other work (nice; needs root). The client that is timed has real-time priority on the loads' core where
the system lets it; see `benchmarks.resilience.flood_clients`.
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
from statistics import median
from typing import Any

from benchmarks.harness.closed_loop import write_script
from benchmarks.harness.process import Server

ROOT = Path(__file__).parents[2]
PORT = 18890
LEAD_S = 2.0  # that a load has before the timing begins: thousands of connections are not made in a moment
PATIENCE_S = 30.0
HEALTH = ("/health/live", "/health/ready")
PREDICT = ("/predict",)
LARGE = 100_000_000
ALLOWED = 16_000_000
OPEN = ("--max-body-bytes", str(2**27))
Json = dict[str, Any]


@dataclass(frozen=True)
class Flood:
    """A load, and the settings of the server that it meets."""

    what: str
    wrk: int = 0  # connections
    body: str = "good"
    send: tuple[str, int] | None = None  # a form and a size of `benchmarks.resilience.flood_clients`
    options: tuple[str, ...] = ()


FLOODS = {
    "calm": Flood("nothing else"),
    "small": Flood("small requests on 256 connections", wrk=256),
    "many": Flood("small requests on 2048 connections", wrk=2048),
    "bad": Flood("requests with a fault (400) on 256 connections", wrk=256, body="bad"),
    "full": Flood(
        "a full queue (429) on 1024 connections", wrk=1024, options=("--run-on", "thread", "--max-queue-rows", "64")
    ),
    "allowed": Flood("good bodies of 16 MB on 4 connections", send=("rows", ALLOWED)),
    "announced": Flood("100 MB, announced (413), on 4 connections", send=("length", LARGE)),
    "chunked": Flood("100 MB in chunks (413) on 4 connections", send=("chunked", LARGE)),
    "permitted": Flood("good bodies of 100 MB, where 128 MiB are allowed", send=("rows", LARGE), options=OPEN),
}


def main() -> None:
    """Run every load against a server of its own settings and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each timing")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(FLOODS), help="loads, by name: " + ", ".join(FLOODS))
    parser.add_argument("--ahead", action="store_true", help="put server and load before other work (needs root)")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--code", type=Path, default=ROOT, help="where the service is, to compare another state of it")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    print("| load | asked | answers | p50 ms | p99 ms | max ms | calm p99 ms | the load saw |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in arguments.only.split(","):
        if name != "calm":
            bench.measure(FLOODS[name])


class Bench:
    """The machine's two cores and what runs on them."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self._server_core, self._load_core = cores[0], cores[-1]
        self._arguments = arguments
        row = json.dumps(_example(arguments.models))
        self._variables = {**os.environ, "FLOOD_ROW": row}
        folder = Path(tempfile.mkdtemp(prefix="flood-"))
        self._log = folder / "server.log"
        good, bad = f'{{"instances":[{row}]}}'.encode(), b'{"instances":[{"none":1}]}'
        self._scripts = {
            name: write_script(folder / f"{name}.lua", [body]) for name, body in {"good": good, "bad": bad}.items()
        }

    def measure(self, flood: Flood) -> None:
        """Print a line for health and one for small predictions, unless those are refused like the load."""
        with self._server(flood.options):
            for asked in (HEALTH, PREDICT):
                if asked is PREDICT and not flood.send:
                    continue
                calm, loaded, saw = [], [], ""
                for _ in range(self._arguments.rounds):
                    calm.append(self._probe(asked))
                    with self._load(flood) as load:
                        time.sleep(LEAD_S)
                        loaded.append(self._probe(asked))
                    saw = _seen(load)
                print(_line(flood.what, asked, calm, loaded, saw), flush=True)

    @contextlib.contextmanager
    def _server(self, options: tuple[str, ...]) -> Iterator[None]:
        command = [sys.executable, "-m", "app", "--port", str(PORT), "--models", str(self._arguments.models), *options]
        nice = ["nice", "-n", "-15"] if self._arguments.ahead else []
        folder = self._arguments.code
        with Server([*nice, *command], folder=folder, log=self._log, core=self._server_core, variables={}) as server:
            deadline = time.monotonic() + PATIENCE_S
            while not _ready():
                if not server.alive or time.monotonic() > deadline:
                    raise SystemExit(f"The server does not answer: {server.tail()}")
                time.sleep(0.05)
            yield

    @contextlib.contextmanager
    def _load(self, flood: Flood) -> Iterator["subprocess.Popen[bytes]"]:
        seconds = self._arguments.seconds + LEAD_S + 1
        if flood.send is not None:
            started = self._client("send", seconds, *map(str, flood.send))
        else:
            script = str(self._scripts[flood.body])
            options = ["-t1", f"-c{flood.wrk}", f"-d{int(seconds + 1)}s", "-s", script]
            started = self._start(["wrk", *options, f"http://127.0.0.1:{PORT}/predict"])
        try:
            yield started
        finally:
            started.wait(seconds + PATIENCE_S)

    def _probe(self, paths: tuple[str, ...]) -> list[float]:
        probe = self._client("probe", self._arguments.seconds, *paths)
        said, _ = probe.communicate()
        took: dict[str, list[float]] = json.loads(said)
        return sorted(took["kept"] + took["new"])

    def _client(self, role: str, seconds: float, *rest: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "benchmarks.resilience.flood_clients", role, str(PORT), str(seconds), *rest]
        return self._start(command)

    def _start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        nice = ["nice", "-n", "-10"] if self._arguments.ahead else []
        pin = ["taskset", "-c", str(self._load_core)]
        return subprocess.Popen([*pin, *nice, *command], cwd=ROOT, env=self._variables, stdout=subprocess.PIPE)


def _example(models: Path) -> Json:
    """A golden row of the only model, or the first."""
    golden = sorted(models.glob("*/*/golden.json"))[0]
    row: Json = json.loads(golden.read_text())["instances"][0]
    return row


def _ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _seen(load: "subprocess.Popen[bytes]") -> str:
    """What the load says of itself, in short: wrk's result, or how often each status came."""
    assert load.stdout is not None
    lines = load.stdout.read().decode().strip().splitlines()
    if not lines:
        return ""
    result = [line.removeprefix("RESULT ") for line in lines if line.startswith("RESULT ")]
    found = json.loads(result[0] if result else lines[-1])
    if not result:
        return ", ".join(
            f"{count} of {name}" if name != "MB" else f"{count} MB" for name, count in sorted(found.items())
        )
    refused = found["status_errors"] / max(1, found["requests"])
    return f"{found['requests'] / found['seconds']:,.0f} answers/s, {refused:.0%} refused"


def _at(took_s: list[float], share: float) -> float:
    return took_s[min(len(took_s) - 1, int(len(took_s) * share))] * 1000


def _line(what: str, asked: tuple[str, ...], calm: list[list[float]], loaded: list[list[float]], saw: str) -> str:
    """A row of the table: medians over the rounds, the worst of all of them, and how many answers there were."""
    p50, p99 = (median([_at(took, share) for took in loaded]) for share in (0.5, 0.99))
    worst = max(took[-1] for took in loaded) * 1000
    before = median([_at(took, 0.99) for took in calm])
    name = "health" if asked is HEALTH else "/predict"
    count = sum(map(len, loaded))
    return f"| {what} | {name} | {count} | {p50:.1f} | {p99:.1f} | {worst:.1f} | {before:.1f} | {saw} |"


if __name__ == "__main__":
    main()
