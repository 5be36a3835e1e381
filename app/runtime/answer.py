"""What a request gets: its slice of the outputs of a run, which is written as JSON or bytes at the response.

    a run ─> RunOutputs ─┬─> Answer(0, 1)     outputs of the first request, by name
                         ├─> Answer(1, 4)     … of the second; both are views

It knows no protocol.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from app.tensors import Array


class RunOutputs(msgspec.Struct, gc=False):
    """The outputs of one run."""

    outputs: dict[str, Array]  # (rows, …) each, where the model is batched
    batched: bool = True  # without it the outputs are those of one request, whatever their shapes


class Answer(msgspec.Struct, gc=False):
    """The rows of one request; a Struct, because one is made for each."""

    run: RunOutputs
    start: int
    stop: int
    texts: Sequence[bytes] = ()  # JSON, one a row, where `/predict` asked

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def outputs(self) -> dict[str, Array]:
        """The outputs by name, with the request's rows first."""
        run = self.run
        if not run.batched:
            return run.outputs
        return {name: array[self.start : self.stop] for name, array in run.outputs.items()}

    @classmethod
    def join(cls, parts: Sequence["Answer"]) -> "Answer":
        """Put the answers to pieces of a request after one another."""
        found = [part.outputs for part in parts]
        outputs = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
        texts = [text for part in parts for text in part.texts]
        return cls(RunOutputs(outputs), 0, sum(map(len, parts)), texts)
