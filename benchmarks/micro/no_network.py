"""The service without a network: a transport that swallows what is written, in the service's own environment.

    python -m benchmarks.micro.no_network MODELS BODY_FILE CONNECTIONS [functions] [ids]

Prints JSON: CPU microseconds a request, and those of each stage by the service's own histograms. What a request costs
beyond this under real load is sockets, kernel and polling. With `functions`, cProfile's list follows on stderr; with
`ids`, every request has another `X-Request-ID`. Settings come from the environment, as the service's own do.
"""

import asyncio
import cProfile
import json
import pstats
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from app.main import Slipway, create_app
from app.settings import Settings
from app.transport.fast_path import HotProtocol

REQUESTS = 40_000
PASSES = 3


class Sink(asyncio.Transport):
    """A transport that is never full and never closed."""

    def write(self, data: Any) -> None:
        pass

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        raise RuntimeError("The service closed a connection that it should have kept.")


async def main(models: str, body: bytes, connections: int, *, functions: bool, ids: bool) -> None:
    app = create_app(Settings(models=Path(models), log_level="warning"))
    config = uvicorn.Config(app, http=HotProtocol, log_config=None, access_log=False, proxy_headers=False)
    config.load()
    head = f"POST /predict HTTP/1.1\r\nHost: h\r\ncontent-type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    rounds = max(1, REQUESTS // connections)
    requests = [head.encode() + body] * (rounds * connections)
    if ids:
        heads = [head.replace("\r\n\r\n", f"\r\nX-Request-ID: {uuid.uuid4()}\r\n\r\n") for _ in requests]
        requests = [each.encode() + body for each in heads]
    async with app.router.lifespan_context(app):
        await app.state.registry.finished.wait()
        protocols = _protocols(config, connections)
        await _drive(protocols, requests, rounds)
        before = _stages(app)
        best_s = min([await _timed(protocols, requests, rounds) for _ in range(PASSES)])
        count = rounds * connections
        stages = {name: (value - before[name]) * 1e6 / (PASSES * count) for name, value in _stages(app).items()}
        print(json.dumps({"connections": connections, "cpu_us": best_s * 1e6 / count, "stages_us": stages}))
        if functions:
            await _functions(protocols, requests, rounds)


def _protocols(config: uvicorn.Config, connections: int) -> list[Any]:
    state = ServerState()
    state.default_headers = [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT")]
    protocols: list[Any] = []
    for _ in range(connections):
        protocol = config.http_protocol_class(config=config, server_state=state, app_state={})  # type: ignore[call-arg]
        protocol.connection_made(Sink())
        protocols.append(protocol)
    return protocols


async def _drive(protocols: list[Any], requests: list[bytes], rounds: int) -> None:
    """Every connection sends; when all have their answers, they send again."""
    each = iter(requests)
    for _ in range(rounds):
        for protocol in protocols:
            protocol.data_received(next(each))
        while not all(protocol.cycle.response_complete for protocol in protocols):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def _timed(protocols: list[Any], requests: list[bytes], rounds: int) -> float:
    started = time.process_time()
    await _drive(protocols, requests, rounds)
    return time.process_time() - started


def _stages(app: Slipway) -> dict[str, float]:
    """Read each stage's seconds so far."""
    app.state.metrics.fold()
    samples = [s for metric in app.state.metrics.registry.collect() for s in metric.samples]
    return {s.labels["stage"]: s.value for s in samples if s.name == "slipway_stage_duration_seconds_sum"}


async def _functions(protocols: list[Any], requests: list[bytes], rounds: int) -> None:
    profile = cProfile.Profile()
    profile.enable()
    await _drive(protocols, requests, rounds)
    profile.disable()
    pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    options = {name: name in sys.argv[4:] for name in ("functions", "ids")}
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]).read_bytes(), int(sys.argv[3]), **options))
