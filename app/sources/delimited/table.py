"""CSV: a file of text as pieces, read by pyarrow under the form of its first rows.

    path ─ sample ─ form ─> Form
         └ text ─ pyarrow ─ batches ┬ cells stripped, missing ones null ─> Piece
                                        └ rows of another width ─ rows ─> repaired where nothing is lost or rejected

It knows nothing about types.
"""

import codecs
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from app.sources.chunks import ALL, Cut, Locator, Piece, Rejected, Seen, Wishes
from app.sources.delimited import lines
from app.sources.delimited.cells import Dialect
from app.sources.delimited.form import Form, Sample, find, unpaired
from app.sources.delimited.rows import OddRows, Placed
from app.sources.delimited.swallowed import Swallowed
from app.sources.delimited.text import Fault, NotText, TextStream
from app.sources.errors import NoRows, SourceError
from app.sources.formats import encodings, kinds, opening
from app.sources.formats.parquet import places_of, rows_of
from app.sources.rules import Rules
from app.sources.words import MISSING, without_missing

SAMPLE_BYTES = 2**20
HEAD_BYTES = 65_536  # in which bytes that are no text are looked for
LONGEST_ROW_BYTES = 2**26
MOST_LINES = 10  # of rejected rows, that are looked for in one reading
NEAR_CELLS = 5_000_000


