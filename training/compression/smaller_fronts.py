"""Smaller fronts: what may stand before Keras in the place of the exported front, and what is behind it.

    graph ─┬─ front ─ smaller ones ─> whole graphs ─ the smallest within the budget ─┐
           └─ body ─ made smaller elsewhere ─────────────────────────────────────────┴─> whole graphs

A front never passes through a quantizer, and no quantizer sees what only a front can read.
It knows nothing about what a front does, or which graph ships.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import onnx

from training.columns.arrays import Arrays, Rows, row_count, spread
from training.compression.quantization import CALIBRATION_ROWS, Draft
from training.export.fronts import Fronts
from training.export.ort_session import Session
from training.network.network import Network
from training.options.rooms import Precision
from training.tasks.base import Task
from training.tasks.evaluate import validate, worst_loss_points


@dataclass(frozen=True, eq=False)
class Fronted:
    """A whole graph with another front."""

    draft: Draft
    fronts: Fronts


def front_drafts(network: Network, graph: bytes) -> Iterator[Fronted]:
    """Make the graph with each smaller front, one after the other."""
    exported = Fronts.of(network)
    body = exported.without(onnx.load_model_from_string(graph))
    for encoder in network.encoders:
        for smaller in encoder.smaller_fronts():
            fronts = exported.with_other(smaller.graph)
            whole = bytes(fronts.before(body).SerializeToString())
            yield Fronted(Draft(smaller.name, smaller.precision, whole), fronts)


def before_loss(
    whole: Draft, fronted: Iterable[Fronted], task: Task, validation: Rows, most: float
) -> Iterator[Fronted]:
    """Yield those, from the largest on, before the first that loses more than so many points on validation.

    Each is a step further from the whole; a later one that loses less than one before it does so by chance.
    """
    reference = validate(task, Session(whole.graph).predict, validation)

    def is_near(one: Fronted) -> bool:
        quality = validate(task, Session(one.draft.graph).predict, validation)
        return worst_loss_points(task, reference, quality) <= most

    return takewhile(is_near, fronted)


def smallest(whole: Draft, fronted: Sequence[Fronted], task: Task, validation: Rows, most: float) -> Fronted | None:
    """Return the smallest that loses at most so many points on validation, if one does."""
    reference = validate(task, Session(whole.graph).predict, validation)
    for one in sorted(fronted, key=lambda one: len(one.draft.graph)):
        quality = validate(task, Session(one.draft.graph).predict, validation)
        if worst_loss_points(task, reference, quality) <= most:
            return one
    return None


@dataclass(frozen=True, eq=False)
class Behind:
    """What stands behind the fronts of a network, and where it goes when it is smaller."""

    network: Network
    exported: Fronts
    best: Fronted | None  # its front is taken in the place of the exported one

    def body(self, graph: bytes) -> bytes:
        if not self.exported.graphs:
            return graph
        return bytes(self.exported.without(onnx.load_model_from_string(graph)).SerializeToString())

    def whole(self, draft: Draft) -> Draft:
        """Put a body behind the best front."""
        if not self.exported.graphs:
            return draft
        fronts = self.exported if self.best is None else self.best.fronts
        graph = bytes(fronts.before(onnx.load_model_from_string(draft.graph)).SerializeToString())
        if self.best is None:
            return replace(draft, graph=graph)
        best = self.best.draft
        precision = _coarser(draft.precision, best.precision)
        return replace(draft, name=f"{best.name}+{draft.name}", precision=precision, graph=graph)

    def calibration(self, arrays: Arrays) -> Arrays:
        """Return what bodies get of some rows."""
        return self.network.raw(spread(arrays, min(CALIBRATION_ROWS, row_count(arrays))))


def _coarser(one: Precision, other: Precision) -> Precision:
    return one if other == "fp32" or one.startswith("int8") else other
