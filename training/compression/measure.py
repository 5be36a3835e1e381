"""Compress: an fp32 graph -> candidates, each measured through the serving engine.

It knows nothing about Keras, or which of them ships.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from training.columns.arrays import Arrays, Rows, distance, predict_in_batches, spread
from training.compression.quantization import Draft
from training.export.ort_session import Session, latencies_us, loads_ms
from training.tasks.base import Metrics, Task
from training.tasks.evaluate import validate, worst_loss_points
from training.tasks.parts import Output

TIMED_BATCHES = (1, 32)  # rows: a lone request, and a busy service
COMPANY_ROWS = 256

Say = Callable[[str], None]  # what is being done


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidate(Draft):
    """A graph that might ship, and what was measured."""

    load_ms: float
    latency_us: Mapping[int, float]  # rows -> microseconds
    validation: Metrics
    loss_points: float  # the worst budget metric on validation, against fp32
    batch_effect: float  # how far a row's answer moves with the rows beside it, in units of the answer

    @property
    def bytes(self) -> int:
        return len(self.graph)


def measure(drafts: Sequence[Draft], task: Task, validation: Rows, say: Say = lambda _: None) -> tuple[Candidate, ...]:
    """Judge on the validation rows, and time; the first draft is what the others are compared with."""
    sessions = {draft.name: Session(draft.graph) for draft in drafts}
    quality, effect = {}, {}
    for name, session in sessions.items():
        say(f"judge {name}")
        quality[name] = validate(task, session.predict, validation)
        effect[name] = batch_effect(session, validation.arrays, task.outputs)
    say(f"time {len(drafts)} graphs in turns")
    latency_us = latencies_us(sessions, validation.arrays, TIMED_BATCHES)
    load_ms = loads_ms({draft.name: draft.graph for draft in drafts})
    return tuple(
        Candidate(
            **vars(draft),
            load_ms=load_ms[draft.name],
            latency_us=latency_us[draft.name],
            validation=quality[draft.name],
            loss_points=worst_loss_points(task, quality[drafts[0].name], quality[draft.name]),
            batch_effect=effect[draft.name],
        )
        for draft in drafts
    )


def batch_effect(session: Session, arrays: Arrays, outputs: Sequence[Output]) -> float:
    """Return the largest difference between a row's answer alone and in company, in units of the answer.

    Dynamic int8 takes the scale of its activations from the whole batch, so there is one.
    """
    rows = spread(arrays, COMPANY_ROWS)
    together = session.predict(rows)
    alone = predict_in_batches(session.predict, rows, batch_rows=1)
    return max(distance(together[one.name], alone[one.name]) / one.unit for one in outputs)
