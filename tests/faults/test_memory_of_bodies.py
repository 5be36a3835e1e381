"""Half bodies by the dozen against one process: its memory is bounded, and small requests are answered all the same."""

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.models import SOUND
from tests.support import serving, tiny

BODY_BYTES = 4 * 2**20
SENDERS = 40  # 160 MiB together
HOLDERS = 3  # for so many there is room at once
A_MOMENT_S = 0.1  # until a sender whose bytes are not taken gives up
UNDER_WAY_BYTES = 16 * 2**20
GROWTH_KIB = 64 * 1024  # the limit, what lies in sockets' buffers and in those of their readers, and some
JSON = b'{"instances": [[1, 2]]}'
KEY = "a-callers-key-of-enough-length"


@pytest.fixture(params=["protocol", "asgi"])
def process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[serving.Process]:
    tiny.write(tmp_path / "models", SOUND)
    keys = tmp_path / "keys"
    keys.write_text(KEY)
    options = ["--max-bytes-under-way", str(UNDER_WAY_BYTES), "--api-keys-file", str(keys), "--door", request.param]
    with serving.process(tmp_path / "models", tmp_path, *options) as started:
        yield started


@pytest.mark.parametrize("key", ["", KEY])
def test_half_bodies_take_no_more_than_the_limit(key: str, process: serving.Process) -> None:
    """With a key some wait and some are refused; without one none is kept; whoever had room is answered at the end."""
    _ask(process)
    before_kib = _memory_kib(process)
    with contextlib.ExitStack() as stack:
        holders = [stack.enter_context(_half_body(process, key, serving.PATIENCE_S)) for _ in range(HOLDERS)]
        for _ in range(SENDERS - HOLDERS):
            stack.enter_context(_half_body(process, key, A_MOMENT_S))
        for _ in range(10):
            _ask(process)
        assert _memory_kib(process) - before_kib < GROWTH_KIB
        answers = [_finish(sender) for sender in holders]
        assert answers == [200 if key else 401] * HOLDERS
    _ask(process)
    assert _memory_kib(process) - before_kib < GROWTH_KIB


@contextlib.contextmanager
def _half_body(process: serving.Process, key: str, timeout_s: float) -> Iterator[socket.socket]:
    """Send a body but for its last bytes, as much as is taken."""
    lines = ["POST /predict HTTP/1.1", "host: x", f"content-length: {BODY_BYTES}", f"x-api-key: {key}", "", ""]
    with socket.create_connection(("127.0.0.1", process.port)) as sock:
        sock.sendall("\r\n".join(lines).encode())
        sock.settimeout(timeout_s)
        with contextlib.suppress(TimeoutError, ConnectionError):
            sock.sendall(JSON + b" " * (BODY_BYTES - len(JSON) - 10))
        yield sock


def _finish(sock: socket.socket) -> int:
    """Send the last bytes, and return the status."""
    sock.settimeout(serving.PATIENCE_S)
    with contextlib.suppress(ConnectionError):
        sock.sendall(b" " * 10)
    return int(sock.recv(65536).split()[1])


def _ask(process: serving.Process) -> None:
    answer = httpx.post(f"{process.address}/predict", content=JSON, headers={"x-api-key": KEY})
    assert json.loads(answer.content)["predictions"]


def _memory_kib(process: serving.Process) -> int:
    lines = Path(f"/proc/{process.popen.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
