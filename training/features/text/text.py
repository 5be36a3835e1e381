"""The feature `text`: a column of texts as people write them -> a column of the tensor `texts`, "" for missing.

    "Good case, Excellent value." ─ cells ─> as it is ─ arrays ─> texts (rows, features) ─ the graph finds n-grams in it

A text is kept as it is: what of it counts is decided once, in the graph. Texts beyond the longest that is answered are
cut where a file has some, here as in the service; else the service refuses them, as nothing was learned about them.
It knows nothing about other types, or how a text is encoded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.bins.characters import scripts_of
from app.bins.text import text_bins
from app.printable import bounded
from app.sources import words
from app.sources.rules import ColumnRule
from app.sources.tally import Tally, Verdict
from training.columns.arrays import Arrays
from training.columns.hashes import Alike
from training.columns.summaries import Summary
from training.columns.values import is_empty_text, texts
from training.features.base import Column, FeatureType, Mask, Tabular, Tensor, scattered
from training.features.numeric import statistics
from training.features.text import near_equal
from training.features.text.column import TextColumn, described
from training.features.text.hashing import KEPT_BITS, moved
from training.features.text.options import TextOptions
from training.features.text.readings import TENSOR as TOKENS
from training.features.text.recognition import are_sentences, are_texts
from training.pretrained.folder import TOKENIZER
from training.rendering.markdown import code

TENSOR = "texts"
CERTAINTY = 0.5  # what is recognised by its look may be names after all; numbers and dates are not
SUGGESTED_DIFFERENT = 50  # sentences, for a person to be asked whether they are texts
SHOWN_CHARS = 300  # of a text in a report
SPOILED_CHARS = 10_000  # of the longest text that a graph is tried with
ODD = ("", " \t\n\u3000", "never seen", "\u0416\u6c34\U0001f469\u200d\U0001f680", "e\u0301\u202e\u05e9", "\x02\x03")


class TextSummary(Summary):
    """How long the longest text is."""

    def __init__(self) -> None:
        super().__init__(is_empty_text)
        self.longest = 0  # characters

    def add_present(self, present: NDArray[Any]) -> None:
        self.longest = max(self.longest, *map(len, present))


class Text(FeatureType):
    """See `training.features.base.FeatureType`."""

    name = "text"
    encoder = "training.features.text.encoder:TextEncoder"

    def certainty(self, tally: Tally, verdict: Verdict) -> float:
        return CERTAINTY if are_texts(tally, verdict) else 0.0

    def suggestion(self, tally: Tally) -> str | None:
        if tally.different < SUGGESTED_DIFFERENT or not are_sentences(tally):
            return None
        return f"free text ({tally.mean_words:.0f} words a cell, such as {tally.sample[0][:60]!r})"

    def cells(self, values: pa.Array, rule: ColumnRule) -> NDArray[Any]:
        return texts(words.as_words(values))

    def summary(self, *, trained: bool = False) -> Summary:
        return super().summary() if trained else TextSummary()

    def alike(self, cells: NDArray[Any]) -> Alike:
        return near_equal.alike(cells)

    def remarks(self, column: TextColumn, of: Summary) -> Iterator[str]:
        assert isinstance(of, TextSummary)
        if of.longest > column.longest:
            yield (
                f"{code(column.name)} has texts of up to {of.longest:,} characters: they are cut at "
                f"{column.longest:,}, here and by the service (--longest-text)"
            )

    def describe(self, cells: pd.Series, options: TextOptions, of: Summary, trained: Summary) -> TextColumn:
        assert isinstance(of, TextSummary)
        shortened = [text[: options.longest_text] for text in cells]
        column = described(str(cells.name), shortened, 0, trained.missing_share, options)
        return replace(column, cut=column.cut or of.longest > options.longest_text)

    def together(self, columns: Sequence[TextColumn]) -> tuple[TextColumn, ...]:
        return tuple(_at(place, column) for place, column in enumerate(columns))

    def recut(self, exact: TextColumn, sampled: TextColumn) -> Column:
        return replace(sampled, missing_share=exact.missing_share)

    def unused(self, options: TextOptions) -> str | None:
        given = {"--vectors": options.vectors, "--encoder": options.encoder}
        named = [name for name, folder in given.items() if folder is not None]
        return f"`{named[0]}`: expected a column of texts. Received: none (--type NAME=text)." if named else None

    def tensors(self, columns: Sequence[Any]) -> tuple[Tensor, ...]:
        texts = Tensor(TENSOR, "string", (len(columns),))
        return (texts, Tensor(TOKENS, "int32", (len(columns), None))) if _are_read(columns) else (texts,)

    def arrays(self, columns: Sequence[Any], cells: pd.DataFrame) -> dict[str, NDArray[Any]]:
        found = cells.to_numpy(object, copy=True)  # (rows, features) text
        for place, column in enumerate(columns):
            if column.cut:
                found[:, place] = [text[: column.longest] for text in found[:, place]]
        return _arrays(columns, found)

    def spoiled(self, columns: Sequence[Any], arrays: Arrays, random: np.random.Generator) -> dict[str, NDArray[Any]]:
        found = scattered(arrays[TENSOR], ODD, random)
        for place, column in enumerate(columns):
            longest = min(column.longest, SPOILED_CHARS)
            found[place % len(found), place] = ("word \u6c34" * longest)[:longest]
        return _arrays(columns, found)

    def tabular(self, column: TextColumn, arrays: Arrays) -> Tabular:
        return Tabular.of(texts=arrays[TENSOR])

    def slices(self, column: TextColumn, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        """Yield fifths by length, and the scripts of most letters."""
        known, lengths = lengths_of(trained), lengths_of(arrays)
        for low, high, rows in statistics.slices(known, lengths):
            yield _range(low, high), rows
        scripts = np.array(scripts_of(arrays[TENSOR][:, 0].tolist()), object)
        for script in sorted(set(scripts[~np.isnan(lengths)])):
            yield f"{script} letters", (scripts == script) & ~np.isnan(lengths)
        yield "missing", np.isnan(lengths)

    def bins(self, column: TextColumn, arrays: Arrays) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(text_bins(arrays[TENSOR][:, 0].tolist()))
        return found

    def shown(self, cell: str) -> str:
        return bounded(cell, SHOWN_CHARS)

    def section(self, column: TextColumn) -> Iterator[str]:
        beyond = "cut" if column.cut else "refused"
        yield (
            f"{code(column.name)} is text: {len(column.keys):,} n-grams of {column.texts:,} training texts count. "
            f"Texts beyond {column.longest:,} characters are {beyond}."
        )
        if (reading := column.reading) is not None:
            yield (
                f"An encoder reads the first {reading.longest:,} tokens of it (SHA-256 of its weights: "
                f"{code(reading.source)})."
            )
        if (vectors := column.vectors) is not None:
            yield (
                f"{vectors.trained:,} of its words, and {len(vectors.keys) - vectors.trained:,} that no training text "
                f"holds, have vectors of an encoder (SHA-256 of its weights: {code(vectors.source)})."
            )

    def manifest(self, column: TextColumn, place: int) -> Mapping[str, Any]:
        keys = {"tensor": TENSOR, "column": place, "longest": column.longest, "cut": column.cut}
        return keys if column.reading is None else keys | {"tokens": column.reading.manifest()}

    def files(self, columns: Sequence[Any]) -> Mapping[str, bytes]:
        return {TOKENIZER: columns[0].reading.file()} if _are_read(columns) else {}


def _are_read(columns: Sequence[TextColumn]) -> bool:
    return columns[0].reading is not None


def _arrays(columns: Sequence[TextColumn], texts: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return texts, (rows, columns), with their tokens where an encoder reads them: (rows, columns) of int32 arrays."""
    if not _are_read(columns):
        return {TENSOR: texts}
    tokens = np.empty(texts.shape, object)
    for place, column in enumerate(columns):
        assert column.reading is not None
        tokens[:, place] = column.reading.tokens(texts[:, place].tolist())
    return {TENSOR: texts, TOKENS: tokens}


def lengths_of(arrays: Arrays) -> NDArray[np.float64]:
    """Return the characters of each text, NaN for missing: (rows,)."""
    lengths = np.fromiter(map(len, arrays[TENSOR][:, 0]), np.float64, len(arrays[TENSOR]))
    return np.where(lengths == 0, np.nan, lengths)


def _at(place: int, column: TextColumn) -> TextColumn:
    """Return what is known of a column at another place among the texts of a row: each moves its hashes as far."""
    keys = (column.keys - moved(column.place) + moved(place)) & KEPT_BITS
    order = np.argsort(keys)
    by_key: dict[str, Any] = {name: each[order] for name, each in vars(column).items() if isinstance(each, np.ndarray)}
    return replace(column, **(by_key | {"place": place, "keys": keys[order]}))


def _range(low: float, high: float) -> str:
    if np.isinf(low):
        return f"to {high:.0f} characters"
    return f"above {low:.0f} characters" if np.isinf(high) else f"above {low:.0f} to {high:.0f} characters"
