"""Answers: a frame ─> a table of answers, row by row ─> a frame of the same kind.

It knows no library of frames but by what they offer, and pandas by its index.
"""

import sys
import warnings
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from app.scoring.scorer import Invalid, Scorer
from app.sources import frames


def predict(scorer: Scorer, frame: Any, *, invalid: Invalid) -> Any:
    """Answer a frame; raise a SourceError where it does not fit, or a row of it unless such rows are to be null."""
    table = frames.read(frame).table()
    answers, faults = scorer.answered(table, frames.NAME, invalid)
    if faults:
        said = f"{len(faults):,} of {table.num_rows:,} rows have no answer. {faults[0].said}"
        warnings.warn(said, stacklevel=3)
    return _like(frame, _plain(answers))


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
