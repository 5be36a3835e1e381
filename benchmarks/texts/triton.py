# mypy: disable-error-code="import-not-found"
"""Triton, with the graph of a bundle of texts: strings come in by the Open Inference Protocol, and go to the graph.

    python -m benchmarks.texts.triton    in Triton's environment: serves `BENCH_GRAPH` under the name `BENCH_NAME`

As `nvidia-pytriton` bundles it, the server has its Python backend alone; the session in there is ONNX Runtime's, as in
Triton's own backend for ONNX, which comes in NVIDIA's images. Nothing makes tokens: the graph reads the strings.
"""

import os
from pathlib import Path
from typing import Any

from benchmarks.servers.triton import serve

CONFIG = """
name: "{name}"
backend: "python"
max_batch_size: {rows}
input [ {{ name: "{input}" data_type: TYPE_STRING dims: [ {columns} ] }} ]
output [ {{ name: "{output}" data_type: TYPE_FP32 dims: [ -1 ] }} ]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
"""
MOST_ROWS = 32


class TritonPythonModel:
    def initialize(self, args: dict[str, str]) -> None:
        self.session = session()

    def execute(self, requests: list[Any]) -> list[Any]:
        import triton_python_backend_utils as pb  # noqa: PLC0415 - only there inside the backend

        (given,), (answer,) = self.session.get_inputs(), self.session.get_outputs()
        answers = []
        for request in requests:
            texts = pb.get_input_tensor_by_name(request, given.name).as_numpy()  # (rows, columns) of bytes
            (found,) = self.session.run([answer.name], {given.name: [[one.decode() for one in row] for row in texts]})
            answers.append(pb.InferenceResponse([pb.Tensor(answer.name, found)]))
        return answers


def session() -> Any:
    """Return ONNX Runtime with its defaults, on the graph that is served."""
    import onnxruntime as ort  # noqa: PLC0415 - of Triton's environment

    return ort.InferenceSession(os.environ["BENCH_GRAPH"], providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    its, name = session(), os.environ["BENCH_NAME"]
    (taken,), (given_back,) = its.get_inputs(), its.get_outputs()
    config = CONFIG.format(name=name, rows=MOST_ROWS, input=taken.name, columns=taken.shape[1], output=given_back.name)
    serve(name, Path(__file__), config)
