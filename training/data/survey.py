"""Survey: all rows of a file once -> what each of its columns is, and what a person should know of it.

    file ─ app.sources ─> raw chunks ─> a tally of each column ─> its type and the rule by which it is read

Nothing is decided by the first rows. It knows nothing about splits or what is learned.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from app.sources.numbers import form_of_example, shown
from app.sources.rules import ColumnRule, NumberForm
from app.sources.source import Chunk, Rejected, Source, Wishes, open_source
from app.sources.tally import WORDS, Tally, Verdict
from training.data import mixed_columns
from training.data.accounts import Column
from training.data.columns_asked import check_columns, wished_types
from training.data.labels import variants
from training.data.ways.registry import way_class
from training.errors import DataError, told
from training.features.registry import broadest, feature_type, feature_types, recognise
from training.options.rooms import DataOptions
from training.rendering.markdown import code

CHUNK_BYTES = 2**21  # of text
CHUNK_ROWS = 65_536  # of what is no text
ISO_ORDER = "ymd"

Seen = Callable[[float], None]  # share of the file that has been read, 0 to 1


@dataclass(frozen=True)
class Survey:
    """What was found of a file, by all of its rows."""

    source: Source
    tallies: Mapping[str, Tally]  # every column, in the order of the file
    verdicts: Mapping[str, Verdict]
    types: Mapping[str, str | None]  # name of each column's type; None: no type takes it
    warnings: tuple[str, ...]

    @property
    def rows(self) -> int:
        return next(iter(self.tallies.values())).rows

    def written(self, name: str) -> str:
        """Say how a column writes its values, where it is not the usual way."""
        rule = self.verdicts[name].rule
        if rule.number is not None and not rule.number.is_plain:
            return shown(rule.number)
        return rule.date.order if rule.date is not None and rule.date.order != ISO_ORDER else ""

    def column(self, name: str, fate: str) -> Column:
        """Say what was seen of a column."""
        tally, kind = self.tallies[name], self.types[name] or self.verdicts[name].arrow_type
        missing, example = 1 - tally.present / max(tally.rows, 1), (tally.sample or [""])[0]
        return Column(name, kind, missing, tally.different, example, fate, self.written(name))

    @property
    def rules(self) -> Any:
        """Return how the file was read, as the manifest keeps it for the next one."""
        usual = ColumnRule()
        columns = {name: verdict.rule for name, verdict in self.verdicts.items() if verdict.rule != usual}
        return msgspec.structs.replace(self.source.rules, columns=columns)


def survey(chosen: DataOptions, seen: Seen, *, for_training: bool = True) -> Survey:
    """Read every row once; raise a DataError that a person can act on; `for_training`: also where no target is."""
    with told():
        wishes = Wishes(encoding=chosen.encoding, quotes=not chosen.no_quotes, missing=chosen.missing)
        source = open_source(chosen.path, wishes)
        if for_training:
            way_class(chosen)
            check_columns(source.names, chosen)
        tallies = _tallied(source, seen)
    verdicts = _verdicts(tallies, source, chosen)
    types = {name: _type(name, tallies[name], verdict, chosen) for name, verdict in verdicts.items()}
    return Survey(source, tallies, verdicts, types, _warnings(source, tallies, verdicts, types, chosen))


def chunks(source: Source, seen: Seen) -> Iterator[Chunk]:
    """Read the rows of a file, some at a time; how many changes nothing that comes of them."""
    return source.batches(seen, chunk_bytes=CHUNK_BYTES, chunk_rows=CHUNK_ROWS)


def _tallied(source: Source, seen: Seen) -> dict[str, Tally]:
    tallies = {name: Tally(name, source.is_text) for name in source.names}
    rejected = _Rejects()
    for chunk in chunks(source, seen):
        rejected.add(chunk.rejected)
        for name, values in zip(source.names, chunk.columns.columns, strict=True):
            tallies[name].add(values, chunk.first_row)
    rejected.refuse()
    if not next(iter(tallies.values())).rows:
        raise DataError(f"{source.files[0]}: expected rows. Received: 0 rows of {len(tallies)} columns.")
    return tallies


@dataclass
class _Rejects:
    """The rows that the reader could not take: how many, and the first of them."""

    count: int = 0
    first: Rejected | None = None

    def add(self, found: list[Rejected]) -> None:
        self.count += len(found)
        self.first = self.first or next(iter(found), None)

    def refuse(self) -> None:
        """Raise a DataError that names the first, if there are any."""
        if self.first is None:
            return
        where = f"row {self.first.row:,}" if self.first.line is None else f"line {self.first.line:,}"
        more = f", and {self.count - 1:,} more such rows" if self.count > 1 else ""
        raise DataError(
            f"{self.first.file}: expected {self.first.reason} in {where}, {self.first.content!r}{more}. "
            "A cell of CSV that holds the delimiter must stand in quotes."
        )


def _verdicts(tallies: Mapping[str, Tally], source: Source, chosen: DataOptions) -> dict[str, Verdict]:
    """Say what each column is; what one of them proves of the decimal sign helps to read the others."""
    proofs = {tally.certain_decimal for tally in tallies.values()} - {None}
    decimal = proofs.pop() if len(proofs) == 1 else None
    if decimal is None and not proofs and source.is_text and source.rules.delimiter == ";":
        decimal = ","  # where the comma divides no cells, it is because numbers need it
    number = number_form(chosen)
    return {name: tally.verdict(decimal, number, chosen.date_order) for name, tally in tallies.items()}


def number_form(chosen: DataOptions) -> NumberForm | None:
    """Return the notation that was asked for."""
    if chosen.number_format is None:
        return None
    try:
        return form_of_example(chosen.number_format)
    except ValueError as error:
        raise DataError(f"`--number-format`: expected {error}. Received: {chosen.number_format!r}.") from error


def _type(name: str, tally: Tally, verdict: Verdict, chosen: DataOptions) -> str | None:
    wished = wished_types(chosen).get(name)
    if wished is not None:
        return feature_type(wished).name
    found = recognise(tally, verdict)
    return None if found is None else found.name


def _warnings(
    source: Source,
    tallies: Mapping[str, Tally],
    verdicts: Mapping[str, Verdict],
    types: Mapping[str, str | None],
    chosen: DataOptions,
) -> tuple[str, ...]:
    """Return what a person should know; raise a DataError for columns that are numbers but for a few cells."""
    wished = wished_types(chosen)
    watched = [name for name in tallies if name not in chosen.drop]
    may_be_mixed = [tallies[name] for name in watched if name not in wished] if source.is_text else []
    said = [f"{source.files[0].name}: {remark}" for remark in source.remarks]
    said += mixed_columns.examine(may_be_mixed, verdicts, source)
    for name in watched:
        verdict = verdicts[name]
        if name not in wished:
            said += verdict.remarks
        if name in source.unnamed and tallies[name].present:
            said.append(f"{code(name)} has no name in the file")
        if types[name] is None:
            said.append(f"{code(name)} is left out: no type of features takes {verdict.arrow_type}")
        elif types[name] == broadest().name and name not in (*wished, *chosen.targets):
            said += _about_words(name, tallies[name])
        if verdict.kind == WORDS and tallies[name].words is not None:
            said += variants(name, tallies[name].words or {}, is_target=name in chosen.targets)
    return tuple(said)


def _about_words(name: str, tally: Tally) -> list[str]:
    """Say what a column of names may be instead."""
    found = {type_.name: type_.suggestion(tally) for type_ in feature_types()}
    return [
        f"{code(name)} looks like {said}: each value is taken as one name. Say --type {name}={type_} where it is"
        for type_, said in found.items()
        if said is not None
    ]
