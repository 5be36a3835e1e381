"""A second version that must not serve: damaged, forged, enormous, or not to be read.

Each fault: the caller goes on getting the first version's answers, the operator finds the reason in /health, /models,
the log and a metric, and a sound version put in its place serves.
"""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import pytest

from app.bundle import reader as bundles
from app.main import Slipway
from tests.app import graphs
from tests.app.graphs import graph, node, outside, tensor
from tests.support import serving, tiny
from tests.support.signed import Keys

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


def endless(name: str, make: Callable[[Path], object]) -> Damage:
    """Put something without end in the place of a file, of the size that the manifest then gives."""

    def damage(folder: Path) -> None:
        rewritten(lambda content: content["files"].get(name, {}).update(bytes=0))(folder)
        (folder / name).unlink()
        make(folder / name)

    return damage


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


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
    "a manifest that claims 10^12 columns": Fault(rewritten(wider), "as its features feed"),
    "a listed file above the folder": Fault(listing("../../secret"), "manifest.json"),
    "a listed file by its whole path": Fault(listing("/etc/passwd"), "manifest.json"),
    "a graph that is a device": Fault(endless("model.onnx", device), "model.onnx: cannot be read"),
    "a plot that is a pipe": Fault(endless("card.md", os.mkfifo), "card.md: cannot be read: it is no regular file"),
    "a manifest that is a pipe": Fault(endless("manifest.json", os.mkfifo), "manifest.json: cannot be read"),
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
        await app.state.reloader.reload()
        assert await answers(client, 0.5)
        await refused(app, client, fault.says, caplog)
        shutil.rmtree(folder)
        tiny.write(tmp_path, SECOND)
        await app.state.reloader.reload()
        assert await answers(client, 1.5)
        assert "refused" not in (await client.get("/health")).json()


# ── signatures ──


def by_another(folder: Path, keys: Keys) -> None:
    Keys(keys.public.parent, "other").sign(folder)


def unsigned(folder: Path, keys: Keys) -> None:
    """Leave it as it was written."""


def with_more(folder: Path, keys: Keys) -> None:
    keys.sign(folder)
    (folder / "weights.data").write_bytes(WEIGHTS.tobytes())


