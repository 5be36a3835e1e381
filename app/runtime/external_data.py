"""Weights that a graph has in files beside it: held like the graph, so that nobody changes them under a service.

    hold_weights(graph, folder)   the tensors that refer to a file ─> each file held, within the folder alone
                                  ─> Weights: what ONNX Runtime is given in their place

ONNX Runtime would map such a file: who overwrites it changes answers, who truncates it ends the process. It can be
given the content of a file for the initializers of a graph; tensors elsewhere (in branches, functions, attributes) are
put into a copy of the graph. It reads nothing that is not held: a reference that was missed here finds no file.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.bundle.limits import FILES_MAX, WEIGHTS_MAX_BYTES
from app.bundle.reader import MODEL_MAX_BYTES
from app.bundle.sealed_file import Held, hold, hold_pieces
from app.cgroup import limit_bytes
from app.errors import BundleError
from app.runtime.graph_file import Data, field_head, fields, parts_of, replaced

TENSORS = ("initializer", "tensor")
TENSOR_RAW, TENSOR_OUTSIDE = 9, 13  # fields of a tensor: its data, and what refers to a file
WITHIN_ITSELF = bytes([14 << 3, 0])  # of a tensor whose data is not in a file: `data_location` is the default
SIZE_DIGITS = 19  # of 2 ** 63


@dataclass(frozen=True)
class Outside:
    """Where the data of a tensor lies: a part of a file, whose length ONNX Runtime may know by the shape alone."""

    location: str
    offset: int
    length: int | None


@dataclass(frozen=True)
class Weights:
    """A graph, and the files to which its initializers still refer, by what they call them."""

    graph: Held
    files: dict[str, Held]

    @property
    def names(self) -> dict[str, Held]:
        """The same by their paths in the folder."""
        return {os.path.normpath(location): file for location, file in self.files.items()}


@contextmanager
def hold_weights(graph: Held, folder: Path) -> Iterator[Weights]:
    """Hold what a graph refers to; raises `BundleError` for what is not there, too large, or not within `folder`."""
    with ExitStack() as stack, graph.view() as content:
        found = list(_outside(graph.path, content))
        files = _held(sorted({each.location for _, each in found}), folder, stack)
        for _, each in found:
            _check_part(graph.path, each, files[each.location])
        inner = any(kind == "tensor" for kind, _ in found)
        yield Weights(stack.enter_context(_filled(graph, content, files)) if inner else graph, files)


def _outside(path: Path, content: Data) -> Iterator[tuple[str, Outside]]:
    """Give each tensor whose data lies in a file, with what it is; raises `BundleError`."""
    try:
        for kind, part in parts_of(content):
            if kind in TENSORS and (outside := outside_of(part)) is not None:
                yield kind, outside
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: expected a graph in the form of ONNX. Received: {error}.") from error


def outside_of(tensor: Data) -> Outside | None:
    """Read where the data of a tensor lies; None if within it. Raises `ValueError`."""
    said: dict[str, str] = {}
    for number, value in fields(tensor):
        if number == TENSOR_OUTSIDE:
            entry = {part: str(text, "utf-8") for part, text in fields(value)}
            key = entry.get(1, "")
            if key in said:
                raise ValueError(f"external data with more than one {key[:SIZE_DIGITS]!r}")
            said[key] = entry.get(2, "")
    if "location" not in said:
        return None
    if "\0" in said["location"]:
        raise ValueError("a location of external data with a zero in it")
    length = said.get("length")
    return Outside(said["location"], _size(said.get("offset", "0")), None if length is None else _size(length))


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= SIZE_DIGITS):
        raise ValueError(f"a size of external data that is no such number, {text[:SIZE_DIGITS]!r}")
    return int(text)


def _held(locations: list[str], folder: Path, stack: ExitStack) -> dict[str, Held]:
    """Hold files of a folder, all of them together within a limit."""
    if len(locations) > FILES_MAX:
        raise BundleError(f"{folder}: expected weights in at most {FILES_MAX} files. Received: {len(locations)}.")
    files, left_bytes = {}, _max_bytes()
    for location in locations:
        files[location] = stack.enter_context(hold(folder / location, left_bytes, within=folder))
        left_bytes -= files[location].size_bytes
    return files


def _max_bytes() -> int:
    """As much as may be held while ONNX Runtime takes it into memory of its own."""
    limit = limit_bytes()
    return WEIGHTS_MAX_BYTES if limit is None else min(WEIGHTS_MAX_BYTES, limit // 2)


def _check_part(path: Path, outside: Outside, file: Held) -> None:
    end = outside.offset + (outside.length or 0)
    if end > file.size_bytes:
        expected = f"{end} bytes in `{outside.location}`, to which it refers"
        raise BundleError(f"{path}: expected {expected}. Received: {file.size_bytes}.")


def _filled(graph: Held, content: Data, files: dict[str, Held]) -> Held:
    """Put the data of tensors that are no initializers of the graph itself into a copy of it."""
    with ExitStack() as stack:
        views = {location: stack.enter_context(file.view()) for location, file in files.items()}

        def fill(tensor: Data) -> list[Data] | None:
            outside = outside_of(tensor)
            if outside is None:
                return None
            if outside.length is None:
                expected = f"the length of a tensor within a node that refers to `{outside.location}`"
                raise BundleError(f"{graph.path}: expected {expected}. Received: none.")
            data = views[outside.location][outside.offset : outside.offset + outside.length]
            return [
                tensor,
                field_head(TENSOR_RAW, len(data)),
                data,
                memoryview(WITHIN_ITSELF),
            ]  # the last of a field holds

        pieces = replaced(content, fill) or [content]
        if (size := sum(map(len, pieces))) > MODEL_MAX_BYTES:
            expected = f"at most {MODEL_MAX_BYTES} bytes with the weights of its inner tensors"
            raise BundleError(f"{graph.path}: expected {expected}. Received: {size}.")
        return hold_pieces(graph.path, pieces, graph.sha256)
