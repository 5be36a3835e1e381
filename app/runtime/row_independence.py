"""Do rows get in any company what they get alone? A graph is run to find out.

    Runs(engine, limit_s).lone()        one request that runs
    Runs(engine, limit_s).together(…)   rows together, again, among copies, alone, many ─> one row of them, or `Apart`

Two things change what a row gets. Its neighbours may, where the graph computes over all rows: then requests must never
share a run. And the number of rows does, in the last digits, because other kernels round otherwise: that is allowed.
They are told apart by runs of equal shapes, in which only the neighbours differ.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import numpy as np

from app.errors import BundleError
from app.runtime.engine import Arrays, Engine
from app.runtime.sample_inputs import samples
from app.tensors import Array, TensorSpec

ROWS = 3  # of a run: more than two, so that a pair is not taken for a batch
MANY = 8  # rows of one more run, for the kernels that take several at once
TOLERANCE = 1e-5  # between a row alone and in a run of many, beside the output's largest number
STEPS = 2  # of rounding that are allowed where numbers are coarser than that, as FP16 is
EXACT = 1e-6  # between runs of equal shapes, beside the largest number: they go through the same kernels
ATTEMPTS = 200  # made-up inputs that are tried
RANKS_MAX = 4  # tried where the graph does not say how many dimensions an input has

Specs = tuple[TensorSpec, ...]
Outputs = list[Array]
# By how much the number of rows changes an output: as a multiple of what is allowed; beside its largest number.
Rounding = tuple[float, float]


class Apart(Exception):
    """Requests must not share a run; the message says why."""


class Runs:
    """The runs of one trial, which may take `limit_s` seconds together; one that takes longer is broken off."""

    def __init__(self, engine: Engine, limit_s: float) -> None:
        self._engine = engine
        self._limit_s = limit_s
        self._until = monotonic() + limit_s
        self.fault = ""  # why the first input that did not run did not
        self._faults: set[str] = set()  # of the runs that failed

    @property
    def hopeless(self) -> bool:
        """True when no size is open and whatever was tried failed for the same reason: real inputs would, too."""
        open_ended = any(not spec.shape or None in spec.shape for spec in self._engine.inputs)
        return not open_ended and len(self._faults) == 1 and "" not in self._faults

    def lone(self) -> tuple[Specs, Arrays | None]:
        """Find one request that runs, and with it the ranks of inputs of which the graph does not say them.

        ONNX Runtime tells a scalar from a tensor of any rank in nothing but that the graph may not run with a scalar.
        """
        declared = self._engine.inputs
        ranks = RANKS_MAX if any(not spec.shape for spec in declared) else 0
        for rank in range(ranks + 1):
            specs = tuple([spec if spec.shape else replace(spec, shape=(None,) * rank) for spec in declared])
            for sample in self._samples(specs, 1):
                if self.run(sample) is not None:
                    return specs, sample
        return declared, None

    def together(self, specs: Specs) -> tuple[Arrays, Rounding]:
        """Return one row of those that were seen not to depend on their company, and the worst rounding seen.

        On inputs unlike any real one a graph may blow rounding up a thousandfold. So neighbours must change nothing
        on whatever ran, while the number of rows may change more than is allowed on some, if there are others. Raises
        `Apart` with the reason.
        """
        ran, worst = False, (0.0, 0.0)
        for sample in self._samples(specs, ROWS):
            outputs = self.run(sample)
            if outputs is None:
                continue
            ran = True
            rounding = self._compare(sample, outputs)
            worst = max(worst, rounding)
            if rounding[0] <= 1 and any(_varies(output) for output in outputs):
                return _take(sample, [0]), worst
        self._check_time()
        if worst[0] > 1:
            raise Apart(f"in a run of several rows a row's output {differs(worst)}")
        if ran:
            raise Apart("its answers to made-up inputs are all alike, which says nothing about rows and neighbours")
        raise Apart("several rows at once did not run")

    def run(self, inputs: Arrays) -> Outputs | None:
        """Return the outputs, or None when it did not run, or not within the trial's time."""
        left_s = self._until - monotonic()
        if left_s <= 0:
            return None
        try:
            return self._engine.rehearse(inputs, left_s)
        except BundleError as error:
            late = monotonic() >= self._until
            self._faults.add("" if late else str(error))
            self.fault = self.fault or (f"Nothing ended within {self._limit_s:g} s." if late else str(error))
            return None

    def _compare(self, sample: Arrays, outputs: Outputs) -> Rounding:
        """Run the same again, each row among copies and alone, many; raises `Apart` if more than rounding differs."""
        specs = self._engine.outputs
        for spec, output in zip(specs, outputs, strict=True):
            if not output.ndim or len(output) != ROWS:
                raise Apart(f"the output {spec} of {ROWS} rows has the shape {list(output.shape)}")
        for spec, output, again in zip(specs, outputs, self._must(sample, ROWS), strict=True):
            if _distance(output, again) > EXACT:
                raise Apart(f"the output {spec} of the same inputs is not the same twice")
        worst, alone = (0.0, 0.0), []
        for row in range(ROWS):
            copies = self._must(_take(sample, [row] * ROWS), ROWS)
            for spec, output, copy in zip(specs, outputs, copies, strict=True):
                if _distance(output[row : row + 1], copy[row : row + 1]) > EXACT:
                    raise Apart(f"a row's output {spec} depends on its neighbours")
            alone.append(self._must(_take(sample, [row]), 1))
            worst = max(worst, self._rounding(copies, alone[row:]))
        many = self._must(_take(sample, [row % ROWS for row in range(MANY)]), MANY)
        return max(worst, self._rounding(many, alone))

    def _rounding(self, outputs: Outputs, alone: list[Outputs]) -> Rounding:
        """Compare the rows of a run with what they, over and over in their order, got alone."""
        worst = (0.0, 0.0)
        for at, (spec, output) in enumerate(zip(self._engine.outputs, outputs, strict=True)):
            single = [row[at] for row in alone]
            for array in single:
                if array.shape != (1, *output.shape[1:]):
                    raise Apart(f"the output {spec} of one row has the shape {list(array.shape)}")
            wanted = np.concatenate(list(itertools.islice(itertools.cycle(single), len(output))))
            distance = _distance(output, wanted)
            worst = max(worst, (distance / _allowed(output), distance))
        return worst

    def _samples(self, specs: Specs, rows: int) -> Iterator[Arrays]:
        for sample in itertools.islice(samples(specs, rows), ATTEMPTS):
            if monotonic() >= self._until:
                return
            yield sample

    def _must(self, inputs: Arrays, rows: int) -> Outputs:
        outputs = self.run(inputs)
        if outputs is None:
            self._check_time()
            raise Apart(f"a run of {rows} rows failed where one of {ROWS} did not")
        return outputs

    def _check_time(self) -> None:
        if monotonic() >= self._until:
            raise Apart(f"the trial was broken off after {self._limit_s:g} s")


