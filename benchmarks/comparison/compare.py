"""Side by side: every server, every model, several numbers of connections, in turns.

    for each model
        start every server ─> answers right? ─> freeze
        for each round, in another order: thaw ─> warm up ─> load at each number of connections ─> freeze
        stop every server

Machines drift; turns spread the drift over all servers alike, and medians drop what is odd.
The server has one core, wrk the other; while one server has its turn, the others are stopped (SIGSTOP).
"""

import http.client
import json
import os
import random
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.harness import closed_loop, install
from benchmarks.harness.check_answer import HOST, NotServingError, body_of, fault, send, wait_until_right
from benchmarks.harness.models import BUILD, ROOT, Model
from benchmarks.harness.peers import Peer
from benchmarks.harness.process import Server, busy_s

PORTS = range(18000, 28000, 10)  # a peer may take a few more beside its own
START_LIMIT_S = 90.0
SERVER_CORE, LOAD_CORE = 0, 1

Tell = Callable[[str, int], None]
"""What is being done now, and how many points are done with it."""


@dataclass(frozen=True)
class Plan:
    """What to measure, and how long."""

    peers: list[Peer]
    models: list[Model]
    connections: tuple[int, ...] = (1, 8, 32, 128)
    rounds: int = 3
    seconds: float = 2.0

    @property
    def pairs(self) -> list[tuple[Peer, Model]]:
        return [(peer, model) for model in self.models for peer in self.peers if model.name in peer.models]

    @property
    def points(self) -> int:
        return len(self.pairs) * self.rounds * len(self.connections)


@dataclass
class Outcome:
    """Everything that was seen, as it goes into the results."""

    points: list[dict[str, Any]] = field(default_factory=list)
    starts: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    bare: dict[str, dict[str, float]] = field(default_factory=dict)  # model -> rows -> µs of a run


class Seat:
    """A peer that serves a model: a running server, started again when it does not bear freezing."""

    def __init__(self, peer: Peer, model: Model) -> None:
        self.peer = peer
        self.model = model
        self.script = closed_loop.write_script(BUILD / "wrk" / f"{peer.name}-{model.name}.lua", [body_of(peer, model)])
        self.server: Server | None = None
        self.port = 0
        self.start_s: list[float] = []

    def start(self) -> None:
        """Start the server and wait for a right answer.

        Raises:
            NotServingError: when there is none.
        """
        self.port = free_port()
        self.server = start(self.peer, self.model, self.port)
        self.start_s.append(wait_until_right(self.server, self.peer, self.model, self.port, START_LIMIT_S))
        self.server.pin()

    @property
    def started(self) -> dict[str, Any]:
        """The start-up times, as they go into the results."""
        return {"peer": self.peer.name, "model": self.model.name, "start_s": self.start_s}

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None

    def rest(self) -> None:
        """Give the core to others."""
        if self.peer.freezes and self.server is not None:
            self.server.freeze()
        else:
            self.stop()

    @contextmanager
    def turn(self) -> Iterator[Server]:
        """Have the core: the server runs, and has just answered right."""
        if self.server is None:
            self.start()
        else:
            self.server.thaw()
        assert self.server is not None
        try:
            reply = send(self.port, self.peer.path, body_of(self.peer, self.model))
            if wrong := fault(self.peer, self.model, reply):
                raise NotServingError(f"wrong answer after a pause: {wrong}")
            self.server.pin()
            yield self.server
        finally:
            self.rest()

    def measure(self, server: Server, connections: int, seconds: float) -> dict[str, Any]:
        """Load the server and return one point of the results."""
        url = f"http://{HOST}:{self.port}{self.peer.path}"
        before_s, busy_before_s = server.cpu_s(), busy_s(SERVER_CORE)
        seen = closed_loop.run(url, self.script, connections=connections, seconds=seconds, core=LOAD_CORE)
        cpu_s, busy = server.cpu_s() - before_s, busy_s(SERVER_CORE) - busy_before_s
        return {
            "peer": self.peer.name,
            "model": self.model.name,
            "connections": connections,
            **asdict(seen),
            "rps": seen.rps,
            "errors": seen.errors,
            "cpu_us": cpu_s * 1e6 / max(seen.requests, 1),
            "cpu_share": cpu_s / seen.seconds,
            "foreign_share": max(0.0, busy - cpu_s) / seen.seconds,  # of the core, taken by others
            "rss_mb": server.rss_mb(),
            "pss_mb": server.pss_mb(),
        }


