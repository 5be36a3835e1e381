"""A large body of TensorFlow Serving's `:predict` in steps: rows as they come, or columns list by list.

    {"instances": [row, …]}                  ─> some rows a step; see `app.codecs.chunks`
    {"inputs": [[…], …]} or {"inputs": {…}}  ─> the lists are taken out, the rest is read ─> each list, a portion a step

It knows neither paths nor transport.
"""

import sys
from collections.abc import Generator, Sequence
from functools import partial

from app.codecs.chunks import ROWS, Uneven, concatenate, read_rows
from app.codecs.json_lists import beginning_of, read_in_steps, take_out
from app.errors import InvalidInput
from app.protocols.tfserving.body import Read, Write, decode, parse
from app.protocols.tfserving.predict import BODY, COLUMNS, predict, write_columns
from app.runtime.model import Model
from app.tensors import Array, Signature

LIST = beginning_of(rb'"[^"\\]*+"')  # behind any key: those of columns are names of inputs
NO_LIMIT = sys.maxsize, ValueError("There is no such list.")

Content = tuple[dict[str, Array], Write]
"""What a body holds, and how to answer."""


def read_body_in_steps(read: Read, model: Model, body: bytes) -> Generator[None, None, Content]:
    """Read a body as `read` does, in more than one step where it can be cut; raises what `read` raises."""
    if read is predict and ROWS.match(body) is None:
        try:
            return (yield from _columns(model.signature, body)), write_columns
        except Uneven:
            return read(model, body)
    rows_max = model.max_request_rows if model.signature.batched else sys.maxsize
    return (yield from read_rows(body, rows_max, partial(read, model), _count, _joined))


def _columns(signature: Signature, body: bytes) -> Generator[None, None, dict[str, Array]]:
    left, texts = take_out(body, LIST)
    marks = _marks(left)
    alone = len(signature.inputs) == 1 and "inputs" in marks
    paths = ["inputs"] if alone else [f"inputs.{spec.name}" for spec in signature.inputs]
    if set(paths) != marks.keys() or sorted(marks.values()) != sorted(texts):
        raise Uneven  # something else is asked for, or there are lists elsewhere
    arrays = {}
    for spec, path in zip(signature.inputs, paths, strict=True):
        arrays[spec.name] = yield from read_in_steps(texts[marks[path]], spec.datatype, path, NO_LIMIT, b64=True)
    return arrays


def _marks(left: bytes) -> dict[str, bytes]:
    """Return what stands in the places of lists, by path."""
    try:
        asked = parse(BODY, left)
        columns = bytes(asked.inputs)
        if asked.instances or not columns:
            raise Uneven
        if not columns.startswith(b"{"):
            return {"inputs": columns}
        return {f"inputs.{name}": bytes(data) for name, data in decode(COLUMNS, columns, "inputs").items()}
    except InvalidInput as error:
        raise Uneven from error


def _joined(parts: Sequence[Content]) -> Content:
    arrays, write = parts[0]
    return {name: concatenate([part[name] for part, _ in parts]) for name in arrays}, write


def _count(content: Content) -> int:
    return len(next(iter(content[0].values())))
