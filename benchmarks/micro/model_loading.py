"""How long loading a large graph keeps every other thread from Python, from bytes and from what
`app.bundle.sealed_file` holds.

    python -m benchmarks.micro.model_loading [megabytes]

The interpreter's lock is what is measured: a thread sleeps for 0.2 ms again and again, and the longest time between two
of its turns is how long the event loop would have stood still. Each way in a process of its own, for its peak memory.
"""

import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from app.bundle.reader import MODEL_MAX_BYTES
from app.bundle.sealed_file import hold
from app.runtime.engine import Engine

LOADS = 4
WIDTH = 1000
SLEEP_S = 0.0002


def main() -> None:
    layers = int(sys.argv[1]) // 4 if len(sys.argv) > 1 else 20
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.onnx"
        onnx.save(graph(layers), str(path))
        print(f"{path.stat().st_size / 1e6:.0f} MB; the longest stall of each of {LOADS} loads, and how long they took")
        for way in (from_bytes, from_held):
            process = context.Process(target=measure, args=(way, path))
            process.start()
            process.join()


def graph(layers: int) -> onnx.ModelProto:
    """Make a row of square matrices of 4 MB."""
    random = np.random.default_rng(0)
    weights = [random.random((WIDTH, WIDTH), np.float32) for _ in range(layers)]
    nodes = [helper.make_node("MatMul", [f"h{i}", f"w{i}"], [f"h{i + 1}"]) for i in range(layers)]
    ends = [helper.make_tensor_value_info(f"h{i}", TensorProto.FLOAT, ["batch", WIDTH]) for i in (0, layers)]
    tensors = [numpy_helper.from_array(array, f"w{i}") for i, array in enumerate(weights)]
    made = helper.make_graph(nodes, "graph", ends[:1], ends[1:], tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def from_bytes(path: Path) -> None:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


def from_held(path: Path) -> None:
    with hold(path, MODEL_MAX_BYTES) as content:
        Engine(content, 1)


def measure(way: Callable[[Path], None], path: Path) -> None:
    """Print one line about `LOADS` loads."""
    stalls_ms, took_ms = [], []
    for _ in range(LOADS):
        ended = threading.Event()
        found: list[float] = []
        beat = threading.Thread(target=beats, args=(ended, found))
        beat.start()
        began = time.perf_counter()
        way(path)
        took_ms.append((time.perf_counter() - began) * 1e3)
        ended.set()
        beat.join()
        stalls_ms.append(max(found) * 1e3)
    status = Path("/proc/self/status").read_text()  # what getrusage says includes the parent's
    peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    stalls = " ".join([f"{stall:.1f}" for stall in stalls_ms])
    print(
        f"{way.__name__:11} stalls {stalls} ms; took {min(took_ms):.0f} to {max(took_ms):.0f} ms; peak {peak_mb:.0f} MB"
    )


def beats(ended: threading.Event, found: list[float]) -> None:
    """Note the time between two turns of this thread."""
    last = time.perf_counter()
    while not ended.is_set():
        time.sleep(SLEEP_S)
        now = time.perf_counter()
        found.append(now - last)
        last = now


if __name__ == "__main__":
    main()
