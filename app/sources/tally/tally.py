"""Tally: what was seen of one column over all chunks.

    values ─ to texts or numbers ─┬─ while few are different: each once, with how often and where it came first
                                  └─ beyond: all cells
                                        ╰─ Cells ─> counts, evidence ─ verdict

Whatever the chunks, the same values give the same. It knows nothing about other columns, features or the model.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.sources.rules import NumberForm, Order
from app.sources.tally import verdict
from app.sources.tally.cells import Cells, Counts
from app.sources.tally.kinds import DATES, NUMBERS, OTHER, TRUTHS
from app.sources.tally.verdict import Verdict
from app.sources.words import as_words

KEPT_WORDS = 1000
FIRST_LOOK = 4096  # cells of a chunk; where they hold too many words, the others need not be looked at
SAMPLE = 5


class Tally:
    """See the module. `is_text`: the file's texts may be numbers, dates and truths, as in CSV."""

    def __init__(self, name: str, is_text: bool) -> None:
        self.name, self.is_text = name, is_text
        self.rows = 0
        self.arrow_types: set[str] = set()
        self.groups: set[str] = set()  # of types: text, numbers, truths, dates, other
        self.zones: set[str] = set()
        self.is_whole = True  # all numbers of a typed file
        self._words: dict[Any, list[int]] | None = {}  # cell ─> how often, first row
        self._all = Cells(is_text)
        self._cells: Cells | None = None  # of `_words`, until there is a further chunk
        self._first_words: list[Any] = []  # of them, in order of appearance, once they are too many

    def add(self, values: Any, first_row: int) -> None:
        """Take in a chunk of the column; its first row counts from 1 over all files."""
        self.rows += len(values)
        self.arrow_types.add(str(values.type))
        self._cells = None
        group, cells = self._converted(values)
        if group != "null":
            self.groups.add(group)
        if group == OTHER:
            self._all.present += len(values) - values.null_count
            self._first_words += [
                str(cell) for cell in cells.drop_null()[: SAMPLE - len(self._first_words)].to_pylist()
            ]
        elif group != "null":
            self._add(cells, first_row)

    def verdict(
        self, decimal: str | None = None, number: NumberForm | None = None, order: Order | None = None
    ) -> Verdict:
        """Return what the column is; the arguments are what other columns prove or the user said."""
        return verdict.of(self, decimal, number, order)

    @property
    def cells(self) -> Cells:
        """What is counted of the present cells."""
        if self._words is None or OTHER in self.groups:
            return self._all
        if self._cells is None:
            self._cells = self._counted()
        return self._cells

    @property
    def words(self) -> dict[str, int] | None:
        """The different cells with how often each came; None beyond 1,000."""
        if self._words is None or OTHER in self.groups:
            return None
        texts = self._as_texts(list(self._words))
        found: dict[str, int] = {}
        for text, (count, _) in zip(texts, self._words.values(), strict=True):
            found[text] = found.get(text, 0) + count
        return found

    @property
    def first_words(self) -> list[str]:
        """The first thousand different cells, in order of appearance."""
        return self._as_texts(list(self._words or self._first_words))

    @property
    def sample(self) -> list[str]:
        """The first few of them."""
        return self._as_texts(list(self._words or self._first_words)[:SAMPLE])

    @property
    def present(self) -> int:
        return self.cells.present

    @property
    def number_cells(self) -> int:
        return self.cells.number_cells

    @property
    def first_text(self) -> tuple[str, int] | None:
        return self.cells.first_text

    @property
    def different(self) -> int:
        return self.cells.different.count(self.present)

    @property
    def mean_chars(self) -> float:
        return self.cells.chars / max(self.present, 1)

    @property
    def mean_words(self) -> float:
        return 1 + self.cells.blanks / max(self.present, 1)

    @property
    def certain_decimal(self) -> str | None:
        """The decimal sign that this column proves."""
        return self.cells.numbers.certain_decimal if self.is_text and self.present else None

    def _converted(self, values: Any) -> tuple[str, Any]:
        """Return the group of the values' type, and them as texts or numbers; null where missing."""
        kind = values.type
        if pa.types.is_dictionary(kind):
            return self._converted(values.cast(kind.value_type))
        group = _group(kind)
        if group == NUMBERS:
            return group, self._floats(values) if pa.types.is_floating(kind) else values
        if group == DATES and (zone := getattr(kind, "tz", None)):
            self.zones.add(zone)
        try:
            return group, as_words(values) if group in ("text", TRUTHS, DATES) else values
        except ValueError:  # bytes that are no text
            return OTHER, values

    def _floats(self, values: Any) -> Any:
        doubles = values.cast(pa.float64())
        doubles = pc.if_else(pc.is_nan(doubles), None, doubles)
        whole = pc.and_(pc.is_finite(doubles), pc.equal(doubles, pc.floor(doubles)))
        self.is_whole &= bool(pc.all(whole, min_count=0).as_py())
        return doubles

    def _add(self, cells: Any, first_row: int) -> None:
        if self._words is not None and len(cells) > FIRST_LOOK:
            words = cells[:FIRST_LOOK].dictionary_encode().dictionary
            if len(words) > KEPT_WORDS:
                self._forget(words[: KEPT_WORDS + 1].to_pylist())
        if self._words is None:
            self._add_all(cells, first_row)
            return
        encoded = cells.dictionary_encode()
        if len(encoded.dictionary) > KEPT_WORDS:
            self._forget(encoded.dictionary[: KEPT_WORDS + 1].to_pylist())
            self._add_all(cells, first_row)
            return
        codes = encoded.indices.drop_null().to_numpy()
        counts = np.bincount(codes, minlength=len(encoded.dictionary))
        rows = np.zeros(len(counts), np.int64)
        rows[codes[::-1]] = _rows(cells, first_row)[::-1]  # the first one is written last
        for cell, count, row in zip(encoded.dictionary.to_pylist(), counts.tolist(), rows.tolist(), strict=True):
            known = self._words.setdefault(cell, [0, row])
            known[0] += count
        if len(self._words) > KEPT_WORDS:
            self._forget([])

    def _forget(self, further: list[Any]) -> None:
        """Count words no longer; keep the first, of which `further` came last, to show them."""
        assert self._words is not None
        self._first_words = list(dict.fromkeys([*self._words, *further]))[:KEPT_WORDS]
        self._all, self._words = self._counted(), None

    def _add_all(self, cells: Any, first_row: int) -> None:
        rows = _rows(cells, first_row)
        present, counts = cells.drop_null(), np.ones(len(rows), np.int64)
        if _is_text(cells):
            self._all.add(present, counts, rows)
        else:
            self._all.add_numbers(present, counts)

    def _counted(self) -> Cells:
        assert self._words is not None
        found = Cells(self.is_text)
        words = list(self._words)
        counts = np.array(list(self._words.values()), np.int64).reshape(-1, 2)
        texts = np.array([isinstance(word, str) for word in self._words], bool)
        found.add(pa.array([word for word in words if isinstance(word, str)], pa.string()), *counts[texts].T)
        others = [word for word in words if not isinstance(word, str)]
        if others:
            found.add_numbers(_array(others), counts[~texts, 0])
        return found

    def _as_texts(self, words: list[Any]) -> list[str]:
        return [word if isinstance(word, str) else as_words(_array([word]), self.is_whole)[0].as_py() for word in words]


