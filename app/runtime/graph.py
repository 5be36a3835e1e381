"""A graph without a manifest: what it takes and gives, and whether its requests may share a run.

    find(folder)       the file
    examine(engine, …) tensors ─> what the shapes rule out ─> what runs show (`app.runtime.row_independence`) ─> Trial

What comes from elsewhere says little of itself: a symbolic first dimension may be a batch, a sequence or a state.
Requests share a run only where that was seen to be right. It knows nothing of requests.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from app.bundle.reader import GOLDEN, MANIFEST, MODEL, PROFILE
from app.bundle.sealed_file import Held
from app.errors import BundleError
from app.printable import listed
from app.runtime.engine import Arrays, Engine
from app.runtime.row_counts import fault
from app.runtime.row_independence import Apart, Runs, Specs, differs
from app.runtime.value_sizes import decided_by_value
from app.tensors import DATATYPES, Array, Signature, TensorSpec

KNOWN = "one of the types " + ", ".join(DATATYPES)
TRIAL_MAX_S = 20.0  # that trying a graph may take: the process is not ready before


@dataclass(frozen=True)
class Trial:
    """What a graph is, as far as running it tells.

    `steady` says that requests can only have the sample's shapes, and that no value in them decides how long a run
    takes (`app.runtime.value_sizes`), so that the sample's cost is theirs.
    """

    signature: Signature
    sample: Arrays | None  # inputs that it ran, one row each where requests share a run; None where none did
    steady: bool
    remark: str


def find(folder: Path) -> Path:
    """Return the path of the graph in `folder`; raises `BundleError` without one, or for the remains of a bundle."""
    path = folder / MODEL
    remains = [name for name in (GOLDEN, PROFILE) if (folder / name).exists()]
    if remains:
        raise BundleError(f"{folder}: expected {MANIFEST} beside {remains[0]}. Received: a bundle without it.")
    if path.is_file():
        return path
    others = sorted([entry.name for entry in folder.glob("*.onnx")])
    received, advice = listed(others, "neither"), ""
    if len(others) == 1:
        advice = f" Rename it: mv {folder / others[0]} {path}"
    elif others:
        advice = " Give each a folder of its own: <models>/<name>/<version>/."
    raise BundleError(f"{folder}: expected {MANIFEST} and its files, or {MODEL} alone. Received: {received}.{advice}")


def examine(engine: Engine, content: Held, limit_s: float = TRIAL_MAX_S) -> Trial:
    """Find out by running `engine`, made from `content`, for about `limit_s` at most whether requests may share a run.

    A graph that runs with nothing that can be made up for it is served all the same: real inputs may fit.
    Raises `BundleError` when an input is no tensor of a known datatype, no output is, or no request could be answered.
    """
    _check_types(engine)
    runs = Runs(engine, limit_s)
    specs, lone = runs.lone()
    if lone is None and runs.hopeless:
        raise BundleError(f"{engine.model}: expected a graph that can answer. {runs.fault}")
    try:
        _check_shapes(specs, engine.outputs)
        if lone is None:
            raise Apart("what rows do to one another could not be tried")
        sample, rounding = runs.together(specs)
    except Apart as why:
        trial = _trial(runs, engine, specs, lone)
        remarks = [f"Each request is a run of its own: {why}."]
        if rowless := fault(runs, specs, trial.signature.outputs, lone):
            trial = replace(trial, signature=replace(trial.signature, rowless=rowless))
            remarks.append(f"Rows as `instances` are refused, because {rowless}.")
        if lone is None:
            remarks.append(f"Nothing made up for it ran, so whether it answers is not known. {runs.fault}")
    else:
        trial = _trial(runs, engine, specs, sample, batched=True)
        remarks = ["Requests share a run."]
        if rounding[0] > 1:
            remarks.append(f"On some made-up inputs a row's output in a run of several rows {differs(rounding)}.")
    remarks += [f"The output {each} is of no type that can be sent and is left out." for each in engine.strange_outputs]
    return _unless_decided(replace(trial, remark=" ".join(remarks)), content)


def _unless_decided(trial: Trial, content: Held) -> Trial:
    """Call it unsteady where a value of a request decides how long a run takes."""
    with content.view() as file:
        decided = decided_by_value(file)
    if not decided:
        return trial
    said = f"{trial.remark} Values of a request may decide how long a run takes: {decided}."
    return replace(trial, steady=False, remark=said)


def _check_types(engine: Engine) -> None:
    if engine.strange_inputs or not engine.outputs:
        strange = listed(engine.strange_inputs or engine.strange_outputs)
        what = "inputs" if engine.strange_inputs else "outputs"
        raise BundleError(f"{engine.model}: expected {what} that are tensors of {KNOWN}. Received: {strange}.")


def _trial(runs: Runs, engine: Engine, inputs: Specs, sample: Arrays | None, *, batched: bool = False) -> Trial:
    outputs = engine.outputs
    if sample is not None and (found := runs.run(sample)) is not None:
        outputs = tuple([_ranked(spec, array) for spec, array in zip(outputs, found, strict=True)])
    steady = all(dim is not None for spec in inputs for dim in spec.shape[1 if batched else 0 :])
    return Trial(Signature(inputs, outputs, batched), sample, steady, remark="")


def _ranked(spec: TensorSpec, found: Array) -> TensorSpec:
    """Give an output the rank that it had, where the graph does not say it."""
    return spec if spec.shape else replace(spec, shape=(None,) * found.ndim)


def _check_shapes(inputs: Specs, outputs: Specs) -> None:
    """Make sure that the shapes leave open whether requests may share a run; raises `Apart`."""
    if not inputs:
        raise Apart("it has no input")
    for what, spec in [*(("input", spec) for spec in inputs), *(("output", spec) for spec in outputs if spec.shape)]:
        if not spec.shape:
            raise Apart(f"the {what} {spec} has no dimension for rows")
        if spec.shape[0] is not None:
            raise Apart(f"the {what} {spec} has a fixed first dimension")
    leading = {spec.symbols[0] for spec in inputs if spec.symbols} - {""}
    for spec in inputs:
        if twice := sorted(leading & set(spec.symbols[1:])):
            raise Apart(f"`{twice[0]}` is not the first dimension alone of the input {spec}")
