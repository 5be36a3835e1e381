"""The same rows of 512 numbers in every form that the service reads: what each costs its CPU.

    python -m benchmarks.micro.request_formats [--seconds 2] [--rounds 3] [--connections 32]

A graph of one small layer, so that the wire is what is measured: one row and eight, as JSON through both standard
protocols and as a binary tensor. Each form is asked once and its answer compared before it is timed; rounds take turns.
"""

import http.client
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import typer
from onnx import TensorProto, helper, numpy_helper
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.comparison import compare
from benchmarks.comparison.compare import LOAD_CORE, START_LIMIT_S, free_port
from benchmarks.harness import closed_loop
from benchmarks.harness.check_answer import HOST
from benchmarks.harness.models import BUILD, Array, Model
from benchmarks.harness.peers import PEERS, Peer
from benchmarks.harness.process import Server

WIDTH, OUTPUTS = 512, 10
ROWS = (1, 8)  # of a request
NAME = "line"
TFS, OIP = "TensorFlow Serving, JSON", "Open Inference, JSON"
JSON = {"content-type": "application/json"}


@dataclass(frozen=True, eq=False)
class Form:
    """One way to say the row."""

    name: str
    rows: int
    path: str
    headers: dict[str, str]
    body: bytes

    def read(self, body: bytes, headers: dict[str, str]) -> Array:
        """Return the numbers of an answer, (rows, outputs)."""
        if self.path.startswith("/v1"):
            return np.array(json.loads(body)["predictions"], np.float32)
        if "inference-header-content-length" in headers:
            numbers = np.frombuffer(body[int(headers["inference-header-content-length"]) :], np.float32)
        else:
            numbers = np.array(json.loads(body)["outputs"][0]["data"], np.float32)
        return numbers.reshape(self.rows, OUTPUTS)


def forms(rows: Array) -> list[Form]:
    """Say the rows in every form; JSON has six digits, as a scaled feature has."""
    infer, count = f"/v2/models/{NAME}/infer", len(rows)
    tensor = {"name": "x", "datatype": "FP32", "shape": [count, WIDTH]}
    numbers = [[round(value, 6) for value in row] for row in rows.astype(float).tolist()]
    raw = rows.astype("<f4").tobytes()
    described = {**tensor, "parameters": {"binary_data_size": len(raw)}}
    head = _text({"inputs": [described], "parameters": {"binary_data_output": True}})
    binary = {"content-type": "application/octet-stream", "inference-header-content-length": str(len(head))}
    return [
        Form(TFS, count, f"/v1/models/{NAME}:predict", JSON, _text({"instances": numbers})),
        Form(OIP, count, infer, JSON, _text({"inputs": [{**tensor, "data": numbers}]})),
        Form("Open Inference, binary", count, infer, binary, head + raw),
    ]


def _text(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def main(
    seconds: Annotated[float, typer.Option(help="Of load on each form in a round.")] = 2.0,
    rounds: Annotated[int, typer.Option(help="Turns; medians are shown.")] = 3,
    connections: int = 32,
) -> None:
    """Measure the forms and print the table."""
    rows: Array = np.random.default_rng(4).normal(size=(max(ROWS), WIDTH)).astype(np.float32).round(6)
    said = [form for count in ROWS for form in forms(rows[:count])]
    model = _model()
    peer = PEERS["slipway"]
    port = free_port()
    cpu_us: dict[Form, list[float]] = {form: [] for form in said}
    with compare.start(peer, model, port) as server:
        _check(server, port, said, rows)
        for turn in track([form for _ in range(rounds) for form in said], "Measuring"):
            cpu_us[turn].append(_cost_us(server, peer, port, turn, connections, seconds))
    _show({form: statistics.median(values) for form, values in cpu_us.items()})


def _model() -> Model:
    """Write the graph: one dense layer, without a manifest."""
    folder = BUILD / "models" / NAME
    graph = folder / NAME / "1" / "model.onnx"
    graph.parent.mkdir(parents=True, exist_ok=True)
    weights = np.random.default_rng(5).normal(size=(WIDTH, OUTPUTS)).astype(np.float32)
    made = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        NAME,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", OUTPUTS])],
        [numpy_helper.from_array(weights, "w")],
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(graph))
    return Model(NAME, folder, graph, [], [], tensor="x")


def _check(server: Server, port: int, said: list[Form], rows: Array) -> None:
    """Wait for the service, and compare the answers of all forms with the layer's own."""
    weights = np.random.default_rng(5).normal(size=(WIDTH, OUTPUTS)).astype(np.float32)
    while True:
        try:
            answers = [_ask(port, form) for form in said]
            break
        except (OSError, http.client.HTTPException):
            if not server.alive or time.monotonic() - server.started > START_LIMIT_S:
                raise
            time.sleep(0.05)
    for form, answer in zip(said, answers, strict=True):
        np.testing.assert_allclose(answer, rows[: form.rows] @ weights, rtol=1e-3, atol=1e-3, err_msg=form.name)


def _ask(port: int, form: Form) -> Array:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("POST", form.path, form.body, form.headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise http.client.HTTPException(f"{form.name}: {response.status} {body[:200]!r}")
        return form.read(body, {name.lower(): value for name, value in response.getheaders()})
    finally:
        connection.close()


def _cost_us(server: Server, peer: Peer, port: int, form: Form, connections: int, seconds: float) -> float:
    script = closed_loop.write_script(_script_path(peer, form), [form.body], form.headers)
    url = f"http://{HOST}:{port}{form.path}"
    closed_loop.run(url, script, connections=connections, seconds=1, core=LOAD_CORE)
    before_s = server.cpu_s()
    seen = closed_loop.run(url, script, connections=connections, seconds=seconds, core=LOAD_CORE)
    if seen.errors:
        raise RuntimeError(f"{form.name}: {seen.errors} errors")
    return (server.cpu_s() - before_s) * 1e6 / seen.requests


def _script_path(peer: Peer, form: Form) -> Path:
    return BUILD / "wrk" / f"{peer.name}-{form.name.replace(' ', '-').replace(',', '')}-{form.rows}.lua"


def _show(cpu_us: dict[Form, float]) -> None:
    table = Table("rows", "form", "bytes", "CPU µs a request", "÷ Open Inference, JSON")
    base = {form.rows: cost for form, cost in cpu_us.items() if form.name == OIP}
    for form, cost in cpu_us.items():
        table.add_row(str(form.rows), form.name, f"{len(form.body):,}", f"{cost:.1f}", f"{cost / base[form.rows]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
