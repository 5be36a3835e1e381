"""Compress: an fp32 graph -> candidates, each measured; one is chosen by a rule that can be read.

    fp32 ─┬───────────────────────────────┐
          ├─ int8-dynamic ────────────────┤─ measure ─> bytes, latency, quality on validation ─ choose ─> shipped
          └─ int8-static (training rows) ─┘

Only matrix products are quantized: look-ups, encodings and the head's softmax stay in fp32.
It knows nothing about Keras or bundles.
"""

import math
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.evaluate import Rows, evaluate, worst_loss_points
from training.families import WIDE
from training.features import Arrays, row_count, spread, take
from training.options import Forced, Precision
from training.runtime import Session, latencies_us
from training.task import Metrics, Task

TIMED_BATCHES = (1, 32)  # rows: a lone request, and a busy service
CALIBRATION_ROWS = 2048
CALIBRATION_BATCH_ROWS = 256
NOISE = 0.10  # of a latency or a size: a smaller difference is neither gain nor loss
NOTICED_US = 10.0  # a request over HTTP takes some hundreds of microseconds; nobody sees a few more
BATCH_EFFECT = 1e-4  # of the answer's unit: above, a row's answer depends on the rows it is batched with
COMPANY_ROWS = 256
QUANTIZED = ["MatMul", "Gemm"]
KEPT = ("encode_numbers", WIDE)  # layers' names in training/network.py and families.py, and so parts of nodes' names


@dataclass(frozen=True, eq=False)
class Candidate:
    """One graph that might ship, and what was measured."""

    precision: Precision
    graph: bytes
    latency_us: Mapping[int, float]  # rows -> microseconds
    validation: Metrics
    loss_points: float  # the worst budget metric on validation, against fp32
    batch_effect: float  # how far a row's answer moves with the rows beside it, in units of the answer

    @property
    def bytes(self) -> int:
        return len(self.graph)


@dataclass(frozen=True)
class Choice:
    """What ships, out of what, and why."""

    chosen: Candidate
    candidates: tuple[Candidate, ...]  # fp32 first
    reason: str


def make(graph: bytes, calibration: Arrays) -> dict[Precision, bytes]:
    """Quantize in both ways.

    Weights have 7 bits (`reduce_range`): with 8, processors without VNNI saturate and would give other answers.
    """
    with tempfile.TemporaryDirectory() as folder:
        original, source, target = (Path(folder) / name for name in ("fp32.onnx", "prepared.onnx", "int8.onnx"))
        original.write_bytes(graph)
        quant_pre_process(str(original), str(source), skip_symbolic_shape=True)
        how = {
            "op_types_to_quantize": QUANTIZED,
            "nodes_to_exclude": _kept_in_fp32(source),
            "per_channel": True,
            "reduce_range": True,
        }
        quantization.quantize_dynamic(source, target, **how)
        dynamic = target.read_bytes()
        quantization.quantize_static(source, target, _Calibration(calibration), **how)
        return {"fp32": graph, "int8-dynamic": dynamic, "int8-static": _read_directly(onnx.load(target))}


def _kept_in_fp32(model: Path) -> list[str]:
    """Find the products that stay.

    Those of the encoding move raw columns about, and eight bits would destroy those; the linear part beside the
    network is tiny.
    """
    return [node.name for node in onnx.load(model).graph.node if _kept(node)]


def _kept(node: onnx.NodeProto) -> bool:
    return any(name in node.name for name in KEPT)


def _read_directly(model: onnx.ModelProto) -> bytes:
    """Let what is not quantized read a shared tensor as it was, and not its eight bits turned back.

    Where another node reads the same eight-bit tensor as a product, ONNX Runtime does not fuse the product: a row took
    five times as long.
    """
    nodes = model.graph.node
    made_by = {output: node for node in nodes for output in node.output}
    readers = Counter(name for node in nodes for name in node.input)
    for node in nodes:
        if node.op_type in QUANTIZED and not _kept(node):
            continue
        for place, name in enumerate(node.input):
            back = made_by.get(name)
            if back is not None and back.op_type == "DequantizeLinear" and readers[name] > 1:
                node.input[place] = made_by[back.input[0]].input[0]  # of its QuantizeLinear
    return bytes(model.SerializeToString())


