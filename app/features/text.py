"""The feature `text`: a text as a person writes it -> a column of a string tensor, as it is, "" for missing.

    {"review": "Not bad."} ─ cells ─> texts (rows, features) string ─ the graph makes words of it

How long a text may be stands in the manifest, for time and memory of a run follow it: what is longer is refused, or cut
where training cut it too. A graph pads all texts of a run to the longest, so a row has as many elements as its longest
text has characters, once a feature, and the sum of a run is bounded by who forms it (`app.batching.area`).

    texts ─ completed_by(tokenizer.json) ─> text_tokens (rows, features) of int32 arrays, for an encoder in the graph

Tokens are made when a run begins, in whatever thread it has, and count as what an encoder takes for each.
It knows nothing of other types.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np

from app.bins.characters import word_spans
from app.bins.layout import Counted, Floats, Layout
from app.bins.text import TextBins, TextCounter
from app.features.base import Arrays, Cell, Complete, Count, Part, WireFault
from app.features.column_type import ColumnFeature, ColumnType
from app.tensors import BY_BUNDLE, Array, TensorSpec
from app.tokens.tokenizer import Tokenizer

LONGEST_MAX = 1_000_000  # characters: a megabyte of Latin letters
COUNTED_CHARACTERS = 2**15  # of a sample of the traffic: to count them takes two to three milliseconds
PARTS_MAX = 200  # words of a row that are left out, one at a time, to see what they move
LONGEST_TOKENS_MAX = 8192  # of a text: as many as the longest encoders read
TOKEN_ELEMENTS = 20  # that a token counts for: small encoders take 0.3 ms for one, and a run should end in 0.25 s
MARKS = 2  # tokens that a tokenizer adds to a text; besides, there are hardly more than characters
TOKENS_PARTS_MAX = 50  # likewise of words where an encoder reads each row anew
BLANK, EMOJI, ACCENTS = " \t\r\n\u00a0\u3000", "\U0001f469\u200d\U0001f680\u2764\ufe0f", "Zu\u0308rich\u202e\u0301"
CONTROLS = "\x00\x02\x03\x7f\ufffe"


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """How an encoder in the graph reads texts; the same for all features of the type."""

    tensor: str  # (rows, features, tokens) int32, in the order of the texts
    file: str  # of the bundle
    longest: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_TOKENS_MAX)]  # tokens of a text; what is beyond is cut
    padding: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0  # the encoder's own, which changes places with 0


class Text(ColumnFeature, frozen=True, kw_only=True):
    """The keys of a feature."""

    longest: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_MAX)]  # characters (code points) of a text
    cut: bool = False  # whether what is beyond is left out, and not refused
    tokens: Tokens | None = None


class Texts(ColumnType):
    """See `app.features.base.FeatureType`."""

    form = Text
    bins = TextBins
    dtype = "string"
    padded = True
    parted = True

    def __init__(self, features: Sequence[Text]) -> None:
        super().__init__(features)
        self._cuts = any(feature.cut for feature in features)
        self._limits = [feature.longest for feature in self.features]
        self._tokens = features[0].tokens
        if any(feature.tokens != self._tokens for feature in features):
            raise ValueError("expected the same `tokens` for all features of a type. Received: others")
        if self._tokens is not None:
            if self._tokens.tensor == self.tensor:
                raise ValueError(f"expected a tensor of their own for `tokens`. Received: {self.tensor}")
            self.files = (self._tokens.file,)
            shape = (None, len(self.columns), None)
            self.inputs = (*self.inputs, TensorSpec(self._tokens.tensor, BY_BUNDLE["int32"], shape))

    @property
    def wire(self) -> Sequence[TensorSpec]:
        return self.inputs[:1]

    def json_type(self, feature: Text) -> Any:
        most = None if feature.cut else feature.longest
        text = Annotated[str, msgspec.Meta(min_length=0 if feature.optional else 1, max_length=most)]
        return text | None if feature.optional else text

    def cell(self, values: Sequence[Any]) -> Sequence[str]:
        if None in values:
            values = tuple([value or "" for value in values])
        if self._cuts:  # where none is, all are within their limit
            values = tuple([value[:limit] for value, limit in zip(values, self._limits, strict=True)])
        return values

    def arrays(self, cells: Sequence[Any]) -> dict[str, Array]:
        return {self.tensor: np.array(cells, object)}  # (rows, features)

    def completed_by(self, files: Mapping[str, bytes]) -> Complete | None:
        keys = self._tokens
        if keys is None:
            return None
        try:
            tokenizer = Tokenizer(files[keys.file], keys.longest, keys.padding)
        except ValueError as error:
            raise ValueError(f"{keys.file}: {error}") from error

        def complete(arrays: Arrays) -> Arrays:
            texts = self.own(arrays[self.tensor])  # (rows, features)
            tokens = np.empty(texts.size, object)
            for place, ids in enumerate(tokenizer.ids(texts.ravel().tolist())):
                tokens[place] = ids
            return {keys.tensor: tokens.reshape(texts.shape)}

        return complete

    def elements(self, cells: Sequence[Cell]) -> list[int]:
        if self._tokens is None:
            return [len(cell) * max(map(len, cell)) for cell in cells]
        return [len(cell) * self._with_tokens(max(map(len, cell)), self._tokens.longest) for cell in cells]

    def _with_tokens(self, characters: int, longest: int) -> int:
        """Count a text and its tokens, of which nobody knows how many there are before it is run."""
        return characters + TOKEN_ELEMENTS * min(characters + MARKS, longest)

    def elements_of(self, arrays: Arrays) -> list[int]:
        return self.elements(self.own(arrays[self.tensor]).tolist())

    def largest(self, arrays: Arrays) -> dict[str, Array]:
        """Repeat what the row says until each text is as long as it may be."""
        row = arrays[self.tensor][:1].copy()
        row[0, self.columns] = list(map(_as_long, row[0, self.columns], self._limits))
        return {self.tensor: row}

    def parts(self, cell: Sequence[str]) -> list[Part]:
        """Return the words of the texts; of more than may be, so many neighbours each that they are fewer."""
        most = PARTS_MAX if self._tokens is None else TOKENS_PARTS_MAX
        spans = [word_spans(text) for text in cell]
        together = max(1, -(-sum(map(len, spans)) // most))
        while sum([-(-len(some) // together) for some in spans]) > most:
            together += 1
        return [
            Part(place, some[at][0], last[1], cell[place][some[at][0] : last[1]])
            for place, some in enumerate(spans)
            for at in range(0, len(some), together)
            if (last := some[min(at + together, len(some)) - 1])
        ]

    def without(self, cell: Sequence[str], part: Part) -> Sequence[str]:
        text = cell[part.place]
        return (*cell[: part.place], text[: part.start] + text[part.stop :], *cell[part.place + 1 :])

    def from_wire(self, arrays: Arrays) -> dict[str, Array]:
        found = super().from_wire(arrays)[self.tensor]  # (rows, columns)
        long = np.vectorize(len, [np.int64])(self.own(found)) > np.array(self._limits)
        if not long.any():
            return {self.tensor: found}
        found = found.copy()
        for row, place in np.argwhere(long).tolist():
            feature, at = self.features[place], (row, int(self.columns[place]))
            if not feature.cut:
                raise WireFault(
                    self.tensor, at, f"a string of at most {feature.longest} characters", _length(found[at])
                )
            found[at] = found[at][: feature.longest]
        return {self.tensor: found}

    def column_of(self, place: int, column: Any, unread: Array) -> Array:
        from app.sources import words  # noqa: PLC0415 - a service needs no Arrow

        feature = self.features[place]
        texts = [text or "" for text in words.as_words(column).to_pylist()]
        if not feature.optional:
            unread |= np.array([not text for text in texts])
        long = np.array([len(text) > feature.longest for text in texts])
        if feature.cut:
            texts = [text[: feature.longest] for text in texts]
        else:
            unread |= long
        values = np.empty((len(texts), 1), object)
        values[:, 0] = texts
        return values

    def openapi(self, feature: Text) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string"}
        if not feature.optional:
            schema["minLength"] = 1
        if feature.cut:
            return schema | {"description": f"A text; what follows its first {feature.longest} characters is left out."}
        return schema | {"maxLength": feature.longest, "description": "A text."}

    def strange(self, feature: Text) -> list[Any]:
        long = _as_long("word \u6c34", feature.longest)
        return [text[: feature.longest] for text in (BLANK, EMOJI, ACCENTS, CONTROLS, long)]

    def typical(self, feature: Text, bins: TextBins | None) -> str | None:
        words = " ".join([] if bins is None else list(bins.words)[:8])
        return words[: feature.longest] or (None if feature.optional else BLANK[0])

    def layouts(self, feature: Text, bins: TextBins) -> Mapping[str, Layout]:
        return bins.layouts()

    def counter(self, counted: Mapping[str, Counted]) -> Count:
        columns = self.columns.tolist()
        counters = {
            columns[place]: TextCounter(counted[feature.name].bins, counted[feature.name].start)
            for place, feature in enumerate(self.features)
            if feature.name in counted
        }
        self.longest = max(counter.longest for counter in counters.values())
        self.counted_rows = max(1, COUNTED_CHARACTERS // sum([counter.longest for counter in counters.values()]))

        def count(arrays: Arrays, found: Floats, out_of_range: Floats) -> None:
            texts = arrays[self.tensor]
            for column, counter in counters.items():
                counter.count(texts[:, column].tolist(), found)

        return count


def _as_long(text: str, length: int) -> str:
    """Repeat a text until it has so many characters."""
    text = text or BLANK[0]
    return (text * (length // len(text) + 1))[:length]


def _length(text: str) -> str:
    return f"{len(text)} characters"
