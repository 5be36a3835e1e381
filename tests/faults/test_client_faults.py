"""Callers that harm, on purpose or not, against one process with every protocol: who leaves, dawdles, floods, lies.

Each fault: what the caller sees, what the operator sees, that the next good request is answered by the same process,
which has not grown.
"""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from tests.app.protocols.open_inference_grpc.cases import infer
from tests.clients import models as bare
from tests.faults.models import SOUND, Seen
from tests.support import serving, tiny

ROWS = {"instances": [[1.0, 2.0]]}
RECEIVE_TIMEOUT_S = 1.5
SOON_S = 1.0  # of the loop's CPU, that it may do before it answers a small request beside anything
HUNDRED_MB = 100_000_000
GROWTH_KIB = (
    64 * 1024
)  # that a process may grow by refusing 100 MB: less than it, and more than one body that it allows
DEEP = 10_000
MANY = 10**12
INFER = "/inference.GRPCInferenceService/ModelInfer"
LENGTH = "Inference-Header-Content-Length"
INDEX = "/v2/repository/index"  # an ordinary route, which takes 4096 bytes
HOT = [
    "/predict?model=tiny",
    "/v1/models/tiny:predict",
    "/v1/models/tiny:regress",
    "/v1/models/identity_FP32:predict",
    "/v2/models/identity_FP32/infer",
    INDEX,
]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Process]:
    root = tmp_path_factory.mktemp("models")
    tiny.write(root, SOUND)
    bare.write(root, "identity_FP32", bare.identity("FP32"))
    options = ["--grpc-port", "0", "--receive-timeout-s", str(RECEIVE_TIMEOUT_S)]
    with serving.process(root, tmp_path_factory.mktemp("process"), *options) as started:
        yield started


@pytest.fixture
def seen(process: serving.Process) -> Iterator[Seen]:
    """What the operator sees of a test; whatever happened in it, the process is well afterwards."""
    ask(process)
    found = Seen(process)
    yield found
    began_s = process.loop_s()
    ask(process)
    assert process.loop_s() - began_s < SOON_S
    assert found.ready
    assert "Traceback" not in found.log


@pytest.fixture
def call(process: serving.Process) -> Iterator[Any]:
    """ModelInfer with bytes as they are."""
    address = process.wait_for(r"grpc://(\S+)")[1]
    with grpc.insecure_channel(address, [("grpc.max_send_message_length", -1)]) as channel:
        yield channel.unary_unary(INFER)


def ask(process: serving.Process) -> None:
    answer = httpx.post(f"{process.address}/predict?model=tiny", json=ROWS, timeout=serving.PATIENCE_S)
    assert answer.json()["predictions"] == [{"value": pytest.approx(0.5, abs=1e-5)}]