def measure(graphs: Mapping[Precision, bytes], task: Task, validation: Rows) -> tuple[Candidate, ...]:
    """Judge on the validation rows and time every graph."""
    sessions: dict[str, Session] = {precision: Session(graph) for precision, graph in graphs.items()}
    latency_us = latencies_us(sessions, validation.arrays, TIMED_BATCHES)
    quality = {precision: evaluate(task, session.predict, validation) for precision, session in sessions.items()}
    return tuple(
        Candidate(
            precision=precision,
            graph=graph,
            latency_us=latency_us[precision],
            validation=quality[precision],
            loss_points=worst_loss_points(task, quality["fp32"], quality[precision]),
            batch_effect=batch_effect(sessions[precision], validation.arrays) / task.unit,
        )
        for precision, graph in graphs.items()
    )


def batch_effect(session: Session, arrays: Arrays) -> float:
    """Return the largest difference between a row's answer alone and in company.

    Dynamic int8 takes the scale of its activations from the whole batch, so there is one.
    """
    rows = spread(arrays, COMPANY_ROWS)
    together = session.predict(rows)  # (rows, outputs)
    alone = np.concatenate([session.predict(take(rows, slice(row, row + 1))) for row in range(COMPANY_ROWS)])
    return float(np.abs(together - alone).max())


def choose(candidates: tuple[Candidate, ...], budget_points: float, forced: Forced | None = None) -> Choice:
    """Apply the rule of docs/decisions/0202-what-ships.md."""
    fp32 = candidates[0]
    if forced is not None:
        chosen = next(candidate for candidate in candidates if candidate.precision == forced)
        return Choice(chosen, candidates, f"{forced} ships because --precision asked for it.")
    verdicts = {candidate: objection(candidate, fp32, budget_points) for candidate in candidates[1:]}
    fit = [candidate for candidate, verdict in verdicts.items() if verdict is None]
    if not fit:
        account = "; ".join(f"{candidate.precision} {verdict}" for candidate, verdict in verdicts.items())
        return Choice(fp32, candidates, f"fp32 ships: {account}.")
    chosen = min(fit, key=lambda candidate: _cost(candidate, fp32))
    lost = f"{chosen.loss_points:.2f} of {budget_points:g} points lost on validation"
    return Choice(chosen, candidates, f"{chosen.precision} ships: {_gains(chosen, fp32)}, {lost}.")


def objection(candidate: Candidate, fp32: Candidate, budget_points: float) -> str | None:
    """Say why a candidate should not ship, or None."""
    if candidate.batch_effect > BATCH_EFFECT:
        return f"answers a row differently in other company (by up to {candidate.batch_effect:.2g})"
    if not candidate.loss_points <= budget_points:  # also when it is NaN
        return f"loses {candidate.loss_points:.2f} points on validation (budget {budget_points:g})"
    for rows, latency_us in candidate.latency_us.items():
        more_us, ratio = latency_us - fp32.latency_us[rows], latency_us / fp32.latency_us[rows]
        if more_us > NOTICED_US and ratio > 1 + NOISE:
            return f"takes {ratio:.2f} times as long at batch {rows}"
    if _cost(candidate, fp32) > 1 - NOISE:
        return "is not smaller and faster, all in all"
    return None


def _cost(candidate: Candidate, fp32: Candidate) -> float:
    """Multiply size and latencies against fp32: half as large counts as much as twice as fast."""
    return math.prod(_ratios(candidate, fp32).values())


def _ratios(candidate: Candidate, fp32: Candidate) -> dict[str, float]:
    times = {f"time at batch {rows}": candidate.latency_us[rows] / fp32.latency_us[rows] for rows in fp32.latency_us}
    return {"bytes": candidate.bytes / fp32.bytes, **times}


def _gains(candidate: Candidate, fp32: Candidate) -> str:
    return ", ".join(f"{ratio:.2f} times the {what}" for what, ratio in _ratios(candidate, fp32).items())


class _Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Training rows in batches, as the static quantizer asks for them."""

    def __init__(self, arrays: Arrays) -> None:
        self._batches = self._cut(spread(arrays, min(CALIBRATION_ROWS, row_count(arrays))))

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)

    @staticmethod
    def _cut(arrays: Arrays) -> Iterator[dict[str, Any]]:
        for start in range(0, row_count(arrays), CALIBRATION_BATCH_ROWS):
            yield take(arrays, slice(start, start + CALIBRATION_BATCH_ROWS))