def compare(plan: Plan, tell: Tell) -> Outcome:
    """Measure everything in the plan; what cannot be measured is a failure with its reason."""
    outcome = Outcome()
    peers = _installed(plan.peers, outcome, tell)
    for model in plan.models:
        outcome.bare |= _bare(model, tell)
        with ExitStack() as stack:
            seats = [Seat(peer, model) for peer in peers if model.name in peer.models]
            for seat in seats:
                stack.callback(seat.stop)
            seats = [seat for seat in seats if not seat.peer.freezes or _seated(seat, outcome, tell)]
            for turn in range(plan.rounds):
                random.Random(turn).shuffle(seats)
                for seat in list(seats):
                    if not _round(seat, turn, plan, outcome, tell):
                        seats.remove(seat)
            outcome.starts += [seat.started for seat in seats]
    return outcome


def start(peer: Peer, model: Model, port: int, core: int | None = SERVER_CORE, extra: tuple[str, ...] = ()) -> Server:
    """Start a peer on `port`, pinned to a core."""
    scratch = BUILD / "scratch" / f"{peer.name}-{model.name}"
    scratch.mkdir(parents=True, exist_ok=True)
    path = f"{peer.python.parent}:{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin"
    variables = {"BENCH_GRAPH": str(model.graph), "BENCH_PORT": str(port), "BENCH_SCRATCH": str(scratch), "PATH": path}
    log = BUILD / "logs" / f"{peer.name}-{model.name}.log"
    argv = [*peer.argv(port, model), *extra]
    return Server(argv, folder=peer.folder, log=log, core=core, variables={**variables, **peer.variables})


def free_port() -> int:
    """Return a port that is free, with the two after it, on the loopback."""
    for port in random.sample(PORTS, len(PORTS)):
        if all(_is_free(port + i) for i in range(3)):
            return port
    raise OSError("no free port")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _bare(model: Model, tell: Tell) -> dict[str, dict[str, float]]:
    """Time `session.run` with nothing around it; the model of named features takes more than one tensor."""
    if model.name == "adult":
        return {}
    tell(f"bare session.run of {model.name}", 0)
    python = install.environment("limits") / "bin" / "python"
    argv = ["taskset", "-c", str(SERVER_CORE), str(python), "-m", "benchmarks.servers.bare"]
    environment = {**os.environ, "BENCH_GRAPH": str(model.graph)}
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return {model.name: json.loads(done.stdout)}


def _installed(peers: list[Peer], outcome: Outcome, tell: Tell) -> list[Peer]:
    ready = []
    for peer in peers:
        tell(f"installing {peer.name}", 0)
        try:
            install.tools([peer])
            install.peer(peer)
            ready.append(peer)
        except install.NotInstalledError as error:
            outcome.failures.append({"peer": peer.name, "model": None, "reason": f"not installed: {error}"})
    return ready


def _seated(seat: Seat, outcome: Outcome, tell: Tell) -> bool:
    """Start a server for the first time; a failure is noted and the others go on."""
    tell(f"starting {seat.peer.name} with {seat.model.name}", 0)
    try:
        seat.start()
    except NotServingError as error:
        _fail(seat, outcome, str(error))
        return False
    seat.rest()
    return True


def _round(seat: Seat, turn: int, plan: Plan, outcome: Outcome, tell: Tell) -> bool:
    """Measure one server at each number of connections; False when it must not go on."""
    done = 0
    try:
        with seat.turn() as server:
            seat.measure(server, 8, 1)  # to warm up
            for connections in plan.connections:
                tell(f"{seat.model.name}, round {turn + 1}: {seat.peer.name}, {connections} connections", 0)
                point = seat.measure(server, connections, plan.seconds)
                outcome.points.append({**point, "round": turn})
                done += 1
                tell(f"{seat.model.name}, round {turn + 1}: {seat.peer.name}", 1)
    except (NotServingError, OSError, ValueError, http.client.HTTPException, subprocess.SubprocessError) as error:
        _fail(seat, outcome, str(error))
        return False
    return True


def _fail(seat: Seat, outcome: Outcome, reason: str) -> None:
    outcome.failures.append({"peer": seat.peer.name, "model": seat.model.name, "reason": reason})
    seat.stop()