def head(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: x", *lines, "", ""]).encode()


@contextlib.contextmanager
def connected(process: serving.Process) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", process.port), serving.PATIENCE_S) as found:
        yield found


def answer_of(sock: socket.socket) -> tuple[int, str]:
    """Read until the end of the connection, or of the one answer on it."""
    received = b""
    while b"\r\n\r\n" not in received or not received.rstrip().endswith(b"}"):
        piece = sock.recv(65536)
        if not piece:
            break
        received += piece
    first, _, body = received.partition(b"\r\n\r\n")
    return int(first.split()[1]), json.loads(body)["error"]


# ── who leaves, dawdles or sends half ──


@pytest.mark.parametrize("path", HOT)
def test_clients_that_leave_disturb_nobody(path: str, process: serving.Process, seen: Seen) -> None:
    """In the head, in the body, or as soon as all is sent, by an end or a reset; the log is silent."""
    whole = head(path, "content-length: 30") + b'{"instances": [[1.0, 2.0]]}   '
    for end in (10, len(whole) - 20, len(whole)):
        for reset in (False, True):
            with connected(process) as sock:
                if reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.sendall(whole[:end])
    ask(process)
    assert "ERROR" not in seen.log


@pytest.mark.parametrize("chunked", [False, True])
def test_a_sender_who_dawdles_is_cut_off(chunked: bool, process: serving.Process, seen: Seen) -> None:
    """A byte now and then keeps no connection open, with a length or in chunks; others are answered meanwhile."""
    length = "transfer-encoding: chunked" if chunked else "content-length: 1000"
    others = 0
    began = time.monotonic()
    with connected(process) as sock:
        sock.sendall(head("/predict", length))
        sock.settimeout(0.1)
        while time.monotonic() - began < serving.PATIENCE_S:
            with contextlib.suppress(TimeoutError, ConnectionError):
                sock.sendall(b"1\r\n \r\n" if chunked else b" ")
            try:
                if sock.recv(65536, socket.MSG_PEEK) is not None:
                    break
            except TimeoutError:
                ask(process)
                others += 1
        status, error = answer_of(sock)
    assert (status, "did not arrive within" in error) == (408, True)
    assert time.monotonic() - began > RECEIVE_TIMEOUT_S  # it was not cut off at once
    assert others > 0


# ── who sends too much ──


@pytest.mark.parametrize("path", HOT)
@pytest.mark.parametrize("chunked", [False, True])
def test_100_mb_are_refused_and_not_kept(chunked: bool, path: str, process: serving.Process, seen: Seen) -> None:
    """413, at once where the length says it; small requests beside it are answered, and the memory does not grow."""
    before_kib = seen.memory_kib("VmHWM")
    with small_requests(process) as waits_s, connected(process) as sock:
        status, error = send_100_mb(sock, path, chunked)
    assert (status, "at most" in error) == (413, True)
    assert seen.memory_kib("VmHWM") - before_kib < GROWTH_KIB
    assert max(waits_s) < SOON_S


@contextlib.contextmanager
def small_requests(process: serving.Process) -> Iterator[list[float]]:
    """Send one after the other meanwhile, at least one; what the loop did until each was answered, in CPU seconds."""
    waits_s: list[float] = []
    done = threading.Event()

    def send() -> None:
        with httpx.Client(base_url=process.address, timeout=serving.PATIENCE_S) as client:
            while not (waits_s and done.is_set()):
                began_s = process.loop_s()
                assert client.post("/predict?model=tiny", json=ROWS).status_code == 200
                waits_s.append(process.loop_s() - began_s)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield waits_s
    finally:
        done.set()
        thread.join()


def send_100_mb(sock: socket.socket, path: str, chunked: bool) -> tuple[int, str]:
    """Send as much of it as the server takes before it closes, and return what it said."""
    piece = b" " * 1_000_000
    sock.sendall(head(path, "transfer-encoding: chunked" if chunked else f"content-length: {HUNDRED_MB}"))
    with contextlib.suppress(ConnectionError):
        for _ in range(HUNDRED_MB // len(piece)):
            sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            sock.sendall(b"0\r\n\r\n")
    return answer_of(sock)


def test_100_mb_over_grpc_are_refused(call: Any, process: serving.Process, seen: Seen) -> None:
    before_kib = seen.memory_kib("VmHWM")
    with pytest.raises(grpc.RpcError) as refused:
        call(b" " * HUNDRED_MB, timeout=serving.PATIENCE_S)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert seen.memory_kib("VmHWM") - before_kib < GROWTH_KIB


# ── who nests ──


def bodies() -> Iterator[tuple[str, bytes]]:
    """10,000 brackets, open and closed, for each protocol at each place that takes a value."""
    for name, nest in (
        ("lists", b"[" * DEEP + b"1" + b"]" * DEEP),
        ("open lists", b"[" * DEEP),
        ("objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    ):
        for path in HOT:
            yield f"{path} {name}", b""
            for key in ("instances", "inputs", "examples", "outputs", "parameters", "unknown", "ready", "context"):
                yield f"{path} {name} {key}", b'{"%b":%b}' % (key.encode(), nest)
            tensor = b'{"inputs":[{"name":"x","datatype":"FP32","shape":%b,"data":%b,"parameters":{"a":%b}}]}'
            for at in range(3):
                filled = [b"[1,1]", b"[1]", b"1"]
                filled[at] = nest
                yield f"{path} {name} tensor {at}", tensor % tuple(filled)


BODIES = dict(bodies())


@pytest.mark.parametrize("path", HOT)
def test_10_000_brackets_are_a_bad_request(path: str, process: serving.Process, seen: Seen) -> None:
    """Wherever they stand: a short reason, soon."""
    with httpx.Client(base_url=process.address) as client:
        for name, body in BODIES.items():
            if not name.startswith(f"{path} ") or not body:
                continue
            began_s = process.loop_s()
            answer = client.post(path, content=body, headers={"content-type": "application/json"})
            assert process.loop_s() - began_s < SOON_S
            assert answer.status_code == (413 if path == INDEX else 400), (name, answer.text)
            assert len(answer.json()["error"]) < 1000


def test_10_000_brackets_over_grpc(call: Any, seen: Seen) -> None:
    """Bytes that are no message, and strings in one."""
    name = b"\x0a" + b"\x90\x4e" + b"[" * DEEP
    for body in (b"[" * DEEP, name, b"\x2a" * DEEP):
        with pytest.raises(grpc.RpcError) as refused:
            call(body, timeout=serving.PATIENCE_S)
        assert refused.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)


# ── who lies about a shape ──


@pytest.mark.parametrize("shape", [[MANY, 5], [5, MANY], [2**62, 4], [2**63 - 1, 2**63 - 1], [0, MANY, MANY], [-1, 5]])
def test_a_claimed_shape_costs_nothing(shape: list[int], call: Any, process: serving.Process, seen: Seen) -> None:
    """40 bytes that claim 20 TB: as JSON, as bytes behind JSON, and over gRPC, raw and typed."""
    before_kib = seen.memory_kib("VmHWM")
    data = [0.0] * (0 if 0 in shape else 10)
    raw = struct.pack(f"<{len(data)}f", *data)
    tensor: dict[str, Any] = {"name": "x", "datatype": "FP32", "shape": shape}
    plain = json.dumps({"inputs": [tensor | {"data": data}]}).encode()
    binary = json.dumps({"inputs": [tensor | {"parameters": {"binary_data_size": len(raw)}}]}).encode()
    with httpx.Client(base_url=process.address) as client:
        for body, headers in ((plain, {}), (binary + raw, {LENGTH: str(len(binary))})):
            answer = client.post("/v2/models/identity_FP32/infer", content=body, headers=headers)
            assert answer.status_code == 400, answer.text
            assert "Invalid" in answer.json()["error"]
    for values in (data, raw):
        message: pb.ModelInferRequest = infer("identity_FP32", ("x", "FP32", shape, values))
        with pytest.raises(grpc.RpcError) as refused:
            call(message.SerializeToString(), timeout=serving.PATIENCE_S)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert seen.memory_kib("VmHWM") - before_kib < GROWTH_KIB
    assert seen.counted("identity_FP32", 400) >= 2


# ── who sends as much as is allowed ──

ALLOWED_BYTES = 16 * 2**20


def filled(beginning: bytes, item: bytes, end: bytes) -> Callable[[], bytes]:
    """Return what makes a body of as many bytes as the service takes, when it is asked for."""
    count = (ALLOWED_BYTES - len(beginning) - len(end)) // (len(item) + 1)
    return lambda: beginning + b",".join([item] * count) + end


def blanks(beginning: bytes, end: bytes) -> Callable[[], bytes]:
    return lambda: beginning + b" " * (ALLOWED_BYTES - 99) + end


TENSOR = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":['
OUT_OF_RANGE = b'{"instances":[[1e400,1],'
SPACES = b" " * 1700  # so that no more rows fit than are allowed
ROW = b"[1.0,2.0" + SPACES + b"]"
NESTED = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[9811,2],"data":['
LARGE = {
    "too many rows, one out of range": ("/predict?model=tiny", filled(OUT_OF_RANGE, b"[1.5,2.5]", b"]}"), 400),
    "good rows": ("/predict?model=tiny", filled(b'{"instances":[', ROW, b"]}"), 200),
    "too many rows": ("/predict?model=tiny", filled(b'{"instances":[', b"[1,2]", b"]}"), 413),
    "a number out of range": ("/predict?model=tiny", filled(OUT_OF_RANGE, ROW, b"]}"), 400),
    "an unknown key": ("/predict?model=tiny", filled(b'{"x":[', b"[]", b'],"instances":[[1,2]]}'), 413),
    "too many rows of a tensor": ("/v1/models/identity_FP32:predict", filled(b'{"instances":[', b"[1,2]", b"]}"), 413),
    "too many numbers": ("/v2/models/identity_FP32/infer", filled(TENSOR, b"1", b"]}]}"), 400),
    "lists of numbers": ("/v2/models/identity_FP32/infer", filled(NESTED, ROW, b"]}]}"), 200),
    "lists of columns": ("/v1/models/identity_FP32:predict", filled(b'{"inputs":[', ROW, b"]}"), 200),
    "a million lists": ("/v2/models/identity_FP32/infer", filled(b'{"inputs":[],', b'"data":[1]', b"}"), 400),
    "a million columns": ("/v1/models/identity_FP32:predict", filled(b"{", b'"a":[1]', b"}"), 400),
    "blanks": ("/v2/models/identity_FP32/infer", blanks(TENSOR, b"x]}]}"), 400),
    "blanks in columns": (
        "/v1/models/identity_FP32:predict",
        blanks(b'{"inputs":[', b"x]}"),
        400,
    ),
    "lists of two lengths": ("/v2/models/identity_FP32/infer", filled(TENSOR, b"[1]", b",[1,2]]}]}"), 400),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_body_as_large_as_is_allowed_holds_up_nobody(name: str, process: serving.Process, seen: Seen) -> None:
    """Good or bad, small requests beside it are answered."""
    path, body, status = LARGE[name]
    with small_requests(process) as waits_s:
        answer = httpx.post(f"{process.address}{path}", content=body(), timeout=serving.PATIENCE_S)
    assert answer.status_code == status
    print(f"\n{name}: {len(waits_s)} small requests, the slowest {max(waits_s):.3f} s")
    assert max(waits_s) < SOON_S


def test_100_mb_that_are_allowed_hold_up_nobody(tmp_path: Path) -> None:
    """An operator who lets a million rows in at once: the small requests beside them are answered."""
    tiny.write(tmp_path / "models", SOUND)
    limits = {"max-body-bytes": 200_000_000, "max-request-rows": 10**7, "max-queue-rows": 10**7, "timeout-ms": 10**7}
    options = [text for name, limit in limits.items() for text in (f"--{name}", str(limit))]
    body = b'{"instances":[' + b",".join([b"[1.0,2.0%b]" % (b" " * 90)] * 1_000_000) + b"]}"
    assert len(body) > HUNDRED_MB
    with serving.process(tmp_path / "models", tmp_path, *options) as process:
        with small_requests(process) as waits_s:
            answer = httpx.post(f"{process.address}/predict", content=body, timeout=serving.PATIENCE_S)
        assert answer.status_code == 200
        assert answer.content.count(b"value") == 1_000_000
        print(f"\n100 MB: {len(waits_s)} small requests, the slowest {max(waits_s):.3f} s")
        assert max(waits_s) < SOON_S
        ask(process)
