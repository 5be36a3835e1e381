"""Graphs that are well until a row holds a number above `TRIGGER`, and how a caller and an operator see them.

    write_all(root)    raises, hangs, shrinks, unsure: each y = x for x (batch, 4); a bundle; a bundle that overflows
    Seen               /health, /metrics and the log of a process

A graph that is tried at load behaves, as one from a stranger would.
"""

from pathlib import Path

import httpx
import numpy as np
import onnx
from onnx import helper
from prometheus_client.parser import text_string_to_metric_families

from tests.app.graphs import graph, node, tensor, write
from tests.support import serving, tiny

TRIGGER = 1000.0  # above whatever the trial at load makes up
TURNS = 2_000_000  # of a loop, at more than half a microsecond each
FINE, FATAL = [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 2 * TRIGGER]
NUMBER = tiny.Tiny(name="overflow", task="regression", numbers=("a",), booleans=(), strings=(), optional=(), scale=1e37)
SOUND = tiny.Tiny(name="tiny", task="regression", numbers=("a", "b"), booleans=(), strings=(), optional=())
X, Y = [tensor("x", ["batch", 4])], [tensor("y", ["batch", 4])]
LIMIT = np.array(TRIGGER, np.float32)


def write_all(root: Path) -> None:
    for name, made in {"raises": raises(), "hangs": hangs(), "shrinks": shrinks(), "unsure": unsure()}.items():
        write(root, made, name)
    tiny.write(root, SOUND)
    tiny.write(root, NUMBER)


def raises() -> onnx.ModelProto:
    """Look up the sixth of one number."""
    nodes = [
        node("Greater", ["x", "limit"], ["large"]),
        node("Cast", ["large"], ["one"], to=onnx.TensorProto.INT64),
        node("Mul", ["one", "five"], ["place"]),
        node("Gather", ["numbers", "place"], ["nothing"]),
        node("Add", ["x", "nothing"], ["y"]),
    ]
    return graph(nodes, X, Y, limit=LIMIT, five=np.array(5), numbers=np.zeros(1, np.float32))


def hangs() -> onnx.ModelProto:
    """Turn for seconds."""
    body = helper.make_graph(
        [node("Identity", ["go_in"], ["go"]), node("Neg", ["v_in"], ["v"])],
        "turn",
        [tensor("turn", [], "INT64"), tensor("go_in", [], "BOOL"), tensor("v_in", None)],
        [tensor("go", [], "BOOL"), tensor("v", None)],
    )
    nodes = [
        node("ReduceMax", ["x"], ["largest"], keepdims=0),
        node("Greater", ["largest", "limit"], ["large"]),
        node("Where", ["large", "many", "few"], ["turns"]),
        node("Loop", ["turns", "on", "x"], ["y"], body=body),
    ]
    constants = {"limit": LIMIT, "many": np.array(TURNS), "few": np.array(2), "on": np.array(True)}
    return graph(nodes, X, Y, **constants)


def shrinks() -> onnx.ModelProto:
    """Leave out the rows that hold a large number."""
    nodes = [
        node("ReduceMax", ["x", "columns"], ["largest"], keepdims=0),
        node("Less", ["largest", "limit"], ["small"]),
        node("Compress", ["x", "small"], ["y"], axis=0),
    ]
    return graph(nodes, X, Y, limit=LIMIT, columns=np.array([1]))


def unsure() -> onnx.ModelProto:
    """Take the root of what may be negative: x + 0 * sqrt(limit - x)."""
    nodes = [
        node("Sub", ["limit", "x"], ["rest"]),
        node("Sqrt", ["rest"], ["root"]),
        node("Mul", ["root", "zero"], ["nothing"]),
        node("Add", ["x", "nothing"], ["y"]),
    ]
    return graph(nodes, X, Y, limit=LIMIT, zero=np.array(0, np.float32))


class Seen:
    """What an operator sees of a process."""

    def __init__(self, process: serving.Process) -> None:
        self._process = process
        self._said = len(process.complaints())
        self._counted = self._requests()

    def counted(self, model: str, code: int) -> int:
        """Requests of a model that ended with this status since this was made."""
        key = (model, str(code))
        return int(self._requests().get(key, 0) - self._counted.get(key, 0))

    @property
    def log(self) -> str:
        """What was logged since this was made."""
        return self._process.complaints()[self._said :]

    @property
    def ready(self) -> bool:
        return httpx.get(f"{self._process.address}/health").status_code == 200

    def memory_kib(self, what: str = "VmRSS") -> int:
        lines = Path(f"/proc/{self._process.popen.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))

    def gauge(self, name: str, **labels: str) -> float:
        """The value of a gauge now, over all series with these labels."""
        text = httpx.get(f"{self._process.address}/metrics").text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())

    def _requests(self) -> dict[tuple[str, str], float]:
        text = httpx.get(f"{self._process.address}/metrics").text
        found: dict[tuple[str, str], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "slipway_requests_total":
                    key = sample.labels["model"], sample.labels["code"]  # over whichever protocol
                    found[key] = found.get(key, 0) + sample.value
        return found
