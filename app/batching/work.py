"""Rows of one caller on their way through the batcher.

    submit ─> wait in `app.batching.queue` ─> run, in one piece or more ─> resolve(answers) or reject(error)

It knows neither HTTP nor ONNX: rows are anything with a length and slices.
"""

import itertools
from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import msgspec

from app.errors import RequestError


class Sliced(Protocol):
    """Rows: anything with a length and slices."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> "Sliced": ...


class Work(msgspec.Struct, eq=False, kw_only=True):
    """What `app.batching.batcher.Batcher.submit` takes; a Struct, because one is made for each request.

    Subclasses say what happens at the end: exactly one of `resolve` and `reject` is called, once, on the event loop.
    """

    rows: Sliced
    size: int  # of `rows`
    submitted: float  # both on `time.monotonic`, in seconds
    deadline: float
    key: Hashable = None
    size_bytes: int = 0  # what the rows weigh while they wait, say the length of the request's body
    taken: int = 0  # rows handed to a run so far
    elements: Sequence[int] | None = None  # of each row, where rows differ in size: see `app.batching.area`
    elements_left: int = 0  # of the rows that wait
    parts: list[Any] | None = None  # of the pieces that ran, where there is more than one
    done: bool = False

    def resolve(self, answers: Any) -> None:
        """Receive one answer a row, in order: what `run` gave for the rows, or `join` made of their pieces."""
        raise NotImplementedError

    def join(self, parts: list[Any]) -> Any:
        """Put the answers to pieces after one another."""
        return list(itertools.chain.from_iterable(parts))

    def reject(self, error: RequestError) -> None:
        """Receive the reason why there is no answer."""
        raise NotImplementedError


Piece = tuple[Work, Sliced]
"""A work, and those of its rows that one run takes."""
