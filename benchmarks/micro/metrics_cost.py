"""What metrics and drift cost: the CPU of a request with all of them on, and with observers that keep nothing.

    python -m benchmarks.micro.metrics_cost [--rounds 9] [--seconds 2] [--connections 32] [--models tabular,adult]

Two ways to look. *Without a network* (`benchmarks.micro.no_network`) is what the service does in Python for a request,
of which metrics are the largest share. *Under load* is the whole: wrk on one core, the service on the other.
On and off take turns, in another order each round; each round gives one ratio. The real thing, as it comes, is on:
its lists are folded each second, drift is counted, the lag of the loop is measured.
"""

import json
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnxruntime as ort
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.bundle import reader as bundles
from benchmarks.comparison.compare import LOAD_CORE, SERVER_CORE, free_port
from benchmarks.harness import closed_loop
from benchmarks.harness.check_answer import HOST, body_of, send
from benchmarks.harness.models import BUILD, ROOT, Model, build
from benchmarks.harness.peers import PEERS
from benchmarks.harness.process import Server
from benchmarks.harness.scrape import scrape, total

FOLDER = BUILD / "metrics-cost"
PROGRAMS = {"on": "app", "off": "benchmarks.servers.unobserved"}
PROFILE_ROWS = 10_000
LIMIT = 1.15  # of the CPU of a request without metrics
START_LIMIT_S = 30.0
SCRAPES = 20
FOLD_S = 1.5  # within which everything that came is counted
SCRAPE_PERIOD_S = 15

Round = dict[str, float]
"""on, off -> CPU microseconds a request."""


@dataclass(frozen=True)
class Cost:
    """What one way to look has seen of one model."""

    model: str
    how: str
    rounds: list[Round]

    @property
    def ratios(self) -> list[float]:
        return [one["on"] / one["off"] for one in self.rounds]

    def median(self, what: str) -> float:
        return statistics.median(one[what] for one in self.rounds)


def profiled(model: Model) -> Path:
    """Return a folder with the model, and beside it the bins of its training, so that drift is counted."""
    if model.name == "adult":
        return model.folder
    source = model.graph.parent
    version = FOLDER / model.name / model.name / "1"
    version.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        (version / file.name).write_bytes(file.read_bytes())
    (version / bundles.PROFILE).write_text(json.dumps(_profile(model)))
    manifest = json.loads((version / bundles.MANIFEST).read_text())
    path = version / bundles.PROFILE
    manifest["files"][bundles.PROFILE] = {"sha256": bundles.sha256(path), "bytes": path.stat().st_size}
    (version / bundles.MANIFEST).write_text(json.dumps(manifest))
    return version.parents[1]


def _profile(model: Model) -> dict[str, Any]:
    """Deciles of normal features, as the golden rows were drawn, and of what the graph makes of them."""
    rows = np.random.default_rng(1).normal(size=(PROFILE_ROWS, model.features)).astype(np.float32)
    answers = np.asarray(ort.InferenceSession(str(model.graph)).run(None, {model.tensor: rows})[0])
    features = {f"x{i}": _deciles(rows[:, i]) for i in range(model.features)}
    return {"rows": PROFILE_ROWS, "features": features, "prediction": _deciles(answers[:, 0])}


def _deciles(values: Any) -> dict[str, Any]:
    edges = np.quantile(values, np.arange(1, 10) / 10).tolist()
    bounds = {"minimum": float(values.min()), "maximum": float(values.max())}
    return {"kind": "number", "edges": edges, "shares": [0.1] * 10, "missing": 0.0, **bounds}


# ── without a network ──


def simulated(folder: Path, body: Path, connections: int) -> Round:
    """Drive the service's own protocol class, once each way."""
    return {what: _simulated(what, folder, body, connections) for what in _shuffled()}


def _simulated(what: str, folder: Path, body: Path, connections: int) -> float:
    module = ["benchmarks.micro.no_network"] if what == "on" else [PROGRAMS["off"], "simulate"]
    argv = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", *module, str(folder), str(body), str(connections)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])["cpu_us"])


# ── under load ──


