"""The feature `category`, any column of no other type -> a column of the tensor `categorical`: text, "" for missing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.sources import words
from app.sources.rules import ColumnRule
from app.sources.tally import LISTS, OTHER, Tally, Verdict
from training.columns.arrays import Arrays
from training.columns.summaries import CountedSummary, Summary
from training.columns.values import texts
from training.features.base import Column, Content, FeatureType, Mask, Tabular, Tensor, scattered
from training.features.options import CategoryOptions

TENSOR = "categorical"
MIN_VALUE_ROWS = 3  # a value seen in fewer training rows teaches the network nothing but noise
IDENTIFIER_SHARE = 0.9  # of different values: names, keys, free text
IDENTIFIER_MIN_ROWS = 20  # below, "nearly all different" says little
SLICE_ROWS = 50  # of a value; with fewer, an interval is too wide to say anything
MAX_BINS = 30  # of a column: each becomes a time series of the service
NO_OTHER = 0.1  # how sure it is of any column: less than a type that says something of its values


@dataclass(frozen=True)
class CategoryColumn(Column):
    """Names in the training rows."""

    vocabulary: tuple[str, ...]  # known values, most frequent first, without ""

    @property
    def known(self) -> list[str]:
        """The values that have a code of their own; missing is one of them when training saw it."""
        return [*self.vocabulary, *([""] if self.missing_share else [])]


class Category(FeatureType):
    """See `training.features.base.FeatureType`."""

    name = "category"
    encoder = "training.features.category.encoder:CategoryEncoder"
    takes_everything = True

    def certainty(self, tally: Tally, verdict: Verdict) -> float:
        return 0.0 if verdict.kind in (LISTS, OTHER) else NO_OTHER

    def cells(self, values: pa.Array, rule: ColumnRule) -> NDArray[Any]:
        return texts(words.clean(words.as_words(values)))

    def summary(self, *, trained: bool = False) -> Summary:
        return CountedSummary() if trained else super().summary()

    def objection(self, content: Content, name: str) -> str | None:
        present, different = content.of.present, content.different
        if present >= IDENTIFIER_MIN_ROWS and different > IDENTIFIER_SHARE * present:
            return f"nearly every value is different ({different} of {present})"
        return super().objection(content, name)

    def describe(self, cells: pd.Series, options: CategoryOptions, of: Summary, trained: Summary) -> CategoryColumn:
        assert isinstance(trained, CountedSummary)
        known = vocabulary(trained.counts, options.max_vocabulary)
        return CategoryColumn(str(cells.name), trained.missing_share, known)

    def tensors(self, columns: Sequence[Any]) -> tuple[Tensor, ...]:
        return (Tensor(TENSOR, "string", (len(columns),)),)

    def arrays(self, columns: Sequence[Any], cells: pd.DataFrame) -> dict[str, NDArray[Any]]:
        return {TENSOR: cells.to_numpy(object)}  # (rows, features) text

    def spoiled(self, columns: Sequence[Any], arrays: Arrays, random: np.random.Generator) -> dict[str, NDArray[Any]]:
        return {TENSOR: scattered(arrays[TENSOR], ("", "never seen", "Ω" * 100), random)}

    def tabular(self, column: CategoryColumn, arrays: Arrays) -> Tabular:
        return Tabular.of(names=arrays[TENSOR])

    def slices(self, column: CategoryColumn, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        cells = arrays[TENSOR][:, 0].astype(str)
        different, counts = np.unique(cells, return_counts=True)
        for value in different[counts >= SLICE_ROWS]:
            yield str(value) or "missing", cells == value

    def bins(self, column: CategoryColumn, arrays: Arrays) -> dict[str, Any]:
        """Count the most frequent values; the others that the graph knows share a bin, and so do those it does not."""
        cells = arrays[TENSOR][:, 0]
        named = list(column.vocabulary[:MAX_BINS])
        shares = [float(np.mean(cells == value)) for value in named]
        missing = float(np.mean(cells == ""))
        other = float(np.isin(cells, column.vocabulary[MAX_BINS:]).mean())
        unseen = max(0.0, 1 - missing - other - sum(shares))  # too rare for the vocabulary: the graph knows them not
        rest = {"other": other, "missing": missing, "unseen": unseen}
        return {"kind": "category", "values": named, "shares": shares, **rest}

    def manifest(self, column: CategoryColumn, place: int) -> Mapping[str, Any]:
        return {"tensor": TENSOR, "column": place, "vocabulary": column.vocabulary}


def vocabulary(counts: Counter[str], most: int) -> tuple[str, ...]:
    """Return the values that are worth knowing, by how often training saw each, most frequent first."""
    frequent = [(value, count) for value, count in counts.items() if count >= MIN_VALUE_ROWS]
    ranked = sorted(frequent, key=lambda item: (-item[1], item[0]))
    return tuple(value for value, _ in ranked[:most])
