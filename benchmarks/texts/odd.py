"""Odd texts: does the graph alone, in a bare session, answer as the service does, and in any company?

    texts ─┬─ the service, 10 rows a request ──────────────┐
           ├─ onnxruntime.InferenceSession, 50 rows a run ─┼─ equal to the last bit?
           └─ the same, a row a run ───────────────────────┘

It knows nothing about what the texts mean.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from benchmarks.harness.check_answer import NotServingError, send
from benchmarks.texts.serving import Seat
from tests.training.features.text.odd import odd_strings

INPUT = "texts"
ROWS_A_REQUEST, ROWS_A_RUN = 10, 50


def texts(count: int) -> list[str]:
    """Return different odd texts; an empty one is a missing one, and is left out."""
    return list(dict.fromkeys(filter(None, odd_strings(2 * count))))[:count]


def served(seat: Seat, name: str, asked: Sequence[str]) -> NDArray[np.float32]:
    """Ask the service by the Open Inference Protocol, which writes all digits of a float: (texts, labels)."""
    answers = []
    for start in range(0, len(asked), ROWS_A_REQUEST):
        some = asked[start : start + ROWS_A_REQUEST]
        tensor = {"name": INPUT, "shape": [len(some), 1], "datatype": "BYTES", "data": some}
        reply = send(seat.port, f"/v2/models/{name}/infer", json.dumps({"inputs": [tensor]}).encode())
        if reply.status != 200:
            raise NotServingError(f"status {reply.status}: {reply.body[:200]!r}")
        (output,) = json.loads(reply.body)["outputs"]
        answers.append(np.array(output["data"], np.float32).reshape(output["shape"]))
    return np.concatenate(answers)


def bare(graph: Path, asked: Sequence[str], rows: int) -> NDArray[Any]:
    """Run the graph with ONNX Runtime's defaults, some rows a run: (texts, labels)."""
    session = ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    cells = np.array(asked, object)[:, None]
    runs = [session.run(None, {INPUT: cells[start : start + rows]})[0] for start in range(0, len(cells), rows)]
    return np.concatenate(runs)


def differing_in_triton(graph: Path, seat: Seat, triton: Seat, asked: Sequence[str]) -> int:
    """Count the texts that Triton does not answer with the bits of the service."""
    name = graph.parents[1].name
    return int((served(triton, name, asked) != served(seat, name, asked)).any(axis=1).sum())


def differing(graph: Path, seat: Seat, asked: Sequence[str]) -> dict[str, int]:
    """Count the texts whose answers are not the same bits."""
    together = bare(graph, asked, ROWS_A_RUN)
    return {
        "served": int((served(seat, graph.parents[1].name, asked) != together).any(axis=1).sum()),
        "alone": int((bare(graph, asked, 1) != together).any(axis=1).sum()),
    }