def _group(kind: Any) -> str:
    of = pa.types
    tests: dict[str, tuple[Callable[[Any], bool], ...]] = {
        "text": (of.is_string, of.is_large_string, of.is_string_view, of.is_binary, of.is_large_binary),
        NUMBERS: (of.is_integer, of.is_floating, of.is_decimal),
        TRUTHS: (of.is_boolean,),
        DATES: (of.is_date, of.is_timestamp),
        "null": (of.is_null,),
    }
    found = [group for group, each in tests.items() if any(test(kind) for test in each)]
    return "text" if of.is_fixed_size_binary(kind) else next(iter(found), OTHER)


def _rows(cells: Any, first_row: int) -> Counts:
    """Return the row of each present cell: (present,)."""
    rows = np.arange(first_row, first_row + len(cells), dtype=np.int64)
    return rows if not cells.null_count else rows[pc.is_valid(cells).to_numpy(zero_copy_only=False)]


def _array(numbers: list[Any]) -> Any:
    """Return numbers of one type, or of several where files differ, as Arrow holds them."""
    try:
        return pa.array(numbers)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        is_unsigned = all(isinstance(number, int) and number >= 0 for number in numbers)
        return pa.array(numbers, pa.uint64()) if is_unsigned else pa.array(list(map(float, numbers)))


def _is_text(cells: Any) -> bool:
    return bool(pa.types.is_string(cells.type))