def differs(rounding: Rounding) -> str:
    """Say it."""
    return f"differs from the same row's alone by {rounding[1]:.1g} of the largest number"


def _take(arrays: Arrays, rows: list[int]) -> dict[str, Array]:
    return {name: array[rows] for name, array in arrays.items()}


def _varies(output: Array) -> bool:
    """Whether any two rows differ by so much that a row could have been taken for another."""
    return any(_distance(output[:1], output[row : row + 1]) > _allowed(output) for row in range(1, len(output)))


def _distance(found: Array, wanted: Array) -> float:
    """Return the largest difference beside the largest number; infinity where it is not a number's."""
    if found.shape != wanted.shape:
        return math.inf
    if found.dtype.kind != "f":
        return 0.0 if bool((found == wanted).all()) else math.inf
    finite = np.isfinite(wanted)
    if not np.array_equal(found[~finite], wanted[~finite], equal_nan=True) or not np.isfinite(found[finite]).all():
        return math.inf
    numbers = wanted[finite].astype(np.float64)
    difference = np.abs(found[finite].astype(np.float64) - numbers).max(initial=0)
    return float(difference / np.abs(numbers).max()) if difference and numbers.any() else float(difference)


def _allowed(output: Array) -> float:
    return max(TOLERANCE, STEPS * float(np.finfo(output.dtype).eps)) if output.dtype.kind == "f" else TOLERANCE
