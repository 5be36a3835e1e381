"""Answers: a frame ─> a table of answers, row by row ─> a frame of the same kind.

It knows no library of frames but by what they offer, and pandas by its index.
"""

import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from app.scoring.scorer import BATCH_ROWS, Scorer
from app.sources import frames
from app.sources.errors import SourceError

Fault = tuple[int, str]  # which row, from 1, and why it has no answer


def predict(scorer: Scorer, frame: Any, *, invalid: Literal["raise", "null"]) -> Any:
    """Answer a frame; raise a SourceError where it does not fit, or a row of it unless such rows are to be null."""
    if invalid not in ("raise", "null"):
        raise SourceError(f"`invalid`: expected 'raise' or 'null'. Received: {invalid!r}.")
    table = frames.read(frame).table()
    scorer.check(table.schema, frames.NAME)
    faults: list[Fault] = []
    answers = pa.Table.from_batches(_answered(scorer, table, faults), scorer.answer_schema)
    if faults:
        row, reason = faults[0]
        said = f"row {row:,}: {reason}"
        if invalid == "raise":
            more = f" So are {len(faults) - 1:,} more rows." if len(faults) > 1 else ""
            raise SourceError(f"{frames.NAME}, {said}{more}")
        warnings.warn(f"{len(faults):,} of {table.num_rows:,} rows have no answer. {said}", stacklevel=3)
    return _like(frame, _plain(answers))


def _answered(scorer: Scorer, table: pa.Table, faults: list[Fault]) -> Iterator[pa.RecordBatch]:
    """Give a row for each row; those with a fault are null, and are added to the faults."""
    first = 0
    for batch in table.to_batches(BATCH_ROWS):
        scored = scorer.score(batch)
        faults += [(first + fault.place + 1, fault.reason) for fault in scored.faults]
        first += batch.num_rows
        yield _spread(scored.answers, scored.places, batch.num_rows) if scored.faults else scored.answers


def _spread(answers: pa.RecordBatch, places: Any, rows: int) -> pa.RecordBatch:
    """Put answers to their places, nulls between them."""
    found = np.zeros(rows, np.int64)
    found[places] = np.arange(len(places))
    lacking = np.ones(rows, bool)
    lacking[places] = False
    return answers.take(pa.array(found, mask=lacking))


def _plain(answers: pa.Table) -> pa.Table:
    """Write labels out: in pandas, categories that differ could not even be compared."""
    kinds = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in answers.schema.types]
    return answers.cast(pa.schema(list(zip(answers.schema.names, kinds, strict=True))))


def _like(frame: Any, answers: pa.Table) -> Any:
    """Return answers as the kind of frame that was given, by the library that it is of."""
    if isinstance(frame, Mapping):
        return answers.to_pydict()
    if isinstance(frame, list | tuple):
        return answers.to_pylist()
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        return answers.to_pandas().set_axis(frame.index)
    library = sys.modules[type(frame).__module__.partition(".")[0]]
    return library.from_arrow(answers) if hasattr(library, "from_arrow") else answers
