"""Versions are switched under load: failed requests, wrong answers, memory, and how long the loop stood still.

    python -m benchmarks.resilience.reload [--seconds 60] [--switches 50] [--connections 64]

    versions of a real bundle ─> serve the first ─> load it ─> put the others into its folder, one after the other
                                                           └─> twice a broken one, which must never answer

The server runs with a clock in its loop; load and server share the machine, so the figures are those of a busy one.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

from app.bundle import reader as bundles
from benchmarks.harness.process import Server

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "models"
TICK_S = 0.001  # of the clock in the loop
REPORT_S = 0.2  # after which it says how late it was at most
CALM_SHARE = 0.1  # of the seconds, before the first switch
WATCH_S = 0.2
SETTLE_SWITCHES = 10  # after which memory counts as warm
PATIENCE_S = 60.0
Json = dict[str, Any]


@dataclass
class Seen:
    """What the clients got."""

    requests: int = 0
    by_version: dict[int, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    longest_s: float = 0.0


# ── versions: the same graph with one number shifted, so that each has answers of its own ──


def write_version(source: Path, folder: Path, version: int) -> Json:
    """Write `source` once more as `version`, moved into place whole; return its answer to the first golden row."""
    made = Path(tempfile.mkdtemp(dir=folder.parent.parent, prefix=".made-"))
    shutil.copytree(source, made, dirs_exist_ok=True)
    graph = onnx.load(str(source / bundles.MODEL))
    bias = next(i for i in reversed(graph.graph.initializer) if i.data_type == onnx.TensorProto.FLOAT and len(i.dims))
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(version * 0.01), bias.name))
    onnx.save(graph, str(made / bundles.MODEL))
    manifest = json.loads((made / bundles.MANIFEST).read_text())
    golden = json.loads((made / bundles.GOLDEN).read_text())
    manifest["version"] = version
    golden["outputs"] = answers(made, golden["instances"])
    (made / bundles.GOLDEN).write_text(json.dumps(golden))
    seal(made, manifest)
    (folder / str(version)).parent.mkdir(parents=True, exist_ok=True)
    made.rename(folder / str(version))
    return {name: rows[0] for name, rows in golden["outputs"].items()}


def answers(folder: Path, instances: list[Json]) -> dict[str, list[Any]]:
    """Run the graph by itself on rows of named values."""
    manifest = json.loads((folder / bundles.MANIFEST).read_text())
    session = ort.InferenceSession(str(folder / bundles.MODEL), providers=["CPUExecutionProvider"])
    inputs = {}
    for tensor in manifest["inputs"]:
        columns = sorted((f for f in manifest["features"] if f["tensor"] == tensor["name"]), key=lambda f: f["column"])
        text = tensor["dtype"] == "string"
        rows = [[_value(row.get(f["name"]), text) for f in columns] for row in instances]
        inputs[tensor["name"]] = np.array(rows, object if text else np.float32)
    found = session.run([tensor["name"] for tensor in manifest["outputs"]], inputs)
    return {t["name"]: array.tolist() for t, array in zip(manifest["outputs"], found, strict=True)}


def _value(value: Any, text: bool) -> Any:
    if value is None:
        return "" if text else np.nan
    return value if text else float(value)


def seal(folder: Path, manifest: Json) -> None:
    """Write the manifest with the hashes of what lies in the folder."""
    for name, file in manifest["files"].items():
        file |= {"sha256": bundles.sha256(folder / name), "bytes": (folder / name).stat().st_size}
    (folder / bundles.MANIFEST).write_text(json.dumps(manifest))


def write_broken(source: Path, folder: Path, version: int) -> None:
    """Write a version that loads and answers otherwise than its golden rows say."""
    write_version(source, folder, version)
    golden = json.loads((folder / str(version) / bundles.GOLDEN).read_text())
    for rows in golden["outputs"].values():
        rows[0] = list(reversed(rows[0])) if len(rows[0]) > 1 else [rows[0][0] + 1]
    manifest = json.loads((folder / str(version) / bundles.MANIFEST).read_text())
    made = folder.parent / f".broken-{version}"
    (folder / str(version)).rename(made)
    (made / bundles.GOLDEN).write_text(json.dumps(golden))
    seal(made, manifest)
    made.rename(folder / str(version))


# ── the load ──


class Client:
    """One connection that asks as soon as it is answered, and compares."""

    def __init__(self, port: int, request: bytes, right: dict[int, float], seen: Seen) -> None:
        self._port = port
        self._request = request
        self._right = right
        self._seen = seen

    async def run(self, until: asyncio.Event) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while not until.is_set():
                started = time.perf_counter()
                writer.write(self._request)
                head = await reader.readuntil(b"\r\n\r\n")
                found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(found[1]) if found else 0)
                self._seen.longest_s = max(self._seen.longest_s, time.perf_counter() - started)
                self._take(head, body)
        except (OSError, asyncio.IncompleteReadError) as error:
            self._seen.failed.append(repr(error))
        finally:
            writer.close()

    def _take(self, head: bytes, body: bytes) -> None:
        seen = self._seen
        seen.requests += 1
        if b" 200 " not in head.partition(b"\r\n")[0]:
            seen.failed.append(body[:200].decode())
            return
        answer = json.loads(body)
        version, prediction = answer["version"], answer["predictions"][0]
        seen.by_version[version] = seen.by_version.get(version, 0) + 1
        right = self._right.get(version)
        if right is None or abs(_number(prediction) - right) > 1e-5 + 1e-5 * abs(right):
            seen.wrong.append(f"{version}: {prediction}")


def _number(prediction: Json) -> float:
    """The number by which versions are told apart: the last probability, or the value."""
    if "probabilities" in prediction:
        return float(list(prediction["probabilities"].values())[-1])
    return float(prediction["value"])


# ── the server, with a clock in its loop ──


def serve(arguments: list[str], report: Path) -> None:
    """Serve, and write down the longest time for which the loop's clock was late, second by second."""
    from app import main  # noqa: PLC0415
    from app.__main__ import main as start  # noqa: PLC0415

    late: list[float] = [0.0]

    async def tick() -> None:
        shown = time.perf_counter()
        while True:
            due = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            late[0] = max(late[0], now - due)
            if now - shown >= REPORT_S:
                shown = now
                with report.open("a") as file:
                    file.write(f"{time.time()} {late[0]}\n")
                late[0] = 0.0

    plain = main._load

    async def load(reloader: Any) -> None:
        clock = asyncio.create_task(tick())
        try:
            await plain(reloader)
        finally:
            clock.cancel()

    main._load = load
    start(arguments)


