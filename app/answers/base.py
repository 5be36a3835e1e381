"""What a type of answers offers: everything that the service must know of a model's outputs.

    manifest's `answer` ── registry ──> AnswerType ─┬─ check_outputs, fault, mismatch    at load
                                                    ├─ valid, encode                     at each run
                                                    ├─ layout, count                     drift
                                                    ├─ predicted, truth, running_scores  feedback
                                                    ├─ truth_readers, truth_of_row      new rows of a file
                                                    ├─ totals, figures                  … of any number, in parts
                                                    └─ compare, columns                  a shadow; an output file

Outputs are arrays by name, with the rows first. A type is handed its own keys of the manifest, and knows nothing of
features, requests or protocols.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import numpy as np

from app.answers.figures import Figure
from app.answers.running_scores import Scores
from app.answers.totals import Totals
from app.bins.layout import Floats, Layout
from app.tensors import Array, TensorSpec

Outputs = Mapping[str, Array]
ATOL_TIMES = 10  # the largest number of the trainer's answers: those may be close to 0 beside the target's spread


class AnswerKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest's `answer`; a type adds the keys of its own."""

    type: str


@dataclass(frozen=True)
class Tolerance:
    """How far numbers may be apart: `atol + rtol * |expected|`."""

    atol: float
    rtol: float


@dataclass(frozen=True)
class Words:
    """A column of few different words."""

    places: Array  # (rows,) int32, which of the words each row has
    words: Sequence[str]

    def tolist(self) -> list[str]:
        """Return the word of each row."""
        return [self.words[place] for place in self.places.tolist()]


class AnswerType(ABC):
    """The answers of one bundle, by their keys in the manifest."""

    form: ClassVar[type[AnswerKeys]]  # of its keys
    bins: ClassVar[type[Any]]  # of the prediction in `profile.json`
    classes: tuple[str, ...] = ()  # what each row has a score for, where it has such
    numeric: ClassVar[bool] = False  # whether an answer is one number

    @abstractmethod
    def __init__(self, keys: Any) -> None: ...

    @abstractmethod
    def check_outputs(self, outputs: Sequence[TensorSpec]) -> None:
        """Raise `ValueError` unless the outputs are what answers are made of."""

    @abstractmethod
    def fault(self, outputs: Outputs) -> tuple[str, str] | None:
        """Say what is wrong with answers to golden rows or to strange ones: what is expected, what was received."""

    def mismatch(self, found: Outputs, wanted: Outputs, tolerance: Tolerance) -> str | None:
        """Say by what answers differ from the trainer's, if by more than they may."""
        for name, array in wanted.items():
            if found[name].shape != array.shape:
                return f"a difference of shape, {found[name].shape} instead of {array.shape}, of `{name}`"
            if not np.issubdtype(array.dtype, np.number):
                if not np.array_equal(found[name], array):
                    return f"other values of `{name}`"
            elif not np.allclose(found[name], array, rtol=tolerance.rtol, atol=tolerance.atol):
                return f"a difference of {np.abs(found[name] - array).max():g} of `{name}`"
        return None

    def atol_max(self, wanted: Outputs) -> float:
        """Return the widest absolute tolerance that tells such answers from others."""
        numbers = [array for array in wanted.values() if np.issubdtype(array.dtype, np.number)]
        return max([1.0, *[ATOL_TIMES * float(np.abs(array).max(initial=0)) for array in numbers]])

    @abstractmethod
    def valid(self, outputs: Outputs) -> bool:
        """Say whether answers may be given to callers: False for what is not finite."""

    @abstractmethod
    def encode(self, outputs: Outputs) -> list[bytes]:
        """Turn the outputs into one JSON text a row."""

    @abstractmethod
    def openapi(self, target: str) -> dict[str, Any]:
        """Describe the answer to one row as JSON Schema."""

    def scores(self, outputs: Outputs) -> Array | None:
        """Return a score for each of `classes`, (rows, classes), where answers are such."""
        return None

    def moved(self, outputs: Outputs) -> tuple[str | None, Array] | None:
        """Return the one number a row, (rows,), that is compared with the first row's, and of which label it is.

        The label is None where answers are numbers; None where nothing of the kind is compared.
        """
        found = self.numbers(outputs)
        return None if found is None else (None, found)

    def numbers(self, outputs: Outputs) -> Array | None:
        """Return one number a row, (rows,), where answers are such."""
        return None

    @abstractmethod
    def check_bins(self, bins: Any) -> None:
        """Raise `ValueError` unless the bins are of these answers."""

    def layout(self, bins: Any) -> Layout:
        """Lay out the bins of the prediction."""
        layout: Layout = bins.prediction()
        return layout

    @abstractmethod
    def count(self, bins: Any, outputs: Outputs) -> tuple[Floats, int]:
        """Count answers: rows by bin, and how many rows were looked at; those that are not valid are not."""

    @abstractmethod
    def predicted(self, outputs: Outputs) -> list[Any]:
        """Return what was predicted, a plain value a row."""

    @abstractmethod
    def truth(self, value: Any) -> Any:
        """Turn a true value, as in JSON, into what `predicted` returns; raises `ValueError` with the expectation."""

    def read_text(self, text: str) -> Any:
        """Turn a text that is not missing, as in CSV, into a true value; raises `ValueError` with the expectation."""
        return text

    def truth_readers(self, target: str, names: Sequence[str]) -> Mapping[str, Callable[[str], Any]]:
        """Return which columns of a file hold true values, each with what reads a text of it; empty: none does."""
        return {target: self.read_text} if target in names else {}

    def truth_of_row(self, values: Mapping[str, Any]) -> Any:
        """Make a row's true value of what was read of these columns, None where missing; None: it is missing."""
        (value,) = values.values()
        return value

    @abstractmethod
    def running_scores(self) -> Scores:
        """Return the running scores of predictions whose truth comes later."""

    def totals(self, truths: Sequence[Any], of_row: Array, outputs: Outputs, bins: Any) -> Totals | None:
        """Count rows whose truth is known, in numbers that add up; None where these answers have no such metrics.

        `truths` are as `truth` returns them, and `of_row`, (rows,), says which of them each row has. `bins` are those
        of the training data, or None.
        """
        return None

    def figures(self, totals: Totals) -> dict[str, Figure]:
        """Return the metrics of what was counted, as on the card."""
        return {}

    @abstractmethod
    def compare(self, ours: Outputs, other: "AnswerType", theirs: Outputs) -> tuple[list[bool], float]:
        """Compare with the answers of another version: whether each row agrees, and the largest difference."""

    @abstractmethod
    def columns(self, outputs: Outputs) -> Mapping[str, "Array | Words"]:
        """Return the columns of an output file, (rows,) each."""