FORGED: dict[str, tuple[Callable[[Path, Keys], object], str]] = {
    "not signed": (unsigned, "expected a signature by the key of"),
    "signed by another": (by_another, "Received: another one"),
    "a file more": (with_more, "weights.data: expected to be signed"),
    "another version's signature": (
        lambda folder, keys: shutil.copy(folder.parent / "1" / "model.sig", folder),
        "as it was signed",
    ),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_version_that_is_not_rightly_signed_never_serves(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forge, says = FORGED[name]
    keys, root = Keys(tmp_path), tmp_path / "models"
    keys.sign(tiny.write(root, FIRST))
    app = serving.app_of(root, watch_s=0, verify_key=keys.public)
    async with serving.running(app) as client:
        folder = tiny.write(root, SECOND)
        forge(folder, keys)
        await app.state.reloader.reload()
        assert await answers(client, 0.5)
        await refused(app, client, says, caplog)
        for path in folder.glob("*.data"):
            path.unlink()
        keys.sign(folder)
        await app.state.reloader.reload()
        assert await answers(client, 1.5)
        assert "refused" not in (await client.get("/health")).json()


async def test_a_signature_that_has_not_arrived_yet_is_waited_for(tmp_path: Path) -> None:
    """It is the last file that a copy brings, perhaps; at the second look it is missed."""
    keys, root = Keys(tmp_path), tmp_path / "models"
    keys.sign(tiny.write(root, FIRST))
    app = serving.app_of(root, watch_s=0, verify_key=keys.public)
    async with serving.running(app) as client:
        folder = tiny.write(root, SECOND)
        await look(app)
        assert (await client.get("/health")).json()["models"]["tiny/2"] == "waiting"
        keys.sign(folder)
        await look(app)
        assert await answers(client, 1.5)


@pytest.mark.parametrize("damage", ["none", "file", "weights"])
async def test_a_graph_alone_is_signed_with_its_weights(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys, root = Keys(tmp_path), tmp_path / "models"
    ends = [tensor("x", ["batch", 400])], [tensor("y", ["batch", 400])]
    request = {"instances": [[0.0] * 400]}

    def adding(weights: onnx.TensorProto | np.ndarray[Any, Any]) -> onnx.ModelProto:
        return graph([node("Add", ["x", "w"], ["y"])], *ends, w=weights)

    keys.sign(graphs.write(root, adding(np.zeros(400, np.float32)), "tiny"))
    app = serving.app_of(root, watch_s=0, verify_key=keys.public)
    async with serving.running(app) as client:
        folder = graphs.write(root, adding(outside("w.data")), "tiny", 2)
        (folder / "w.data").write_bytes(WEIGHTS.tobytes())
        if damage == "file":
            (folder / "model.onnx").write_bytes(adding(outside("w.data")).SerializeToString())
        if damage != "none":
            keys.sign(folder)
        if damage == "weights":
            (folder / "w.data").write_bytes(WEIGHTS[::-1].tobytes())
        await app.state.reloader.reload()
        answer = (await client.post("/v1/models/tiny:predict", json=request)).json()
        if damage == "file":
            assert answer == {"predictions": [WEIGHTS.tolist()]}
            return
        assert answer == {"predictions": [[0.0] * 400]}
        says = {"none": "expected a signature", "weights": "w.data: expected sha256"}[damage]
        await refused(app, client, says, caplog)


# ── the disk ──


async def look(app: Slipway) -> None:
    """Look as the watch does, and not as somebody who asks."""
    async with app.state.reloader.changing:
        await app.state.reloader.look()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 256 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if done is None or done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip() if done else 'not root'}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Take what is free, to the last byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert os.statvfs(disk).f_bavail == 0
    return ballast


def copy(names: list[str], source: Path, folder: Path) -> None:
    for name in names:
        shutil.copyfile(source / name, folder / name)


@pytest.mark.parametrize("last", ["manifest.json", "model.onnx"])
async def test_a_copy_that_the_disk_has_no_room_for_is_left_alone(
    last: str, small_disk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever was copied first: half a version is waited for, then refused; once whole, it serves."""
    root, source = small_disk / "models", tmp_path / "source"
    tiny.write(root, FIRST)
    copied = tiny.write(source, SECOND)
    names = sorted((path.name for path in copied.iterdir()), key=lambda name: (name == last, name))
    app = serving.app_of(root, watch_s=0)
    async with serving.running(app) as client:
        ballast = fill(small_disk)
        os.truncate(ballast, ballast.stat().st_size - 3 * 4096)  # room for a few files
        folder = root / "tiny" / "2"
        folder.mkdir()
        with pytest.raises(OSError, match="No space left"):
            copy(names, copied, folder)
        assert os.statvfs(small_disk).f_bavail == 0
        await look(app)
        assert (await client.get("/health")).json()["models"]["tiny/2"] == "waiting"
        assert await answers(client, 0.5)
        await look(app)
        assert await answers(client, 0.5)
        await refused(app, client, str(folder), caplog)
        ballast.unlink()
        copy(names, copied, folder)
        await look(app)
        assert await answers(client, 1.5)


async def test_serving_and_reloading_need_no_disk(small_disk: Path, tmp_path: Path) -> None:
    """A whole process on a disk without a free byte: it starts, answers, takes a new version, and writes no file."""
    root, spare = small_disk / "models", small_disk / "spare"
    tiny.write(root, FIRST)
    tiny.write(spare, SECOND)
    fill(small_disk)
    with serving.process(root, tmp_path, TMPDIR=str(small_disk), HOME=str(small_disk)) as process:
        async with httpx.AsyncClient(base_url=process.address) as client:
            assert await answers(client, 0.5)
            (spare / "tiny" / "2").rename(root / "tiny" / "2")
            async with asyncio.timeout(serving.PATIENCE_S):
                while not await answers(client, 1.5):  # noqa: ASYNC110  (nobody tells when the look has come)
                    await asyncio.sleep(0.05)
            assert [path.suffix for path in written(process.popen.pid)] == [".log"]  # what it complains of


def written(pid: int) -> list[Path]:
    """The regular files that a process has open for writing."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            flags = int(Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text().split()[3], 8)
            if flags & (os.O_WRONLY | os.O_RDWR) and descriptor.readlink().is_file():
                found.append(descriptor.readlink())
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="another user's rights are tried by becoming nobody")
@pytest.mark.parametrize("forbidden", ["model.onnx", "manifest.json", ""], ids=["graph", "manifest", "folder"])
async def test_a_version_that_may_not_be_read_never_serves(
    forbidden: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """For root nothing is forbidden: the process is nobody while it looks."""
    tiny.write(tmp_path, FIRST)
    app = serving.app_of(tmp_path, watch_s=0)
    with entered(tmp_path):
        async with serving.running(app) as client:
            folder = tiny.write(tmp_path, SECOND)
            mode = (folder / forbidden).stat().st_mode
            (folder / forbidden).chmod(0)
            with nobody():
                await app.state.reloader.reload()
            assert await answers(client, 0.5)
            await refused(app, client, "cannot be read: Permission denied", caplog)
            (folder / forbidden).chmod(mode)
            await app.state.reloader.reload()
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
        await app.state.reloader.reload()
        answer = await client.post("/v1/models/tiny:predict", json={"instances": [[0.0] * 400]})
        assert answer.json() == {"predictions": [[0.0] * 400]}
        await refused(app, client, "expected a file within", caplog)
        shutil.rmtree(folder)
        graphs.write(root, adding(WEIGHTS), "tiny", 2)
        await app.state.reloader.reload()
        answer = await client.post("/v1/models/tiny:predict", json={"instances": [[0.0] * 400]})
        assert answer.json() == {"predictions": [WEIGHTS.tolist()]}


async def test_a_graph_alone_of_gigabytes_is_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing says how large it should be; no graph can be larger than this."""
    made = graphs.one("Neg")
    graphs.write(tmp_path, made, "tiny")
    app = serving.app_of(tmp_path, watch_s=0)
    async with serving.running(app) as client:
        folder = graphs.write(tmp_path, made, "tiny", 2)
        sparse("model.onnx")(folder)
        await app.state.reloader.reload()
        answer = await client.post("/v1/models/tiny:predict", json={"instances": [[1.0, 2.0, 3.0, 4.0]]})
        assert answer.json() == {"predictions": [[-1.0, -2.0, -3.0, -4.0]]}
        await refused(app, client, f"at most {bundles.MODEL_MAX_BYTES} bytes. Received: {GIGABYTES}", caplog)