def longest_stall(report: Path, since: float) -> float:
    """Return the most seconds by which the clock was late, of what it reported after `since`."""
    lines = [line.split() for line in report.read_text().splitlines()]
    return max([float(late) for at, late in lines if float(at) > since + REPORT_S], default=0.0)


# ── the run ──


async def run(options: argparse.Namespace) -> Json:
    source = newest(options.bundle)
    name = json.loads((source / bundles.MANIFEST).read_text())["name"]
    with tempfile.TemporaryDirectory(prefix="slipway-reload-") as made:
        scratch, models = Path(made), Path(made) / "models"
        folder = models / name
        folder.mkdir(parents=True)
        (scratch / "later").mkdir()
        right = {1: _last(write_version(source, folder, 1))}
        last = options.switches + 1
        for version in range(2, last + 1):
            right[version] = _last(write_version(source, scratch / "later" / name, version))
        port, report = free_port(), scratch / "late"
        command = ["--models", str(models), "--port", str(port), "--watch-s", str(WATCH_S)]
        argv = [sys.executable, "-m", "benchmarks.resilience.reload", "--serve", str(report), *command]
        with Server(argv, folder=ROOT, log=scratch / "log", core=None, variables=dict(os.environ)) as server:
            await ready(port)
            try:
                return await measure(options, server, port, source, folder, right, report)
            except BaseException:
                print(server.log.read_text()[-4000:], file=sys.stderr)
                raise


