"""The feature `category`: a word -> a column of a string tensor, "" for missing.

Any word may come; those that are not in the vocabulary are unknown to the graph, unless they are in it once they are
stripped and composed (`app.words`). That is looked at only where a row holds a word that no vocabulary has.
It knows nothing of other types.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np

from app.bins.category import CategoryBins, CategoryCounter
from app.bins.layout import Counted, Floats
from app.features.base import Arrays, Count, CountColumns
from app.features.column_type import ColumnFeature, ColumnType
from app.tensors import Array
from app.words import Vocabulary, composed

Text = Annotated[str, msgspec.Meta(min_length=1)]  # "" is how a tensor says missing
UNKNOWN_WORD = "\u2047"  # a word that no vocabulary holds
EXAMPLES_MAX = 20


class Category(ColumnFeature, frozen=True, kw_only=True):
    """The keys of a feature."""

    vocabulary: tuple[str, ...] | None = None  # the known values


class Categories(ColumnType):
    """See `app.features.base.FeatureType`."""

    form = Category
    bins = CategoryBins
    dtype = "string"
    encoded = True

    def __init__(self, features: Sequence[Category]) -> None:
        super().__init__(features)
        vocabularies = [feature.vocabulary or () for feature in self.features]
        self._vocabularies = [Vocabulary(words) for words in vocabularies]
        self._usual = composed(word for words in vocabularies for word in ("", *words))

    def json_type(self, feature: Category) -> Any:
        return str | None if feature.optional else Text

    def cell(self, values: Sequence[Any]) -> Sequence[str]:
        if self._usual.issuperset(values):
            return values
        return tuple([words.meant(value or "") for words, value in zip(self._vocabularies, values, strict=True)])

    def arrays(self, cells: Sequence[Any]) -> dict[str, Array]:
        return {self.tensor: np.array(cells, object)}  # (rows, features)

    def from_wire(self, arrays: Arrays) -> dict[str, Array]:
        found = super().from_wire(arrays)[self.tensor]  # (rows, columns)
        if self._usual.issuperset(self.own(found).ravel().tolist()):
            return {self.tensor: found}
        found = found.copy()
        for column, words in zip(self.columns, self._vocabularies, strict=True):
            found[:, column] = _meant(words, found[:, column].tolist())
        return {self.tensor: found}

    def column_of(self, place: int, column: Any, unread: Array) -> Array:
        """Look each different word up once."""
        from app.sources import words  # noqa: PLC0415 - a service needs no Arrow

        texts, codes = words.distinct(column)
        known = self._known(place, texts)
        if not self.features[place].optional:
            unread |= np.array([word == "" for word in known])[codes]
        values: Array = np.array(known, object).take(codes)  # a quarter quicker than by index
        return values.reshape(-1, 1)

    def _known(self, place: int, texts: Sequence[str | None]) -> list[str]:
        meant = self._vocabularies[place].meant
        return [meant(text or "") for text in texts]

    def openapi(self, feature: Category) -> dict[str, Any]:
        if not feature.vocabulary:
            return {"type": "string"}
        known = f"{len(feature.vocabulary)} values known from training; others are treated as unknown."
        return {"type": "string", "examples": list(feature.vocabulary[:EXAMPLES_MAX]), "description": known}

    def strange(self, feature: Category) -> list[Any]:
        return [UNKNOWN_WORD]

    def typical(self, feature: Category, bins: CategoryBins | None) -> str | None:
        known = (None if bins is None else bins.mode) or next(iter(feature.vocabulary or ()), None)
        return known if known or feature.optional else UNKNOWN_WORD

    def counter(self, counted: Mapping[str, Counted]) -> Count:
        counters = self._counters(counted)
        self.longest = max(counter.longest for counter in counters.values())

        def count(arrays: Arrays, found: Floats, out_of_range: Floats) -> None:
            for counter in counters.values():
                counter.count(arrays[self.tensor], found)

        return count

    def column_counter(self, counted: Mapping[str, Counted]) -> CountColumns:
        counters = self._counters(counted)

        def count(columns: Mapping[str, Any], found: Floats) -> None:
            from app.sources import words  # noqa: PLC0415 - a service needs no Arrow

            for place, counter in counters.items():
                texts, codes = words.distinct(columns[self.features[place].name])
                rows: Counter[str] = Counter()
                for word, its in zip(self._known(place, texts), np.bincount(codes, minlength=len(texts)), strict=True):
                    rows[word] += int(its)
                counter.count_words(rows, found)

        return count

    def _counters(self, counted: Mapping[str, Counted]) -> dict[int, CategoryCounter]:
        """Return the counters of features by their place."""
        columns = self.columns.tolist()
        return {
            place: CategoryCounter(columns[place], counted[feature.name], feature.vocabulary or ())
            for place, feature in enumerate(self.features)
            if feature.name in counted
        }


def _meant(words: Vocabulary, values: Sequence[str]) -> Array:
    """Return a column of words, each different one looked up once."""
    meant = {value: words.meant(value) for value in set(values)}
    return np.array([meant[value] for value in values], object)  # (rows,)