class CsvTable:
    """One CSV file."""

    is_text = True
    groups: Sequence[int] = ()

    def __init__(self, path: Path, name: str, wishes: Wishes, rules: Rules | None) -> None:
        self._path, self._name = path, name
        self.packed = opening.is_packed(path)
        with opening.explained(name, "a CSV file"):
            self._encoding, self._form = self._found(wishes, rules)
        self._looked = 0  # rejected rows whose lines were looked for
        form = self._form
        self.names, self.unnamed = form.names, form.unnamed
        self.types = [pa.string()] * len(self.names)
        self._remarks = [*self._said_of_encoding(wishes, rules), *form.remarks]
        self._noted: list[str] = []  # complete after a first full reading
        missing = tuple(dict.fromkeys((*(rules.missing if rules else ()), *wishes.missing)))
        self._missing = frozenset(MISSING | {word.strip() for word in missing})
        self.rules = Rules(
            encoding=self._encoding,
            delimiter=form.dialect.delimiter,
            quote=form.dialect.quote,
            escape=form.dialect.escape,
            missing=missing,
        )

    @property
    def remarks(self) -> list[str]:
        """Return what was skipped or assumed; complete after a first full reading."""
        return [*self._remarks, *self._noted]

    def retype(self, types: Sequence[Any]) -> None:
        """Do nothing: all columns of a text are text."""

    def pieces(self, seen: Seen, chunk_bytes: int, chunk_rows: int, cut: Cut = ALL) -> Iterator[Piece]:
        """Give the rows in order."""
        odd, swallowed = OddRows(self._name, self._form), Swallowed(self.rules.delimiter, len(self.names))
        self._looked, rows = 0, 1
        for batch, has_quotes in self._batches(seen, max(chunk_bytes, 16), odd):
            placed = odd.placed(batch)
            if has_quotes:
                swallowed.look(placed.columns, rows)
            rows += placed.columns.num_rows
            yield self._piece(placed, cut)
        if (last := odd.placed(None)) is not None:
            yield self._piece(last, cut)
        self._noted = [*odd.remarks, *swallowed.remarks(self.line_of)]
        seen(1.0)

    def line_of(self, row: int) -> int:
        """Return the line where a good row begins."""
        return lines.of_good_row(self._path, self._encoding, self._form, row)

    def locator(self) -> Locator:
        """Return what finds rows of this file."""
        return lines.CsvLocator(self._path, self._encoding, self._form)

    def _found(self, wishes: Wishes, rules: Rules | None) -> tuple[str, Form]:
        with opening.opened(self._path) as (stream, _):
            start = opening.first_bytes(stream, SAMPLE_BYTES)
        kinds.check(self._name, start)
        encoding = encodings.of(self._name, start[:HEAD_BYTES], wishes.encoding, rules.encoding if rules else None)
        if not encoding.startswith(("utf-16", "utf-32")):
            kinds.check_control(self._name, start[:HEAD_BYTES])
        sample = Sample(self._text(start, encoding), len(start) < SAMPLE_BYTES)
        form = find(self._name, sample, wishes, rules)
        if sample.whole and not sample.text[form.skip_chars :].strip(" \t\r\n\x1a"):
            raise NoRows(self._name, form.names)
        return encoding, form

    def _said_of_encoding(self, wishes: Wishes, rules: Rules | None) -> list[str]:
        if wishes.encoding or self._encoding == (rules.encoding if rules else encodings.UTF_8):
            return []
        return [f"read as {self._encoding}: its bytes leave no doubt"]

    def _text(self, start: bytes, encoding: str) -> str:
        """Return the first bytes as text; the last letter may be cut."""
        whole = len(start) < SAMPLE_BYTES
        try:
            return codecs.getincrementaldecoder(encoding)().decode(start, final=whole).removeprefix("\ufeff")
        except UnicodeError as error:
            raise encodings.not_text(self._path, self._name, encoding) from error

    def _batches(self, seen: Seen, block: int, odd: OddRows) -> Iterator[tuple[Any, bool]]:
        """Give (batch, whether quotes came by); where a row is longer than a block, go on with longer ones."""
        rows = 0
        while True:
            try:
                for batch, has_quotes in self._blocks(seen, block, odd, rows):
                    rows += batch.num_rows
                    yield batch, has_quotes
                return
            except pa.ArrowInvalid as error:
                if "straddling" not in str(error):
                    raise SourceError(self._refusal(opening.reason(error))) from error
                block *= 8
                if block > 8 * LONGEST_ROW_BYTES:
                    raise SourceError(self._too_long()) from error

    def _blocks(self, seen: Seen, block: int, odd: OddRows, skip: int) -> Iterator[tuple[Any, bool]]:
        """Give the batches that pyarrow makes of blocks, without the first rows."""
        size = max(1, self._path.stat().st_size)
        with self._explained(), opening.opened(self._path) as (stream, raw):
            text = TextStream(stream, self._encoding, self._form)
            for batch in _read(text, self._form.dialect, self.names, block, odd):
                left = batch.slice(min(skip, batch.num_rows))
                skip -= batch.num_rows - left.num_rows
                seen(min(1.0, raw.tell() / size))
                if left.num_rows:
                    yield left, text.has_quotes

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what is wrong with the file where a library only says that something is."""
        try:
            yield
        except NotText as error:
            raise encodings.not_text(self._path, self._name, self._encoding) from error
        except Fault as error:
            line = lines.at_byte(self._path, self._encoding, self._form, error.at)
            if error.quote:
                raise SourceError(unpaired(self._name, error.quote, line)) from error
            raise SourceError(kinds.control(self._name, line, 0)) from error
        except pa.ArrowInvalid:
            raise
        except opening.UNREADABLE as error:
            raise SourceError(self._refusal(opening.reason(error))) from error

    def _piece(self, placed: Placed, cut: Cut) -> Piece:
        self._find_lines(placed.rejected)
        places = places_of(self.names, cut)
        columns = [without_missing(placed.columns.column(place), self._missing) for place in places]
        return Piece(rows_of(columns, [self.names[at] for at in places], placed.columns.num_rows), placed.rejected)

    def _find_lines(self, rejected: list[Rejected]) -> None:
        """Find the lines of the first rejected rows by a second look, where that takes no more than seconds."""
        near = [
            each for each in rejected[: max(0, MOST_LINES - self._looked)] if each.row * len(self.names) < NEAR_CELLS
        ]
        self._looked += len(near)
        rows = [each.row for each in near]
        found = lines.of_rows(self._path, self._encoding, self._form, rows) if near else {}
        for each in near:
            each.line = found.get(each.row)

    def _refusal(self, received: str) -> str:
        return f"{self._name}: expected a CSV file. Received: {received}."

    def _too_long(self) -> str:
        return self._refusal(
            f"a row of more than {LONGEST_ROW_BYTES >> 20} MB, perhaps a quote that never closes: say --no-quotes "
            "where quotes are letters as any other"
        )


def _read(text: TextStream, dialect: Dialect, names: list[str], block: int, odd: OddRows) -> Iterator[Any]:
    """Give the rows of the right width, all cells as text; the others go to `odd`.

    An error of the text is raised behind the rows before it, but for the last batch, whose last row it may have cut.
    """
    read = pyarrow.csv.ReadOptions(column_names=names, block_size=block, use_threads=False)  # or rows have no numbers
    parse = pyarrow.csv.ParseOptions(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote or False,
        escape_char=dialect.escape or False,
        newlines_in_values=bool(dialect.quote),
        invalid_row_handler=odd.receive,
    )
    as_written = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
    )
    last = None
    try:
        for batch in pyarrow.csv.open_csv(pa.PythonFile(text, "r"), read, parse, as_written):
            if last is not None:
                yield last
            last = batch
    except pa.ArrowInvalid as error:
        if text.error is None and "Empty CSV file" not in str(error):
            raise
    if text.error is not None:
        raise text.error
    if last is not None:
        yield last
