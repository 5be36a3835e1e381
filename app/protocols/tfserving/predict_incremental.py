"""A large body of TensorFlow Serving in steps: rows as they come, or columns list by list.

    {"instances": [row, …]}                  ─> some rows a step; see `app.codecs.chunks`
    {"inputs": [[…], …]} or {"inputs": {…}}  ─> all but the elements is read at once ─> each list, some items a step

It knows neither paths nor transport.
"""

import sys
from collections.abc import Generator, Sequence
from functools import partial

from app.codecs.chunks import ROWS, Uneven, concatenate, read_rows
from app.codecs.json_lists import read_in_steps
from app.protocols.tfserving.body import Given, Read, Write
from app.protocols.tfserving.predict import columns_of, json_of, predict, write_columns
from app.runtime.model import Model
from app.tensors import Tensors

Content = tuple[Given, Write]  # what a body holds, and how to answer


def read_body_in_steps(read: Read, model: Model, body: bytes) -> Generator[None, None, Content]:
    """Read a body as `read` does, in more than one step where it can be cut; raises what `read` raises."""
    if read is predict and ROWS.match(body) is None and (columns := json_of(body)[1]):
        yield
        arrays = {}
        for spec, data, path in columns_of(model.signature, columns):
            arrays[spec.name] = yield from read_in_steps(data, spec.datatype, path, b64=True)
        return arrays, write_columns
    rows_max = model.max_request_rows if model.signature.batched else sys.maxsize
    return (yield from read_rows(body, rows_max, partial(read, model), _count, _joined))


def _joined(parts: Sequence[Content]) -> Content:
    write = parts[0][1]
    rows = [given for given, _ in parts if isinstance(given, Tensors)]
    if len(rows) == len(parts):
        return Tensors.join(rows), write
    named = [given for given, _ in parts if not isinstance(given, Tensors)]
    if len(named) != len(parts):
        raise Uneven  # rows of tensors and rows of features in one body
    return {name: concatenate([part[name] for part in named]) for name in named[0]}, write


def _count(content: Content) -> int:
    given = content[0]
    return len(given) if isinstance(given, Tensors) else len(next(iter(given.values())))