class Pair:
    """The service twice: one is stopped while the other has its turn."""

    def __init__(self, model: Model, folder: Path, body: bytes) -> None:
        self._ports = {what: free_port() for what in PROGRAMS}
        self._script = closed_loop.write_script(BUILD / "wrk" / f"metrics-cost-{model.name}.lua", [body])
        self._servers: dict[str, Server] = {}
        self._body = body
        for what, program in PROGRAMS.items():
            argv = [sys.executable, "-m", program, "--models", str(folder), "--port", str(self._ports[what])]
            log = BUILD / "logs" / f"metrics-cost-{model.name}-{what}.log"
            self._servers[what] = Server(argv, folder=ROOT, log=log, core=SERVER_CORE, variables={})

    def __enter__(self) -> "Pair":
        try:
            for what, server in self._servers.items():
                _wait_until_ready(server, self._ports[what], self._body)
                server.freeze()
        except RuntimeError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.stop()

    def round(self, connections: int, seconds: float) -> Round:
        """Load each once."""
        return {what: self._loaded(what, connections, seconds) for what in _shuffled()}

    def scrape_ms(self) -> tuple[float, int]:
        """Return the CPU milliseconds that a scrape takes the server which has metrics, and the lines of its answer."""
        server, port = self._servers["on"], self._ports["on"]
        server.thaw()
        before_s = server.cpu_s()
        for _ in range(SCRAPES):
            text = send(port, "/metrics").body
        spent_s = server.cpu_s() - before_s
        server.freeze()
        return spent_s * 1000 / SCRAPES, sum(not line.startswith(b"#") for line in text.splitlines())

    def check(self) -> None:
        """Make sure that the one has counted, drift too, and the other nothing.

        Raises:
            RuntimeError: when not.
        """
        for what, server in self._servers.items():
            server.thaw()
            time.sleep(FOLD_S)
            samples = scrape(self._ports[what])
            server.freeze()
            counted = [total(samples, name) for name in ("slipway_requests_total", "slipway_drift_values_total")]
            if (what == "on") != all(counted) or (what == "off") == any(counted):
                raise RuntimeError(f"{what}: counted {counted}.")

    def _loaded(self, what: str, connections: int, seconds: float) -> float:
        server, url = self._servers[what], f"http://{HOST}:{self._ports[what]}/predict"
        server.thaw()
        closed_loop.run(url, self._script, connections=connections, seconds=1, core=LOAD_CORE)
        before_s = server.cpu_s()
        seen = closed_loop.run(url, self._script, connections=connections, seconds=seconds, core=LOAD_CORE)
        spent_s = server.cpu_s() - before_s
        server.freeze()
        if seen.errors:
            raise RuntimeError(f"{what}: {seen.errors} requests failed.")
        return spent_s * 1e6 / seen.requests


def _wait_until_ready(server: Server, port: int, body: bytes) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and server.alive:
        try:
            if send(port, "/predict", body).status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"The service does not answer: {server.tail()}")


def _shuffled() -> list[str]:
    return random.sample(list(PROGRAMS), len(PROGRAMS))


# ── the command ──


def main(
    rounds: Annotated[int, typer.Option(help="Turns of each.")] = 9,
    seconds: Annotated[float, typer.Option(help="Load of each turn; wrk takes whole seconds.")] = 2.0,
    connections: Annotated[int, typer.Option(help="That send one request after the other.")] = 32,
    models: Annotated[str, typer.Option(help="tabular and adult.")] = "tabular,adult",
) -> None:
    """Compare, and print a table."""
    costs: list[Cost] = []
    notes: list[str] = []
    names = models.split(",")
    with Progress(transient=True) as progress:
        task = progress.add_task("", total=2 * rounds * len(names))
        for name in names:
            model = build(name)
            if model is None:
                notes.append(f"{name}: there is no such bundle.")
                continue
            folder, body = profiled(model), body_of(PEERS["slipway"], model)
            path = BUILD / f"body-{name}"
            path.write_bytes(body)
            found = Cost(name, "Python", []), Cost(name, "whole", [])
            with Pair(model, folder, body) as pair:
                for _ in range(rounds):
                    progress.update(task, advance=1, description=f"{name}: without a network")
                    found[0].rounds.append(simulated(folder, path, connections))
                    progress.update(task, advance=1, description=f"{name}: under load")
                    found[1].rounds.append(pair.round(connections, seconds))
                pair.check()
                took_ms, series = pair.scrape_ms()
            share = took_ms / SCRAPE_PERIOD_S / 10  # percent of a core
            notes.append(
                f"{name}: a scrape of {series} series takes {took_ms:.1f} ms; each {SCRAPE_PERIOD_S} s: {share:.2f} %."
            )
            costs += found
    _print(costs, notes)


def _print(costs: list[Cost], notes: list[str]) -> None:
    table = Table("model", "CPU µs a request", "on", "off", "difference", "on ÷ off", "least", "most", "")
    for cost in costs:
        ratio, on, off = statistics.median(cost.ratios), cost.median("on"), cost.median("off")
        verdict = "" if cost.how != "whole" else "holds" if ratio <= LIMIT else "missed"
        figures = f"{on:.2f} {off:.2f} {on - off:+.2f} {ratio:.3f} {min(cost.ratios):.3f} {max(cost.ratios):.3f}"
        table.add_row(cost.model, cost.how, *figures.split(), verdict)
    console = Console()
    console.print(table)
    console.print("Python: without a network. Whole: under load. Ratios: median, least and most of the rounds.")
    console.print(f"Must: whole, at most {LIMIT:.2f}.", *notes, sep="\n")


if __name__ == "__main__":
    typer.run(main)
