"""Candidates: the fitted network and its graph -> every candidate that was asked for, measured.

    graph ─┬─ smaller fronts, where it has one ──────────────────────┐
           └─ behind the smallest front that is good: quantize ──────┤
    network ─ shrink ─ export ─ behind it, too ─┬────────────────────┼─ measure ─> candidates, fp32 first
                                                └─ quantize ─────────┘

`quick` makes the upper ones, `full` also the lower ones, which are fitted anew.
It knows nothing about which of them ships.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

from training.compression import pruning_distillation, quantization
from training.compression.measure import Candidate, Say, measure
from training.compression.quantization import Draft, Kept
from training.compression.smaller_fronts import Behind, before_loss, front_drafts, smallest
from training.data.prepare import Data
from training.export.fronts import Fronts
from training.export.onnx import check_parity, export, parity_rows
from training.export.ort_session import Session
from training.network.network import Network
from training.options import Options
from training.options.rooms import CompressName

# Of the points of the budget, by so many validation rows: a smaller front gains bytes and hardly any time. What is seen
# of few rows is chance in part, which falls with the root of their number, and so does what may be lost.
FRONT_SHARE, FRONT_ROWS = 0.5, 500
STEPS: dict[CompressName, int] = {"quick": 34, "full": 71}  # that `say` is told of, at most


def find(options: Options, data: Data, network: Network, graph: bytes, say: Say) -> tuple[Candidate, ...]:
    """Make and measure: training rows calibrate and teach, validation rows judge; `say` is told of each step."""
    whole = Draft("fp32", "fp32", graph)
    say("narrower weights")
    most = _most_points(options, len(data.validation))
    fronted = list(before_loss(whole, front_drafts(network, graph), data.task, data.validation, most))
    behind = Behind(network, Fronts.of(network), None)
    if fronted and network.has_hidden:
        good = smallest(whole, fronted, data.task, data.validation, options.compress.budget.quality_points)
        behind = replace(behind, best=good)
    drafts = [whole, *(one.draft for one in fronted), *_narrower(data, behind, graph, say)]
    if options.compress.search == "full":
        drafts += _smaller(options, data, behind, say)
    return measure(drafts, data.task, data.validation, say)


def _most_points(options: Options, rows: int) -> float:
    """Return how many points a smaller front may lose on so many validation rows."""
    return FRONT_SHARE * options.compress.budget.quality_points * math.sqrt(min(1.0, FRONT_ROWS / rows))


def _narrower(data: Data, behind: Behind, graph: bytes, say: Say) -> Iterator[Draft]:
    rows = behind.calibration(data.train.arrays)
    for draft in quantization.drafts(behind.body(graph), rows, _kept(behind.network)):
        say(draft.name)
        yield behind.whole(draft)


def _smaller(options: Options, data: Data, behind: Behind, say: Say) -> Iterator[Draft]:
    calibration = behind.calibration(data.train.arrays)
    for name, smaller in pruning_distillation.networks(behind.network, data, options, say):
        graph = export(smaller)
        rows = parity_rows(data.features, data.validation.arrays, options.run.seed)
        check_parity(smaller.predict, Session(graph).predict, rows, data.task.outputs)
        body = behind.body(graph)
        yield behind.whole(Draft(name, "fp32", body))
        for draft in quantization.statics(body, calibration, _kept(behind.network)):
            say(f"{name}+{draft.name}")
            yield behind.whole(replace(draft, name=f"{name}+{draft.name}"))


def _kept(network: Network) -> Kept:
    return Kept(network.exact, network.unquantized)
