"""The one ONNX Runtime session that every Python peer uses: one thread, rows in and rows out.

The harness says by environment what to serve: `BENCH_GRAPH` (the file), `BENCH_PORT` (on 127.0.0.1).
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort

HOST = "127.0.0.1"
PORT = int(os.environ.get("BENCH_PORT", "0"))
BATCH_ROWS = 32  # for peers that batch
BATCH_WAIT_S = 0.002


class Graph:
    """A session with one input (rows, features) float32."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(os.environ["BENCH_GRAPH"], options, providers=["CPUExecutionProvider"])
        self.input = self._session.get_inputs()[0].name
        self.output = self._session.get_outputs()[0].name
        self.features = int(self._session.get_inputs()[0].shape[1])

    def run(self, rows: Sequence[Sequence[float]] | Any) -> Any:
        """Return the outputs as an array, (rows, outputs) float32."""
        return self._session.run([self.output], {self.input: np.asarray(rows, np.float32)})[0]
