"""Machines for the tests of scoring on several: a Ray cluster and an S3 server of this machine, and the command there.

with ray_cluster() as variables            RAY_ADDRESS of a real one, of two processors
with s3_server() as variables              AWS's variables for a real one, with the bucket `lake`
score(words, variables)                    the command in the environment that holds Ray and Spark
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.serving import PATIENCE_S, ROOT
from tests.support.tools import missing, tool

PROGRAMS = ROOT / ".venv" / "engines" / "bin"
BUCKET = "lake"
# Parts of a node whose ports Ray otherwise finds out from files, for 15 s: then a busy machine has no cluster.
AGENTS = ("runtime-env-agent", "dashboard-agent-grpc", "dashboard-agent-listen", "metrics-export")
STORE_BYTES = 80_000_000  # of Ray's objects: nearly the least that it takes
SPARK = {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_SUBMIT_ARGS": "--master local[2] --driver-memory 512m pyspark-shell"}


def program(name: str) -> str:
    """Return a program of the environment; skip the test without it, or fail it where CI decides."""
    if not (PROGRAMS / name).exists():
        missing(f"no {PROGRAMS / name}: `make .venv/engines/.done` makes it")
    return str(PROGRAMS / name)


def spark() -> dict[str, str]:
    """Return the variables of a small Spark on this machine, which needs Java."""
    tool("java")
    return SPARK


def command(words: Sequence[str]) -> list[str]:
    return [program("python"), "-m", "app", "score", *words]


def score(words: Sequence[str], variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    return subprocess.run(
        command(words),
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@contextmanager
def ray_cluster(variables: dict[str, str] | None = None, store_bytes: int = STORE_BYTES) -> Iterator[dict[str, str]]:
    """Start a cluster of one node; all of its processes end with it."""
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:  # the name of a socket in it
        yield from _ray_node(Path(folder), variables or {}, store_bytes)  # may have 107 bytes: those of pytest are long


def _ray_node(folder: Path, variables: dict[str, str], store_bytes: int) -> Iterator[dict[str, str]]:
    port, log = _free_port(), folder / "ray.log"
    words = ["start", "--head", "--block", "--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats"]
    words += ["--node-ip-address=127.0.0.1", f"--port={port}", f"--temp-dir={folder}"]
    words += [f"--object-store-memory={store_bytes}", *[f"--{name}-port={_free_port()}" for name in AGENTS]]
    with log.open("wb") as file:
        environment = os.environ | variables
        head = subprocess.Popen([program("ray"), *words], stdout=file, stderr=file, env=environment)
    try:
        _until(lambda: "Ray runtime started" in _read(log), head)
        yield {"RAY_ADDRESS": f"127.0.0.1:{port}", "RAY_NUM_REDIS_GET_RETRIES": str(PATIENCE_S)}  # seconds to connect
    except AssertionError as error:
        error.add_note(_read(log)[-2000:])
        raise
    finally:
        family = [head.pid, *descendants(head.pid)]
        for process in family:
            end(process)
        head.wait()


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """Start a server with an empty bucket."""
    port = _free_port()
    words = [program("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until(lambda: _answers(port), server)
        variables = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "a-key",
            "AWS_SECRET_ACCESS_KEY": "its-secret",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        _ask(variables, "PUT", BUCKET, b"")
        yield variables
    finally:
        server.terminate()
        server.wait()


def lock_out(variables: dict[str, str]) -> None:
    """Let the server look at keys from now on: it knows none."""
    _ask(variables, "POST", "moto-api/reset-auth", b"0")


def _ask(variables: dict[str, str], method: str, path: str, data: bytes) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    request = urllib.request.Request(f"{variables['AWS_ENDPOINT_URL']}/{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE_S):
        pass


def children(process: int) -> list[int]:
    """Return the processes that a process has started."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [child for task in tasks for child in map(int, _read(task).split())]


def descendants(process: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    return [each for child in children(process) for each in (child, *descendants(child))]


def line_of(process: int) -> bytes:
    """Return the command line of a process; nothing where it is gone."""
    return _read(Path(f"/proc/{process}/cmdline")).encode()


def end(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it ended meanwhile
        return ""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Wait until something holds that a process brings about."""
    latest = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, f"ended with {process.returncode}"
        assert time.monotonic() < latest, "too late"
        time.sleep(0.05)


def _answers(port: int) -> bool:
    """Say whether a port is listened on."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
