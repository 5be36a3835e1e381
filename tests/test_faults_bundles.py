"""A second version that must not serve: damaged, forged, enormous, or not to be read.

Each fault: the caller goes on getting the first version's answers, the operator finds the reason in /health, /models,
the log and a metric, and a sound version put in its place serves.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import pytest

from app.main import Slipway
from tests import serving, tiny
from tests.app import graphs
from tests.app.graphs import graph, node, outside, tensor

FIRST = tiny.Tiny(task="regression", numbers=("a", "b"), booleans=(), strings=(), optional=())
SECOND = tiny.Tiny(version=2, task="regression", numbers=("a", "b"), booleans=(), strings=(), optional=(), shift=1.0)
ROWS = {"instances": [[1.0, 2.0]]}
GIGABYTES = 8 * 2**30
NOBODY = 65534
WEIGHTS = np.arange(400, dtype=np.float32)

Damage = Callable[[Path], None]  # done to the second version's folder


@dataclass(frozen=True)
class Fault:
    damage: Damage
    says: str


def truncated(name: str) -> Damage:
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size // 2)


def flipped(name: str) -> Damage:
    def damage(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return damage


def sparse(name: str) -> Damage:
    return lambda folder: os.truncate(folder / name, GIGABYTES)


def rewritten(change: Callable[[dict[str, Any]], None]) -> Damage:
    def damage(folder: Path) -> None:
        content = json.loads((folder / "manifest.json").read_text())
        change(content)
        (folder / "manifest.json").write_text(json.dumps(content))

    return damage


def nested(folder: Path) -> None:
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"training": {}', f'"training": {{"x": {"[" * 10_000}'))


def listing(name: str) -> Damage:
    """List a file elsewhere."""
    return rewritten(lambda content: content["files"].update({name: content["files"]["model.onnx"]}))


def wider(content: dict[str, Any]) -> None:
    content["inputs"][0]["shape"] = [None, 10**12]


def linked(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to("/dev/zero")


def crammed(folder: Path) -> None:
    """Enlarge the golden rows, as the manifest says."""
    os.truncate(folder / "golden.json", 128 * 2**20)
    tiny.rewrite_manifest(folder, json.loads((folder / "manifest.json").read_text()))


FAULTS = {
    "golden rows without end": Fault(crammed, "golden.json: expected at most"),
    "a truncated graph": Fault(truncated("model.onnx"), "bytes. Received"),
    "a truncated manifest": Fault(truncated("manifest.json"), "manifest.json"),
    "a flipped bit in the graph": Fault(flipped("model.onnx"), "expected sha256"),
    "a flipped bit in the golden rows": Fault(flipped("golden.json"), "expected sha256"),
    "a manifest of gigabytes": Fault(sparse("manifest.json"), f"Received: {GIGABYTES}"),
    "a graph of gigabytes": Fault(sparse("model.onnx"), f"Received: {GIGABYTES}"),
    "a manifest nested without end": Fault(nested, "recursion"),
    "a manifest that claims 10^12 columns": Fault(rewritten(wider), "each input column"),
    "a listed file above the folder": Fault(listing("../../secret"), "manifest.json"),
    "a listed file by its whole path": Fault(listing("/etc/passwd"), "manifest.json"),
    "a graph that is a device": Fault(linked, "Received: 0"),
}


def metric(text: str, line: str) -> float:
    return next(float(found.split()[-1]) for found in text.splitlines() if found.startswith(line))


async def answers(client: httpx.AsyncClient, value: float) -> bool:
    response = await client.post("/predict", json=ROWS)
    found = response.json()["predictions"][0]["value"]
    return response.status_code == 200 and found == pytest.approx(value, abs=1e-5)


async def refused(app: Slipway, client: httpx.AsyncClient, says: str, caplog: pytest.LogCaptureFixture) -> None:
    """Make sure that an operator sees why version 2 does not serve."""
    health = await client.get("/health")
    assert health.status_code == 200  # version 1 serves as before
    assert health.json()["models"]["tiny/2"] == "failed"
    assert any(says in reason for reason in health.json()["refused"]), health.json()
    listed = {entry["version"]: entry for entry in (await client.get("/models")).json()["models"]}
    assert says in listed[2]["reason"]
    assert "Not served: tiny/2" in caplog.text
    text = (await client.get("/metrics")).text
    assert metric(text, 'slipway_model_loads_total{model="tiny",outcome="failed"}') == 1
    assert metric(text, 'slipway_model_ready{model="tiny",version="2"}') == 0


@pytest.mark.parametrize("name", FAULTS)
async def test_a_version_that_is_not_sound_never_serves(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fault = FAULTS[name]
    tiny.write(tmp_path, FIRST)
    app = serving.app_of(tmp_path, watch_s=0)
    async with serving.running(app) as client:
        folder = tiny.write(tmp_path, SECOND)
        fault.damage(folder)
        await app.state.registry.reload()
        assert await answers(client, 0.5)
        await refused(app, client, fault.says, caplog)
        shutil.rmtree(folder)
        tiny.write(tmp_path, SECOND)
        await app.state.registry.reload()
        assert await answers(client, 1.5)
        assert "refused" not in (await client.get("/health")).json()


@pytest.mark.skipif(sys.platform != "linux", reason="another user's rights are tried by becoming nobody")
async def test_a_version_that_may_not_be_read_never_serves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """For root nothing is forbidden: the process is nobody while it looks."""
    tiny.write(tmp_path, FIRST)
    app = serving.app_of(tmp_path, watch_s=0)
    with entered(tmp_path):
        async with serving.running(app) as client:
            folder = tiny.write(tmp_path, SECOND)
            (folder / "model.onnx").chmod(0)
            with nobody():
                await app.state.registry.reload()
            assert await answers(client, 0.5)
            await refused(app, client, "cannot be read: Permission denied", caplog)
            (folder / "model.onnx").chmod(0o644)
            await app.state.registry.reload()
            assert await answers(client, 1.5)


@contextlib.contextmanager
def entered(folder: Path) -> Iterator[None]:
    """Let everybody enter pytest's folders meanwhile."""
    ours = (folder, *folder.parents) if os.geteuid() == 0 else ()
    closed = [place for place in ours if not place.stat().st_mode & 1]
    for place in closed:
        place.chmod(place.stat().st_mode | 0o55)
    try:
        yield
    finally:
        for place in closed:
            place.chmod(place.stat().st_mode & ~0o55)


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("place", ["above", "absolute", "link", "device"])
async def test_a_graph_never_reads_outside_its_folder(
    place: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """External data of a graph from a stranger would show him the files of the host."""
    root, secret = tmp_path / "models", tmp_path / "secret.data"
    secret.write_bytes(WEIGHTS.tobytes())
    where = {"above": "../../../secret.data", "absolute": str(secret), "link": "link.data", "device": "/dev/zero"}
    ends = [tensor("x", ["batch", 400])], [tensor("y", ["batch", 400])]

    def adding(weights: onnx.TensorProto | np.ndarray[Any, Any]) -> onnx.ModelProto:
        return graph([node("Add", ["x", "w"], ["y"])], *ends, w=weights)

    graphs.write(root, adding(np.zeros(400, np.float32)), "tiny")
    app = serving.app_of(root, watch_s=0)
    async with serving.running(app) as client:
        folder = graphs.write(root, adding(outside(where[place])), "tiny", 2)
        (folder / "link.data").symlink_to(secret)
        await app.state.registry.reload()
        answer = await client.post("/v1/models/tiny:predict", json={"instances": [[0.0] * 400]})
        assert answer.json() == {"predictions": [[0.0] * 400]}
        await refused(app, client, "ONNX Runtime cannot load it", caplog)
        shutil.rmtree(folder)
        graphs.write(root, adding(WEIGHTS), "tiny", 2)
        await app.state.registry.reload()
        answer = await client.post("/v1/models/tiny:predict", json={"instances": [[0.0] * 400]})
        assert answer.json() == {"predictions": [WEIGHTS.tolist()]}
