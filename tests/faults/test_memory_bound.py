"""A process keeps within the memory that docs/sizing.md states, whatever strangers send at once, and gives it back."""

import contextlib
import gzip
import itertools
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from benchmarks.sizing.sizing import ROOT, memory_bound_mib
from tests.support import serving

UNDER_WAY_MIB, BODY_MIB, PROCESS_MIB = 64, 16, 105  # as k8s/base has it; Python's own and the model's memory varies
BODY_BYTES = BODY_MIB * 2**20
CALLERS, SECONDS = 30, 4.0  # half bodies of each alone would be 240 MB, and what they are read into ten times as much
OPTIONS = ("--max-bytes-under-way", str(UNDER_WAY_MIB * 2**20), "--receive-timeout-s", "4", "--send-timeout-s", "4")
TFSERVING, INFER = "/v1/models/adult-income:predict", "/v2/models/adult-income/infer"


def memory_mib(process: serving.Process, key: str) -> float:
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(key)).split()[1]) / 1024


def request(path: str, body: bytes, *lines: str, size: int | None = None) -> bytes:
    length = f"content-length: {len(body) if size is None else size}"
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: x", length, *lines, "", ""]).encode() + body


def attacks() -> list[bytes]:
    brackets, objects = b"[" * (BODY_BYTES - 99), b"{}," * (BODY_BYTES // 3 - 99)
    names = b'{"name":"a"},' * (BODY_BYTES // 13 - 99)
    row = json.loads((ROOT / "models" / "adult-income" / "1" / "golden.json").read_text())["instances"][0]
    rows = json.dumps({"instances": [row] * 9000}).encode()
    packed = "content-encoding: gzip"
    return [
        request("/predict", b" " * (BODY_BYTES // 2), size=BODY_BYTES),
        request("/predict", gzip.compress(b'{"instances":[' + brackets), packed),
        request(TFSERVING, b'{"instances":[' + brackets),
        request(TFSERVING, b'{"instances":[' + objects + b"{}]}"),
        request(INFER, b'{"inputs":[],"outputs":[' + names + b'{"name":"a"}]}'),
        request("/predict", rows) * 3,
    ]


def attack(port: int, what: bytes, until: float) -> None:
    """Send it again and again, and read next to nothing of the answers."""
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(what)
            connection.recv(1)


@pytest.mark.parametrize("kinds", [slice(None), slice(4, 5)], ids=["all", "nothing but outputs"])
def test_its_memory_is_bounded_and_goes_back(kinds: slice, tmp_path: Path) -> None:
    what = [*itertools.islice(itertools.cycle(attacks()[kinds]), CALLERS)]
    with serving.process(ROOT / "models", tmp_path, *OPTIONS) as process:
        port, before = process.port, memory_mib(process, "VmRSS")
        end = time.monotonic() + SECONDS
        callers = [threading.Thread(target=attack, args=(port, each, end)) for each in what]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert memory_mib(process, "VmHWM") <= memory_bound_mib(PROCESS_MIB, CALLERS, UNDER_WAY_MIB, BODY_MIB)
        deadline = time.monotonic() + serving.PATIENCE_S
        while memory_mib(process, "VmRSS") > 1.2 * before:
            assert time.monotonic() < deadline, (before, memory_mib(process, "VmRSS"))
            time.sleep(0.2)
