"""Has a graph a row of each output for each row that it takes? Without it outputs are no predictions for `instances`.

    fault(runs, inputs, outputs, lone)   what the shapes say ─> what runs of one row and of several show ─> the reason

It is asked of graphs whose requests are runs of their own; the others were seen to answer row by row. Where the shapes
leave it open and the runs show nothing, `app.protocols.tfserving` compares the numbers of each request.
"""

import numpy as np

from app.runtime.engine import Arrays
from app.runtime.row_independence import ROWS, Runs, Specs


def fault(runs: Runs, inputs: Specs, outputs: Specs, lone: Arrays | None) -> str:
    """Return why outputs are no predictions for rows; empty where nothing speaks against it."""
    if not inputs:
        return "it has no input"
    leading = {spec.shape[0] for spec in inputs if spec.shape}
    for spec in outputs:
        if spec.shape and spec.shape[0] is not None and spec.shape[0] not in leading:
            return f"the output {spec} has {spec.shape[0]} rows, whatever is asked"
    if lone is None:
        return ""
    said = _seen(runs, outputs, lone)
    if not said and leading == {None}:
        said = _seen(runs, outputs, {name: np.repeat(array, ROWS, axis=0) for name, array in lone.items()})
    return said


def _seen(runs: Runs, outputs: Specs, sample: Arrays) -> str:
    """Compare the rows of one run; a sample whose inputs have not equally many says nothing."""
    counts = {len(array) if array.ndim else 0 for array in sample.values()}
    found = runs.run(sample) if len(counts) == 1 and counts != {0} else None
    (rows,) = counts if found is not None else (0,)
    for spec, array in zip(outputs, found or (), strict=False):
        if not array.ndim or len(array) != rows:
            return f"the output {spec} of {rows} row{'s' * (rows > 1)} has the shape {list(array.shape)}"
    return ""
