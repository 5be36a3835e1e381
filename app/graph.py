"""A graph without a manifest: what it takes and gives, and whether its requests may share a run.

    find(folder)       the file
    examine(engine)    inputs and outputs ─> a sample that runs ─> rows together and alone ─> Trial

What comes from elsewhere says little of itself: a symbolic first dimension may be a batch, a sequence or a state.
So it is run. Rows share a run only if, run together, each got what it gets alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.bundle import MODEL
from app.engine import Engine
from app.errors import BundleError
from app.tensors import OBJECT, Array, Signature, TensorSpec

ROWS = 3  # of the trial: more than two, so that a pair is not taken for a batch
SIZES = (8, 32, 64, 224, 320, 512, 1, 2, 16)  # tried for dimensions of any size, until one runs
RTOL, ATOL = 1e-4, 1e-5  # between a row in company and alone: kernels differ with the number of rows
SEED = 20


@dataclass(frozen=True)
class Trial:
    """What a graph is, as far as running it tells.

    `steady` says that requests can only have the sample's shapes, so that its cost is theirs.
    """

    signature: Signature
    sample: dict[str, Array]  # inputs that it ran; one row each where the signature is batched
    steady: bool
    remark: str


def find(folder: Path) -> Path:
    """Return the path of the graph in `folder`.

    Raises:
        BundleError: when there is none.
    """
    path = folder / MODEL
    if not path.is_file():
        raise BundleError(f"{folder}: expected manifest.json and its files, or {MODEL} alone. Received: neither.")
    return path


def examine(engine: Engine) -> Trial:
    """Find out by running `engine` whether rows of several requests may share a run.

    Raises:
        BundleError: when an input is no tensor of a known datatype, or no output is.
    """
    if engine.strange_inputs or not engine.outputs:
        strange = ", ".join(engine.strange_inputs or engine.strange_outputs) or "none"
        raise BundleError(f"{engine.model}: expected inputs and outputs that are tensors. Received: {strange}.")
    left_out = [f"The output {output} is no tensor and is left out." for output in engine.strange_outputs]
    batched, sample, why = _try(engine)
    steady = all(dim is not None for spec in engine.inputs for dim in spec.shape[1 if batched else 0 :])
    signature = Signature(engine.inputs, engine.outputs, batched)
    return Trial(signature, sample, steady, " ".join([why, *left_out]))


def _try(engine: Engine) -> tuple[bool, dict[str, Array], str]:
    """Return whether rows may share a run, one request that ran, and the reason."""
    obstacle = _obstacle(engine)
    fault = ""
    if not obstacle:
        for size in _sizes(engine):
            together = _sample(engine.inputs, ROWS, size)
            try:
                outputs = engine.rehearse(together)
            except BundleError as error:
                fault = fault or str(error)
                continue
            obstacle = _difference(engine, together, outputs)
            if not obstacle:
                return True, _row(together, 0), "Requests share a run."
            break
    for size in _sizes(engine):
        sample = _sample(engine.inputs, 1, size)
        try:
            engine.rehearse(sample)
        except BundleError as error:
            fault = fault or str(error)
            continue
        return False, sample, f"Each request is a run of its own: {obstacle or 'several rows at once did not run'}."
    raise BundleError(f"{engine.model}: expected to run with inputs made up from its shapes. Received: {fault}")


def _obstacle(engine: Engine) -> str:
    """Say why the shapes rule out that requests share a run; empty if they do not."""
    for spec in engine.inputs:
        if not spec.shape:
            return f"the input {spec} has no dimension for rows"
        if spec.shape[0] is not None:
            return f"the input {spec} has a fixed first dimension"
    for spec in engine.outputs:
        if not spec.shape and engine.inputs:
            return f"the output {spec} has no dimension for rows"
        if spec.shape and spec.shape[0] is not None:
            return f"the output {spec} has a fixed first dimension"
    return "" if engine.inputs else "it has no input"


def _difference(engine: Engine, together: dict[str, Array], outputs: list[Array]) -> str:
    """Say in what the rows of a run differ from the same rows alone; empty if in nothing."""
    for spec, output in zip(engine.outputs, outputs, strict=True):
        if not output.ndim or len(output) != ROWS:
            return f"the output {spec} of {ROWS} rows has the shape {list(output.shape)}"
    for row in range(ROWS):
        try:
            alone = engine.rehearse(_row(together, row))
        except BundleError:
            return "a row alone did not run"
        for spec, output, single in zip(engine.outputs, outputs, alone, strict=True):
            if not _same(output[row : row + 1], single):
                return f"a row's output {spec} depends on its neighbours"
    return ""


def _same(found: Array, wanted: Array) -> bool:
    if found.shape != wanted.shape:
        return False
    if found.dtype.kind == "f":
        return np.allclose(found.astype(float), wanted.astype(float), rtol=RTOL, atol=ATOL, equal_nan=True)
    return bool((found == wanted).all())


def _sizes(engine: Engine) -> Iterator[int]:
    """Sizes worth trying: all of them only where a dimension beyond the first may have any."""
    if any(dim is None for spec in engine.inputs for dim in spec.shape[1:]):
        yield from SIZES
    else:
        yield SIZES[0]


def _sample(specs: tuple[TensorSpec, ...], rows: int, size: int) -> dict[str, Array]:
    """Make up inputs: fractions, small whole numbers that any table holds, words; each row differs."""
    rng = np.random.default_rng(SEED)
    sample: dict[str, Array] = {}
    for spec in specs:
        shape = [size if dim is None else dim for dim in spec.shape]
        if spec.shape and spec.shape[0] is None:
            shape[0] = rows
        kind = spec.datatype.dtype.kind
        if spec.datatype.dtype == OBJECT:
            sample[spec.name] = rng.choice(np.array(["a", "b", "c"], object), shape)
        elif kind == "f":
            sample[spec.name] = rng.random(shape).astype(spec.datatype.dtype)
        else:
            sample[spec.name] = np.asarray(rng.integers(0, 2, shape)).astype(spec.datatype.dtype)
    return sample


def _row(arrays: dict[str, Array], row: int) -> dict[str, Array]:
    return {name: array[row : row + 1] for name, array in arrays.items()}