async def measure(
    options: argparse.Namespace,
    server: Server,
    port: int,
    source: Path,
    folder: Path,
    right: dict[int, float],
    report: Path,
) -> Json:
    seen, until = Seen(), asyncio.Event()
    golden = json.loads((source / bundles.GOLDEN).read_text())
    body = json.dumps({"instances": golden["instances"][:1]}).encode()
    head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    clients = [
        asyncio.create_task(Client(port, head.encode() + body, right, seen).run(until))
        for _ in range(options.connections)
    ]
    later = folder.parent.parent / "later" / folder.name
    calm_s = max(1.0, options.seconds * CALM_SHARE)
    every_s = (options.seconds - calm_s) / options.switches
    began = time.time()
    await asyncio.sleep(calm_s)
    calm, began = longest_stall(report, began), time.time()
    started, memory_mb = time.perf_counter(), {0: server.rss_mb()}
    broken = {options.switches // 3, 2 * options.switches // 3}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        for version in range(2, options.switches + 2):
            (later / str(version)).rename(folder / str(version))
            await until_it_answers(seen, version)
            shutil.rmtree(folder / str(version - 1), ignore_errors=True)
            if version - 1 in broken:
                await offer_broken(http, source, folder, 10_000 + version)
            memory_mb[version - 1] = server.rss_mb()
            await asyncio.sleep(max(0.0, started + (version - 1) * every_s - time.perf_counter()))
        until.set()
        await asyncio.gather(*clients)
        loads = (await http.get("/metrics")).text
    server_log = server.log.read_text()
    warm = {n: mb for n, mb in memory_mb.items() if n >= SETTLE_SWITCHES}
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "connections": options.connections,
        "requests": seen.requests,
        "failed_requests": len(seen.failed),
        "wrong_answers": len(seen.wrong),
        "examples": [*seen.failed[:3], *seen.wrong[:3]],
        "switches": len(seen.by_version) - 1,
        "broken_offered": len(broken),
        "broken_refused": int(float(_metric(loads, r'slipway_model_loads_total\{.*outcome="failed".*\} (\S+)'))),
        "rss_mb": {"start": round(memory_mb[0], 1), **{str(n): round(mb, 1) for n, mb in warm.items() if n % 10 == 0}},
        "rss_growth_after_10_mb": round(memory_mb[options.switches] - min(warm.values()), 1) if warm else None,
        "rss_spread_after_10_mb": round(max(warm.values()) - min(warm.values()), 1) if warm else None,
        "longest_stall_ms": {"calm": round(calm * 1e3, 1), "switching": round(longest_stall(report, began) * 1e3, 1)},
        "longest_request_ms": round(seen.longest_s * 1e3, 1),
        "decisions": sorted(set(re.findall(r"runs (?:on the event loop|in a worker thread), \d+ thread", server_log))),
    }


async def until_it_answers(seen: Seen, version: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while version not in seen.by_version:
            assert not seen.failed, seen.failed[:3]
            await asyncio.sleep(0.01)


async def offer_broken(http: httpx.AsyncClient, source: Path, folder: Path, version: int) -> None:
    await asyncio.to_thread(write_broken, source, folder, version)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = [m for m in (await http.get("/models")).json()["models"] if m["version"] == version]
            if found and found[0]["state"] == "failed":
                break
            await asyncio.sleep(0.05)
    shutil.rmtree(folder / str(version))


async def ready(port: int) -> None:
    async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient() as http:
        while True:
            try:
                if (await http.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


def free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def newest(root: Path) -> Path:
    found = sorted(path.parent for path in root.glob("*/*/manifest.json"))
    assert found, f"{root}: expected a bundle"
    return found[-1]


def _last(outputs: Json) -> float:
    return float(next(iter(outputs.values()))[-1])


def _metric(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else "0"


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[3:], Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.resilience.reload", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--switches", type=int, default=50)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--bundle", type=Path, default=BUNDLE, help="folder of models, of which the last is taken")
    parser.add_argument("--write", type=Path, help="file for the figures; by default they are only printed")
    options = parser.parse_args()
    figures = asyncio.run(run(options))
    text = json.dumps(figures, indent=2)
    print(text)
    if options.write is not None:
        options.write.write_text(text + "\n")
    sys.exit(1 if figures["failed_requests"] or figures["wrong_answers"] else 0)


if __name__ == "__main__":
    main()
