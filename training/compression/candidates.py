"""Candidates: the fitted network and its graph -> every candidate that was asked for, measured.

    graph ─────────────────────── quantize ─┐
    network ─ shrink ─ export ─┬────────────┼─ measure ─> candidates, fp32 first
                               └─ quantize ─┘

`quick` makes the upper ones, `full` also the lower ones, which are fitted anew.
It knows nothing about which of them ships.
"""

import dataclasses
from collections.abc import Iterator

from training.compression import pruning_distillation, quantization
from training.compression.measure import Candidate, Say, measure
from training.compression.quantization import Draft, Kept
from training.data.prepare import Data
from training.export.onnx import check_parity, export, parity_rows
from training.export.ort_session import Session
from training.network.network import Network
from training.options import Options
from training.options.rooms import CompressName

STEPS: dict[CompressName, int] = {"quick": 19, "full": 56}  # that `say` is told of, at most


def find(options: Options, data: Data, network: Network, graph: bytes, say: Say) -> tuple[Candidate, ...]:
    """Make and measure: training rows calibrate and teach, validation rows judge; `say` is told of each step."""
    drafts = [Draft("fp32", "fp32", graph)]
    say("narrower weights")
    kept = Kept(network.exact, network.unquantized)
    for draft in quantization.drafts(graph, data.train.arrays, kept):
        say(draft.name)
        drafts.append(draft)
    if options.compress.search == "full":
        drafts += _smaller(options, data, network, kept, say)
    return measure(drafts, data.task, data.validation, say)


def _smaller(options: Options, data: Data, network: Network, kept: Kept, say: Say) -> Iterator[Draft]:
    for name, smaller in pruning_distillation.networks(network, data, options, say):
        graph = export(smaller)
        rows = parity_rows(data.features, data.validation.arrays, options.run.seed)
        check_parity(smaller.predict, Session(graph).predict, rows, data.task.outputs)
        yield Draft(name, "fp32", graph)
        for draft in quantization.statics(graph, data.train.arrays, kept):
            say(f"{name}+{draft.name}")
            yield dataclasses.replace(draft, name=f"{name}+{draft.name}")
