"""The script that brings a model or a table into a pod, against a real HTTP server."""

import contextlib
import functools
import gzip
import hashlib
import http.server
import io
import runpy
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.k8s.rendered import K8S
from tests.support.serving import PATIENCE_S

SCRIPT = K8S / "fetch" / "fetch.py"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; some paths below /odd/ are answered otherwise."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/odd/moved.tar":
            self._start(302, ("Location", self.path.partition("to=")[2]))
        elif path == "/odd/cut.tar":
            self._start(200, ("Content-Length", "1000"), body=b"x")
        elif path == "/odd/chunked.tar":
            self._start(200, ("Transfer-Encoding", "chunked"), body=b"zzz\r\n")
        elif path == "/odd/dripping.tar":
            self._start(200)
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"x")
                    threading.Event().wait(0.05)
        else:
            super().do_GET()

    def _start(self, status: int, *headers: tuple[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and where it can be fetched from."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
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


def fetched_here(url: str, sha256: str, target: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run it within this process, for the many cases: what it would print and end with."""
    command, out, err = [str(SCRIPT), url, sha256, str(target)], io.StringIO(), io.StringIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGTERM)}
    try:
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
            patch.setattr(sys, "argv", command)
            for name, value in environment.items():
                patch.setenv(name, value)
            runpy.run_path(str(SCRIPT), run_name="__main__")
    except SystemExit as end:
        err.write(f"{end.code}\n")  # as the interpreter does, and then ends with 1
    finally:
        signal.alarm(0)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return subprocess.CompletedProcess(command, int(bool(err.getvalue())), out.getvalue(), err.getvalue())


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
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert "SECRET" not in done.stderr
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
        refused(done, "expected names within the folder", target)
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
    refused(done, "no more bytes than FETCH_MAX_BYTES unpacked", target)


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


# ── what is secret in a URL ──


@pytest.mark.parametrize(
    "url",
    [
        "http://user:SECRET@127.0.0.1:1/models.tar",
        "http://127.0.0.1:1/models.tar?signature=SECRET",
        "http://127.0.0.1:1/?signature=SECRET",
        "http://127.0.0.1:1/models.tar?a b=SECRET",
        "http://127.0.0.1:SECRET/models.tar",
        "http://[SECRET/models.tar",
        "ftp://user:SECRET@127.0.0.1/models.tar",
        "{address}/missing.tar?signature=SECRET#SECRET",
        "{address}/large.tar?signature=SECRET",
        "{address}/odd/cut.tar?signature=SECRET",
        "{address}/odd/chunked.tar?signature=SECRET",
        "{address}/odd/moved.tar?to=file:///etc/SECRET",
        "{address}/odd/moved.tar?to=ftp://user:SECRET@127.0.0.1/a.tar",
        "{address}/odd/moved.tar?to=http://user:SECRET@127.0.0.1:1/a.tar",
        "{address}/odd/moved.tar?to=/odd/moved.tar?to=SECRET",
    ],
)
def test_credentials_and_queries_are_never_shown(url: str, served: tuple[Path, str], target: Path) -> None:
    """A pod's log is read by more people than its secrets."""
    folder, address = served
    (folder / "large.tar").write_bytes(bytes(2000))
    done = fetched_here(url.format(address=address), "0" * 64, target, FETCH_MAX_BYTES="1500")
    refused(done, "", target)


def test_a_hash_in_the_wrong_place_is_not_shown(target: Path) -> None:
    """It may be a URL."""
    refused(fetch("http://a/b.tar", "http://a/b?SECRET", target), "Received: 17 characters.", target)


def test_a_server_that_drips_is_left(served: tuple[Path, str], target: Path) -> None:
    done = fetch(f"{served[1]}/odd/dripping.tar", "0" * 64, target, FETCH_MAX_S="1")
    refused(done, "it took more than 1 s (FETCH_MAX_S)", target)


# ── archives of every kind ──


def member(name: str, content: bytes = b"", **about: Any) -> bytes:
    """Make a header and content, as they stand in an archive."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in about.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % 512)


GOOD = member("adult/1/model.onnx", b"graph")
END = bytes(1024)
BAD: dict[str, tuple[bytes, str]] = {
    "a truncated gzip": (gzip.compress(bytes(range(256)) * 99)[:-40], "Cannot fetch"),
    "a gzip of something else": (gzip.compress(b"no archive"), "Cannot fetch"),
    "a damaged gzip": (b"\x1f\x8b\x08" + bytes(range(200)), "Cannot fetch"),
    "nothing": (b"", "Cannot fetch"),
    "a truncated archive": ((GOOD + member("a", bytes(5000)))[:-2000], "Cannot fetch"),
    "a link": (GOOD + member("a", type=tarfile.SYMTYPE, linkname="adult") + END, "expected plain files and folders"),
    "a link to nothing": (member("a", type=tarfile.LNKTYPE, linkname="b") + END, "expected plain files and folders"),
    "a link out of it": (member("a", type=tarfile.SYMTYPE, linkname="/etc") + member("a/b") + END, "expected plain"),
    "a device": (member("a", type=tarfile.CHRTYPE) + END, "expected plain files and folders"),
    "a pipe": (member("a", type=tarfile.FIFOTYPE) + END, "expected plain files and folders"),
    "a sparse file": (member("a", b"x", pax_headers={"GNU.sparse.map": "0,1", "GNU.sparse.size": "9"}) + END, "plain"),
    "a name twice": (GOOD + GOOD + END, "expected each name once"),
    "a name in capitals": (GOOD + member("ADULT/1/model.onnx") + END, "expected each name once"),
    "a file that is a folder": (member("a", b"x") + member("a/b", b"x") + END, "Cannot fetch"),
    "the folder itself": (member("./", b"x", type=tarfile.REGTYPE) + END, "Invalid archive"),
    "a name above": (member("a/../../b", b"x") + END, "expected names within the folder"),
    "a deep name": (member("a/" * 40 + "b", b"x") + END, "expected names within the folder"),
    "a long name": (member("a" * 300, b"x") + END, "File name too long"),
    "a size that lies": (GOOD + member("a", size=10**9) + END, "Cannot fetch"),
    "a size beyond all": (GOOD + member("a", size=2**62) + END, "no more bytes than FETCH_MAX_BYTES"),
    "a header without end": (member("a", pax_headers={"comment": "x" * 2**21}) + END, "expected headers of at most"),
    "headers upon headers": (b"".join([member(f"{n}", type=tarfile.XHDTYPE) for n in range(1500)]) + END, "Cannot"),
    "files without end": (b"".join([member(f"{n}") for n in range(10_001)]) + END, "at most 10000 files and folders"),
    "a bomb": (gzip.compress(member("a", size=2**33) + bytes(2**24)), "no more bytes than FETCH_MAX_BYTES"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_archive_ends_in_one_sentence(name: str, served: tuple[Path, str], target: Path) -> None:
    """And leaves nothing, not even what was good before it."""
    (folder, address), (content, sentence) = served, BAD[name]
    (folder / "models.tar.gz").write_bytes(content)
    done = fetched_here(f"{address}/models.tar.gz", hashlib.sha256(content).hexdigest(), target)
    refused(done, sentence, target)


@pytest.mark.parametrize("name", [".part", "part", "content", ".fetch-a", "model.onnx"])
def test_a_file_of_any_name_arrives(name: str, served: tuple[Path, str], target: Path) -> None:
    """Alone, and in an archive; none is taken for what the script leaves on the way."""
    folder, address = served
    (folder / name).write_bytes(b"rows")
    done = fetched_here(f"{address}/{name}", hashlib.sha256(b"rows").hexdigest(), target)
    assert (done.returncode, (target / name).read_bytes()) == (0, b"rows")
    (target / name).unlink()
    sha256 = archive(folder / "models.tar.gz", {name: b"graph", f"adult/{name}": b"graph"})
    assert fetched_here(f"{address}/models.tar.gz", sha256, target).returncode == 0
    assert (target / name).read_bytes() == (target / "adult" / name).read_bytes() == b"graph"


def test_what_was_there_stays_and_is_replaced(served: tuple[Path, str], target: Path) -> None:
    """A volume outlives a pod: the next version is added, and the same one written again."""
    folder, address = served
    for version in ("1", "2", "2"):
        sha256 = archive(folder / "models.tar", {f"adult/{version}/model.onnx": version.encode()})
        assert fetched_here(f"{address}/models.tar", sha256, target).returncode == 0
    found = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*.onnx")}
    assert found == {"adult/1/model.onnx": "1", "adult/2/model.onnx": "2"}


@pytest.mark.parametrize("variable", ["FETCH_MAX_BYTES", "FETCH_MAX_MEMBERS", "FETCH_MAX_S"])
def test_bounds_that_are_no_numbers_are_said(variable: str, target: Path) -> None:
    refused(fetched_here("http://a/b", "0" * 64, target, **{variable: "2 GiB"}), f"Invalid {variable}", target)


def test_words_that_are_missing_are_said(target: Path) -> None:
    done = subprocess.run([sys.executable, "-I", str(SCRIPT)], capture_output=True, text=True, check=False, timeout=60)
    refused(done, "expected URL SHA256 FOLDER", target)
