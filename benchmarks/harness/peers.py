"""Every server of the comparison: how it is started, what it is asked, how its answer is read.

One entry a server; the programs themselves are in `benchmarks/servers/`, one file each.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.models import ROOT, Model

ENVIRONMENTS = ROOT / ".venv" / "bench"
SERVE = ROOT / ".venv" / "serve"

Body = Callable[[Model, list[Any]], Any]
Read = Callable[[Any], list[list[float]]]


@dataclass(frozen=True)
class Wire:
    """A JSON dialect: rows to a body, a body to every row's numbers."""

    body: Body
    read: Read


def _flat(prediction: Any) -> list[float]:
    """Take a prediction's numbers, whatever is written around them."""
    if isinstance(prediction, dict):
        shares = prediction.get("probabilities", prediction)
        return [float(value) for value in shares.values()]
    return [float(value) for value in prediction]


def _infer_body(model: Model, rows: list[Any]) -> Any:
    data = [value for row in rows for value in row]
    shape = [len(rows), model.features]
    return {"inputs": [{"name": model.tensor, "shape": shape, "datatype": "FP32", "data": data}]}


def _infer_read(answer: Any) -> list[list[float]]:
    output = answer["outputs"][0]
    width = output["shape"][-1]
    return [output["data"][i : i + width] for i in range(0, len(output["data"]), width)]


def _instances(model: Model, rows: list[Any]) -> Any:
    return {"instances": rows}


INSTANCES = Wire(_instances, lambda answer: [_flat(p) for p in answer["predictions"]])
BARE = Wire(_instances, lambda answer: [_flat(p) for p in answer])
INFER = Wire(_infer_body, _infer_read)
CONSTANT = Wire(_instances, lambda answer: [])  # a limit: it answers nothing, so that there is nothing to compare


@dataclass(frozen=True)
class Peer:
    """A server.

    `{python}`, `{port}` and `{models}` in `command` are filled in; `environment` names the folder of its packages.
    """

    name: str
    title: str
    command: tuple[str, ...]
    path: str = "/predict"
    wire: Wire = INSTANCES
    environment: str = ""
    packages: tuple[str, ...] = ()  # whose versions stand in the table
    programs: tuple[str, ...] = ()  # Debian packages it needs beside
    variables: dict[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = ("tabular", "wide", "images")
    folder: Path = ROOT  # in which it is started
    freezes: bool = True  # it bears to be stopped between its turns; otherwise it is started anew for each

    @property
    def python(self) -> Path:
        return (ENVIRONMENTS / self.environment if self.environment else SERVE) / "bin" / "python"

    @property
    def limit(self) -> bool:
        """True for what marks a bound and serves no model."""
        return self.wire is CONSTANT

    def argv(self, port: int, model: Model) -> list[str]:
        """Fill the command in."""
        values = {"python": self.python, "bin": self.python.parent, "port": port, "models": model.folder}
        return [part.format(**values) for part in self.command]


def _program(name: str) -> tuple[str, ...]:
    return ("{python}", "-m", f"benchmarks.servers.{name}")


def _slipway(door: str) -> tuple[str, ...]:
    return (
        "{python}",
        "-m",
        "app",
        "--port",
        "{port}",
        "--models",
        "{models}",
        "--door",
        door,
        "--log-level",
        "warning",
    )


OURS = ("tabular", "wide", "images", "adult")
RAY = {
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_HAPROXY_BINARY_PATH": "/usr/sbin/haproxy",
    "RAY_SERVE_HAPROXY_NBTHREAD": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
}
BENTO = ("{bin}/bentoml", "serve", "benchmarks.servers.bentoml:Dense", "--host", "127.0.0.1", "--port", "{port}")
MOSEC = (*_program("mosec"), "--address", "127.0.0.1", "--port", "{port}", "--log-level", "warning")

PEERS = {
    peer.name: peer
    for peer in (
        Peer("slipway", "Slipway", _slipway("protocol"), packages=("uvicorn", "msgspec"), models=OURS),
        Peer("slipway-asgi", "Slipway, ASGI door", _slipway("asgi"), packages=("uvicorn", "msgspec"), models=OURS),
        Peer("naive", "FastAPI, pydantic, `def`", _program("naive"), environment="naive", packages=("fastapi",)),
        Peer("litserve", "LitServe", _program("litserve"), environment="litserve", packages=("litserve",)),
        Peer("bentoml", "BentoML", BENTO, wire=BARE, environment="bentoml", packages=("bentoml",)),
        Peer(
            "mlserver",
            "MLServer",
            _program("mlserver"),
            path="/v2/models/dense/infer",
            wire=INFER,
            environment="mlserver",
            packages=("mlserver",),
        ),
        Peer(
            "kserve",
            "KServe Python server",
            _program("kserve"),
            path="/v1/models/dense:predict",
            environment="kserve",
            packages=("kserve",),
        ),
        Peer("mosec", "mosec", MOSEC, path="/inference", environment="mosec", packages=("mosec",)),
        Peer(
            "triton",
            "Triton by nvidia-pytriton",
            _program("triton"),
            path="/v2/models/dense/infer",
            wire=INFER,
            environment="triton",
            packages=("nvidia-pytriton",),
        ),
        Peer(
            "ray",
            "Ray Serve, HAProxy",
            _program("ray"),
            environment="ray",
            packages=("ray",),
            programs=("haproxy",),
            variables=RAY,
            freezes=False,
        ),
        Peer(
            "empty",
            "limit: empty uvicorn application",
            _program("empty"),
            wire=CONSTANT,
            environment="limits",
            packages=("uvicorn",),
            models=("tabular",),
        ),
        Peer(
            "nginx",
            "limit: nginx, constant answer",
            (sys.executable, "-m", "benchmarks.servers.nginx"),
            wire=CONSTANT,
            environment="limits",
            programs=("nginx-light",),
            models=("tabular",),
        ),
    )
}
