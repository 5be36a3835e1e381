# mypy: disable-error-code="import-not-found,no-untyped-call"
"""Triton as `nvidia-pytriton` bundles it: the C++ server with its Python backend.

serve(...)            lays out a model repository and becomes `tritonserver`
TritonPythonModel     this same file, copied into that repository, is the model

Batches are formed of what queued while the last one ran (delay 0), up to 32 rows.
"""

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any

from benchmarks.servers.graph import BATCH_ROWS, HOST, PORT, Graph

CONFIG = """
name: "dense"
backend: "python"
max_batch_size: {rows}
input [ {{ name: "{input}" data_type: TYPE_FP32 dims: [ {features} ] }} ]
output [ {{ name: "{output}" data_type: TYPE_FP32 dims: [ -1 ] }} ]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
dynamic_batching {{ max_queue_delay_microseconds: 0 }}
"""


class TritonPythonModel:
    def initialize(self, args: dict[str, str]) -> None:
        self.graph = Graph()

    def execute(self, requests: list[Any]) -> list[Any]:
        import numpy as np  # noqa: PLC0415
        import triton_python_backend_utils as pb  # noqa: PLC0415  # only there inside the backend

        pieces = [pb.get_input_tensor_by_name(request, self.graph.input).as_numpy() for request in requests]
        answers = self.graph.run(np.concatenate(pieces))  # (rows, outputs)
        splits = np.split(answers, np.cumsum([len(piece) for piece in pieces])[:-1])
        return [pb.InferenceResponse([pb.Tensor(self.graph.output, split)]) for split in splits]


def serve(name: str, program: Path, config: str) -> None:
    """Serve the `TritonPythonModel` of a program under a name."""
    root = Path(sysconfig.get_path("purelib"))
    folder = Path(os.environ["BENCH_SCRATCH"])
    backends = _backends(root / "pytriton" / "tritonserver", folder)
    site = [str(root), str(Path(__file__).parents[2])]
    models = _repository(folder, name, _with_path(program, site), config)
    libraries = f"{sysconfig.get_config_var('LIBDIR')}:{root / 'nvidia_pytriton.libs'}"
    environment = os.environ | {"LD_LIBRARY_PATH": libraries}
    server = str(root / "pytriton" / "tritonserver" / "bin" / "tritonserver")
    options = {
        "model-repository": models,
        "backend-directory": backends,
        "http-address": HOST,
        "http-port": PORT,
        "allow-grpc": "false",
        "allow-metrics": "false",
        "log-info": "false",
    }
    os.execve(server, [server, *(f"--{name}={value}" for name, value in options.items())], environment)


def _backends(server: Path, folder: Path) -> Path:
    """Copy the backend and beside it the stub of this Python's version, as pytriton does."""
    backends = folder / "backends"
    shutil.copytree(server / "backends", backends, dirs_exist_ok=True)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    stub = "triton_python_backend_stub"
    shutil.copy(server / "python_backend_stubs" / version / stub, backends / "python" / stub)
    return backends


def _with_path(program: Path, folders: list[str]) -> str:
    """Return a program that finds modules in folders: the Python inside Triton reads no PYTHONPATH."""
    return f"import sys\n\nsys.path[:0] = {folders!r}\n{program.read_text()}"


def _repository(folder: Path, name: str, program: str, config: str) -> Path:
    model = folder / "repository" / name
    (model / "1").mkdir(parents=True, exist_ok=True)
    (model / "1" / "model.py").write_text(program)
    (model / "config.pbtxt").write_text(config)
    return model.parent


if __name__ == "__main__":
    its = Graph()
    found = CONFIG.format(rows=BATCH_ROWS, input=its.input, output=its.output, features=its.features)
    serve("dense", Path(__file__), found)
