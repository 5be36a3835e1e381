"""How large a graph may be: its nodes are counted before ONNX Runtime is given it, its tensors after.

    check_nodes(held)                     those within nodes (branches, loops) and of its own functions too
    check_tensors(path, inputs, outputs)  what callers send and get; weights that are listed as inputs are none

Making a session takes time and memory by the node, and trying it by the tensor, whatever they compute.
"""

from collections.abc import Sized
from pathlib import Path

from app.bundle.limits import TENSORS_MAX
from app.bundle.sealed_file import Held
from app.errors import BundleError
from app.runtime.graph_file import parts_of

NODES_MAX = 50_000  # 60,000 took 22 s and 467 MB on a busy machine


def check_nodes(held: Held) -> None:
    """Raise `BundleError` for a graph of too many nodes, or one that is none."""
    with held.view() as file:
        try:
            kinds = (kind for kind, _ in parts_of(file) if kind == "node")
            too_many = any(count > NODES_MAX for count, _ in enumerate(kinds, 1))
        except (ValueError, RecursionError) as error:
            raise BundleError(f"{held.path}: expected a graph in the form of ONNX. Received: {error}.") from error
    if too_many:
        raise BundleError(f"{held.path}: expected a graph of at most {NODES_MAX} nodes. Received: more.")


def check_tensors(path: Path, inputs: Sized, outputs: Sized) -> None:
    """Raise `BundleError` for a graph that takes or gives too many tensors."""
    for what, found in (("inputs", len(inputs)), ("outputs", len(outputs))):
        if found > TENSORS_MAX:
            raise BundleError(f"{path}: expected at most {TENSORS_MAX} {what}. Received: {found}.")
