"""The script that brings a model or a table into a pod, against a real HTTP server."""

import functools
import hashlib
import http.server
import io
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.k8s.rendered import K8S
from tests.support.serving import PATIENCE_S

SCRIPT = K8S / "fetch" / "fetch.py"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and where it can be fetched from."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def fetch(url: str, sha256: str, target: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run it as the pod does: the image's Python, without the folder it lies in and without the user's site."""
    command = [sys.executable, "-I", str(SCRIPT), url, sha256, str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, env=environment)


def archive(file: Path, members: dict[str, bytes]) -> str:
    with tarfile.open(file, "w:gz") as tar:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_an_archive_with_the_right_hash_is_unpacked(served: tuple[Path, str], target: Path) -> None:
    """A folder of bundles, and nothing beside it."""
    folder, address = served
    sha256 = archive(folder / "models.tar.gz", {"adult/1/model.onnx": b"graph", "adult/1/manifest.json": b"{}"})
    done = fetch(f"{address}/models.tar.gz", sha256, target)
    assert (done.returncode, done.stderr) == (0, "")
    assert (target / "adult" / "1" / "model.onnx").read_bytes() == b"graph"
    assert [path.name for path in target.iterdir()] == ["adult"]


def test_anything_else_is_put_there_under_its_name(served: tuple[Path, str], target: Path) -> None:
    """A table for a training; a query in the address is not part of its name."""
    folder, address = served
    (folder / "adult.csv.gz").write_bytes(b"rows")
    done = fetch(f"{address}/adult.csv.gz?token=1", hashlib.sha256(b"rows").hexdigest(), target)
    assert (done.returncode, done.stderr) == (0, "")
    assert (target / "adult.csv.gz").read_bytes() == b"rows"


def refused(done: "subprocess.CompletedProcess[str]", sentence: str, target: Path) -> None:
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert list(target.iterdir()) == []


def test_another_hash_leaves_nothing(served: tuple[Path, str], target: Path) -> None:
    """The sentence says both, so that an operator sees which is which."""
    folder, address = served
    received = archive(folder / "models.tar.gz", {"adult/1/model.onnx": b"graph"})
    done = fetch(f"{address}/models.tar.gz", "0" * 64, target)
    refused(done, f"expected the SHA-256 {'0' * 64}. Received: {received}.", target)


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "adult/../../outside"])
def test_an_archive_stays_in_its_folder(name: str, served: tuple[Path, str], target: Path) -> None:
    """Also one with the right hash: who made it may have been careless."""
    folder, address = served
    done = fetch(f"{address}/models.tgz", archive(folder / "models.tgz", {name: b"x"}), target)
    if name.startswith("/"):  # an absolute name is taken as one below the folder
        assert (done.returncode, (target / name[1:]).read_bytes()) == (0, b"x")
    else:
        refused(done, "Cannot fetch models.tgz", target)
    assert not (target.parent / "outside").exists()


def test_more_than_the_bound_is_not_read(served: tuple[Path, str], target: Path) -> None:
    """The volume has a size; above it the pod would be evicted instead of told why."""
    folder, address = served
    (folder / "rows.csv").write_bytes(b"x" * 1001)
    done = fetch(f"{address}/rows.csv", "0" * 64, target, FETCH_MAX_BYTES="1000")
    refused(done, "expected at most 1000 bytes", target)


def test_nor_is_more_unpacked(served: tuple[Path, str], target: Path) -> None:
    """A small archive may hold a lot."""
    folder, address = served
    sha256 = archive(folder / "models.tar.gz", {"zeros": bytes(100_000)})
    done = fetch(f"{address}/models.tar.gz", sha256, target, FETCH_MAX_BYTES="50000")
    refused(done, "expected at most 50000 bytes unpacked", target)


def test_what_is_not_there_is_said(served: tuple[Path, str], target: Path) -> None:
    """Also a host that does not answer, an address of another kind, and something that is no hash."""
    _, address = served
    refused(fetch(f"{address}/models.tar.gz", "0" * 64, target), "404", target)
    refused(fetch("http://127.0.0.1:1/models.tar.gz", "0" * 64, target), "Connection refused", target)
    refused(fetch("file:///etc/passwd", "0" * 64, target), "expected http(s)", target)
    refused(fetch(f"{address}/models.tar.gz", "abc", target), "expected 64 digits", target)


def test_something_that_is_no_archive_is_said(served: tuple[Path, str], target: Path) -> None:
    """Its hash was right, its name was not."""
    folder, address = served
    (folder / "models.tar").write_bytes(b"no archive")
    done = fetch(f"{address}/models.tar", hashlib.sha256(b"no archive").hexdigest(), target)
    refused(done, "Cannot fetch models.tar", target)
