"""Candidates with made-up measurements, for the rule, the tables and the plot."""

from training.compression.measure import Candidate


def candidate(name: str, *, size: int = 100, one: float = 100, many: float = 200, **more: object) -> Candidate:
    facts: dict[str, object] = {
        "precision": "fp32" if name == "fp32" else "int8-static",
        "load_ms": 1.5,
        "loss_points": 0.0,
        "batch_effect": 0.0,
        "validation": {"roc_auc": 0.9, "accuracy": 0.8},
        **more,
    }
    return Candidate(name=name, graph=bytes(size), latency_us={1: one, 32: many}, **facts)  # type: ignore[arg-type]  # checked by the tests


FP32 = candidate("fp32", size=1000)
