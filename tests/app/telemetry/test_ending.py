"""The end of the process with calls under way: one line says how many, and no library tells of each."""

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import onnx
import pytest

from app.http.access import RPC
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.telemetry.ending import Ending
from tests.app import graphs
from tests.fuzz.mutations import GOOD, request
from tests.support import serving, tiny

ROUNDS = 10**9
LONG = {"x": ([1, 4], "FP32", [1.0] * 4), "turns": ([], "INT64", [ROUNDS])}


def endless(root: Path) -> None:
    """Write a model whose run takes as many turns as its input says."""
    model = graphs.endless()
    constants = [each for each in model.graph.initializer if each.name != "turns"]
    del model.graph.initializer[:]
    model.graph.initializer.extend(constants)
    model.graph.input.append(graphs.tensor("turns", [], "INT64"))
    onnx.checker.check_model(model)
    graphs.write(root, model, "endless")


def hanging() -> bytes:
    inputs = [
        {"name": name, "shape": shape, "datatype": kind, "data": data} for name, (shape, kind, data) in LONG.items()
    ]
    return request(b"POST", b"/v2/models/endless/infer", json.dumps({"inputs": inputs}).encode())


def hanging_call() -> bytes:
    x, turns = pb.InferTensorContents(fp32_contents=[1.0] * 4), pb.InferTensorContents(int64_contents=[ROUNDS])
    tensor = pb.ModelInferRequest.InferInputTensor
    inputs = [tensor(name="x", datatype="FP32", shape=[1, 4], contents=x)]
    inputs.append(tensor(name="turns", datatype="INT64", shape=[], contents=turns))
    return bytes(pb.ModelInferRequest(model_name="endless", inputs=inputs).SerializeToString())


UNDER_WAY = (
    hanging(),
    GOOD.data[:-5],  # half a body
    GOOD.data[:30],  # half a head
    b"POST /feedback HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{",
    b"POST /predict?model=tiny HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
)


@contextlib.contextmanager
def calls_under_way(process: serving.Process) -> Iterator[None]:
    """Begin two of each, over HTTP and gRPC, and know that they have come."""
    with contextlib.ExitStack() as stack:
        for data in UNDER_WAY * 2:
            stack.enter_context(socket.create_connection(("127.0.0.1", process.port))).sendall(data)
        channel = stack.enter_context(grpc.insecure_channel(process.wait_for(r"grpc://(\S+)")[1]))
        infer: Any = channel.unary_unary(f"/{RPC}/ModelInfer")
        hanging = [infer.future(hanging_call()) for _ in range(2)]
        watch: Any = channel.unary_stream("/grpc.health.v1.Health/Watch")
        live: Any = channel.unary_unary(f"/{RPC}/ServerLive")
        assert next(watch(b"")) is not None
        live(b"")  # behind them, on the same connection
        assert not any(call.done() for call in hanging)
        yield


@pytest.mark.parametrize(
    ("door", "number", "more"),
    [
        ("protocol", signal.SIGTERM, ("--feedback",)),
        ("asgi", signal.SIGINT, ("--feedback",)),
        ("asgi", signal.SIGTERM, ("--workers", "2")),
    ],
)
def test_the_end_of_a_process_is_told_in_its_own_lines(
    door: str, number: signal.Signals, more: tuple[str, ...], tmp_path: Path
) -> None:
    """Whatever was under way: no trace, nothing but lines of the service, exit code 0."""
    tiny.write(tmp_path / "models")
    endless(tmp_path / "models")
    options = ("--door", door, "--log-form", "json", "--shutdown-timeout-s", "1", "--grpc-port", "0", *more)
    with serving.process(tmp_path / "models", tmp_path, *options) as process, calls_under_way(process):
        assert process.stop(number) == 0
        lines = [json.loads(line) for line in process.complaints().splitlines()]
    assert [line for line in lines if "trace" in line or not line["logger"].startswith(("slipway", "uvicorn"))] == []
    assert [line for line in lines if line["level"] == "error" and line["logger"] != "slipway.server"] == []
    told = [line["message"] for line in lines if line["message"].startswith("The end cut off")]
    assert 1 <= len(told) <= (2 if "--workers" in more else 1)  # one worker may have got them all


class Kept(logging.Handler):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    handler = Kept()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    return handler


def error(name: str, text: str, *args: object, of: BaseException | None = None) -> None:
    logging.getLogger(name).error(text, *args, exc_info=of)


def test_bugs_are_told_until_the_end(kept: Kept) -> None:
    """What is left out is what calls that were cut off bring about, and nothing before the end."""
    ending = Ending()
    error("uvicorn.error", "before", of=asyncio.CancelledError())
    ending.begin()
    error("uvicorn.error", "Cancel %s running task(s), timeout graceful shutdown exceeded", 3)
    error("uvicorn.error", "Exception in ASGI application", of=asyncio.CancelledError())
    error("asyncio", "Task was destroyed but it is pending!")
    error("grpc._cython.cygrpc", "Unexpected", of=ValueError())
    error("uvicorn.error", "a bug", of=ValueError())
    error("asyncio", "another")
    error("slipway.infer", "ours", of=asyncio.CancelledError())
    ending.tell()
    ending.tell()
    assert kept.said == [
        "uvicorn.error: before",
        "uvicorn.error: a bug",
        "asyncio: another",
        "slipway.infer: ours",
        "slipway.server: The end cut off 5 calls that were under way.",
    ]


class Spoiled:
    """Raises when it is thrown away."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __del__(self) -> None:
        raise self._error


def test_what_nobody_can_catch_is_counted_or_told(kept: Kept, capfd: pytest.CaptureFixture[str]) -> None:
    ending = Ending()
    ending.begin()
    Spoiled(ConnectionResetError())
    Spoiled(KeyError("a bug"))
    assert ending.cut_off == 1
    assert kept.said == ["slipway.server: An exception could not be raised."]
    assert capfd.readouterr().err == ""
