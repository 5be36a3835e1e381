"""A dropped file is read as `app.sources` reads it, value by value, or refused: never as anything else.

file, features, rules ─┬─ app.sources, app.features ─> rows as requests hold them, None for one that is set aside
                       └─ page/file/table.js        ─> the same, or a refusal that names the command
"""

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Page

from app.errors import InvalidInput
from app.features import names, registry
from app.features.feature_set import FeatureSet
from app.features.row_reader import RowReader
from app.scoring.columns import Columns
from app.sources import cells
from app.sources.cells import CellFault, plain, read_once
from app.sources.errors import SourceError
from app.sources.rules import ColumnRule, DateForm, NumberForm, Rules
from app.sources.source import Source, Wishes, open_source
from app.sources.tally import Tally

FAULTS = Path(__file__).parents[1] / "training" / "data" / "faults"
REFUSED_MOST = 13  # of the files of FAULTS, by the rules that each has itself
TYPES = {"numbers": "number", "truths": "boolean", "dates": "date", "words": "category"}
PARTS = ("year", "month", "day", "weekday", "hour")
Rows = list[dict[str, Any] | None]

READ = """async (jobs) => {
  const named = (row, { features }) =>
    Object.fromEntries(features.map(({ name }, at) => [name, row[at]]).filter(([, value]) => value !== null));
  const { open } = await import("/page/file/table.js"), kinds = {}, found = [];
  for (const type of ["number", "category", "boolean", "date"]) kinds[type] = await import(`/page/features/${type}.js`);
  for (const { bytes, model } of jobs) {
    try {
      const file = new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], "f"), rows = [];
      const table = await open(file, model, kinds);
      for await (const { row } of table.entries()) rows.push(row ? named(row, model) : null);
      found.push({ rows });
    } catch (error) {
      found.push({ refused: error.message, command: error.name === "Unread", trace: error.stack });
    }
  }
  return JSON.stringify(found);
}"""


def seen_by_the_page(page: Page, jobs: Sequence[tuple[Path, list[Any], Rules | None]]) -> list[dict[str, Any]]:
    sent = [
        {"bytes": base64.b64encode(path.read_bytes()).decode(), "model": {"features": features, "reading": rules}}
        for path, features, rules in jobs
    ]
    found: list[dict[str, Any]] = json.loads(page.evaluate(READ, msgspec.to_builtins(sent)), parse_int=float)
    return found


def rows_of(path: Path, features: list[Any], rules: Rules | None) -> Rows | str:
    """Return what requests would hold of the rows, as scoring reads them; or why there are none."""
    reader = RowReader(FeatureSet([registry.read(msgspec.json.encode(each)) for each in features]), 10**6)
    columns, found = Columns(reader, rules), list[Any]()
    try:
        source = open_source(path, rules=rules)
        columns.check(source.schema, path.name)
        for chunk in source.batches():
            good = iter(_instances(columns, reader, chunk.columns, rules))
            odd = {each.place: 0 for each in chunk.rejected}
            for each in chunk.rejected:
                odd[each.place] += 1
            for place in range(chunk.columns.num_rows + 1):
                found += [None] * odd.get(place, 0)
                found += [next(good)] if place < chunk.columns.num_rows else []
    except SourceError as error:
        return str(error)
    return found


def _instances(columns: Columns, reader: RowReader, batch: Any, rules: Rules | None) -> Rows:
    ways = {} if rules is None else rules.columns
    read = [read_once(plain(batch, each.name), each, ways.get(each.name, cells.USUAL)) for each in columns.wanted]
    rows = zip(*([each.values[at] for at in each.of_row] for each in read), strict=True)
    return [_instance(reader, dict(zip(columns.names, row, strict=True))) for row in rows]


def _instance(reader: RowReader, row: dict[str, Any]) -> dict[str, Any] | None:
    if any(isinstance(value, CellFault) for value in row.values()):
        return None
    instance = {name: value for name, value in row.items() if value is not None}
    try:
        if "" in instance.values():
            reader.row(instance)
    except InvalidInput:
        return None
    return instance


def model_of(source: Source) -> tuple[list[dict[str, Any]], Rules]:
    """Return all columns as features, of the types that training would find, and the rules."""
    tallies = {name: Tally(name, source.is_text) for name in source.names if not names.refusal(name)}
    for chunk in source.batches():
        for name, tally in tallies.items():
            tally.add(chunk.columns[name], chunk.first_row)
    verdicts = {name: tally.verdict() for name, tally in tallies.items()}
    features = [
        feature(name, TYPES[verdicts[name].kind], tally.present < tally.rows, tally.first_words)
        for name, tally in tallies.items()
    ]
    for place, each in enumerate(features):
        each["column"] = sum(other["type"] == each["type"] for other in features[:place])
    rules = {name: verdict.rule for name, verdict in verdicts.items() if verdict.rule != cells.USUAL}
    return features, msgspec.structs.replace(source.rules, columns=rules)


def feature(name: str, type_: str, optional: bool = True, words: Sequence[str] = ()) -> dict[str, Any]:
    found = {"name": name, "type": type_, "optional": optional, "missing_share": 0.0, "tensor": type_, "column": 0}
    if type_ == "date":
        offset = any(re.search(r":\d\d.*([+-]\d\d|Z)", word) for word in words)
        found |= {"parts": PARTS, "offset": "+00:00" if offset else None}
    return found


def compared(page: Page, jobs: Sequence[tuple[Path, list[Any], Rules | None]]) -> list[str]:
    """Return what the page said of the files that it refused; all others it read as `app.sources` does."""
    refused, wrong = [], []
    for (path, features, rules), seen in zip(jobs, seen_by_the_page(page, jobs), strict=True):
        expected = rows_of(path, features, rules)
        if "refused" in seen:
            assert seen["command"] or isinstance(expected, str), (path, seen)
            refused.append(f"{path.relative_to(path.parents[1])}: {seen['refused']}")
        elif repr(seen["rows"]) != repr(_as_json(expected)):
            wrong.append((path, rules, expected if isinstance(expected, str) else _first(seen["rows"], expected)))
    assert wrong == []
    return refused


def _as_json(rows: Any) -> Any:
    return json.loads(json.dumps(rows), parse_int=float)


def _first(ours: Rows, theirs: Rows) -> Any:
    pairs = [(row, *pair) for row, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]]
    return pairs[:1] or (len(ours), len(theirs))


def test_files_that_were_read_wrongly_elsewhere_give_the_rows_of_scoring_or_are_refused(page: Page) -> None:
    """By the rules that each has itself, and by none, as older bundles have none."""
    own: list[tuple[Path, list[Any], Rules | None]] = []
    for path in sorted(FAULTS.rglob("*.[ct]sv")):
        try:
            own.append((path, *model_of(open_source(path, Wishes(quotes=path.suffix != ".tsv")))))
        except SourceError:
            own.append((path, [feature("amount", "number")], Rules()))
    assert len(own) == 77
    refused = compared(page, own)
    assert len(refused) <= REFUSED_MOST, refused
    first = {path.parent: (path, features, None) for path, features, _ in reversed(own)}
    compared(page, list(first.values()))


NUMBERS = (
    *(
        "1.992,41",
        "1.5",
        "549.664",
        "(1.234,5)",
        "-5",
        "5-",
        "- 5",
        "\u22127,5",
        "€ 5",
        "5 €",
        "1e5",
        "1_000",
        "inf",
        "nan",
    ),
    *("NAN", "0x10", "1e39", "3.5e38", "+,5", "5,", "12.34", "1.2345", "", "?", "1.234.567,8", "12 345", "4%"),
)
FORMS = [
    NumberForm(decimal=",", thousands="."),
    NumberForm(decimal=",", thousands=".", affix="€"),
    NumberForm(thousands=",", affix="$"),
    NumberForm(percent=True),
    NumberForm(decimal=",", thousands=" "),
    NumberForm(thousands="'", affix="kg"),
    None,
]
MOMENTS = (
    *("31/12/2023", "12/31/2023", "1.2.10", "01.02.10", "5/6/69 7:08", "5/6/68", "31/12/23 25:00", "30-02-2024"),
    *("1/2/2024T3:04:05", "soon", "", "31.12.2023 9:05"),
)
ISO = (
    *(
        "2023-02-29",
        "2024-02-29",
        "1900-02-29",
        "2023-01-01 10:00",
        "2023-01-01T10:00:00.5+0200",
        "2023-1-1",
        "20230101",
    ),
    *(
        "0000-01-01",
        "2023-01-01T24:00",
        "2023-01-01T10:00 Z",
        "2023-13-01",
        "2023-01-01T10:60",
        "2023-01-01T10:00:59,5-01",
    ),
)
TRUTHS = ("true", "FALSE", "1", "0.0", "yes", "", "1.00", "constructor")


def written(root: Path, name: str, values: Sequence[Any], lines: bool = False) -> Path:
    """Write values as a column `c` of a file that has another, in CSV with semicolons or as JSON lines."""
    path = root / name
    if lines:
        path.write_text("".join(json.dumps({"k": 1, " c": value}) + "\n" for value in values))
    else:
        path.write_text("c;k\n" + "".join(f"{value};1\n" for value in values))
    return path


def test_cells_become_the_values_that_scoring_makes_of_them(page: Page, tmp_path: Path) -> None:
    number, date, truth, word = (feature("c", type_) for type_ in ("number", "date", "boolean", "category"))
    jobs: list[tuple[Path, list[Any], Rules | None]] = []
    for lines in (False, True):
        cells_of = {"numbers": NUMBERS, "moments": MOMENTS, "iso": ISO, "truths": TRUTHS}
        at = {name: written(tmp_path, f"{name}.{lines}", values, lines) for name, values in cells_of.items()}
        for form in FORMS:
            rules = Rules(
                delimiter=";", missing=("12.34",), columns={} if form is None else {"c": ColumnRule(number=form)}
            )
            jobs += [(at["numbers"], [{**number, "optional": optional}], rules) for optional in (False, True)]
        jobs += [
            (at["moments"], [date], Rules(columns={"c": ColumnRule(date=DateForm(order=order))}))
            for order in ("dmy", "mdy")
        ]
        jobs += [(at["iso"], [{**date, "offset": offset}], Rules()) for offset in (None, "+01:00")]
        jobs += [
            (at["truths"], [truth], None),
            (at["truths"], [word], None),
            (at["truths"], [{**word, "optional": False}], None),
        ]
    values: list[Sequence[Any]] = [(1, 2.5, None, 2**60, 1e-7), (True, False, None), ("a", None, "é"), (1, 0, None, 2)]
    jobs += [(written(tmp_path, f"json.{place}", each, lines=True), [of], None)
             for place, each in enumerate(values) for of in (number, truth, word)]  # fmt: skip
    refused = compared(page, jobs)
    # A number as a word is "1" or "1.0" by the rest of its column; a truth is no number; a text no truth.
    assert [each.split(":")[0].split("/")[1] for each in refused] == ["json.0", "json.1", "json.3"], refused


def test_what_is_no_table_is_refused(page: Page, tmp_path: Path) -> None:
    contents = (b"", b"\n \n", b"c,k\n", b'{"c": 1', b"[1]", b"<html>", b"c\n1\n", b"PAR1\x15\x04", b'c,k\n1,"2\n')
    jobs: list[tuple[Path, list[Any], Rules | None]] = []
    for place, content in enumerate(contents):
        path = tmp_path / str(place)
        path.write_bytes(content)
        jobs.append((path, [feature("c", "number")], None))
    for content, seen in zip(contents, seen_by_the_page(page, jobs), strict=True):
        assert seen.get("refused") or (content == b"c,k\n" and seen["rows"] == [])


def test_letters_are_those_of_the_encoding(page: Page, tmp_path: Path) -> None:
    """Each that Python knows is the same; bytes that it knows no letter for are refused, as are other encodings."""
    jobs: list[tuple[Path, list[Any], Rules | None]] = []
    for encoding in ("cp1250", "cp1251", "cp1252"):
        each = {byte: bytes([byte]).decode(encoding, "ignore") for byte in range(128, 256)}
        for name, known in [("known", bytes(byte for byte in each if each[byte]))] + [
            (f"{byte}", bytes([byte])) for byte in each if not each[byte]
        ]:
            path = tmp_path / f"{encoding}-{name}"
            path.write_bytes(b"c,k\n" + b"".join(b"x%cy,1\n" % letter for letter in known))
            jobs.append((path, [feature("c", "category")], Rules(encoding=encoding)))
    unknown = [(jobs[0][0], jobs[0][1], Rules(encoding=encoding)) for encoding in ("latin-1", "utf-16")]
    refused = compared(page, [*jobs, *unknown])
    assert len(refused) == 11 + 2


def test_rows_that_lie_across_pieces_are_whole(page: Page, tmp_path: Path) -> None:
    """Megabytes, of which a browser gives some at a time: quotes, line breaks and wide letters on every border."""
    path = tmp_path / "f.csv"
    texts = [('"é, ""😀""\r\n' + "x" * (row % 97) + '"') if row % 3 else "ü" * (row % 89) for row in range(20_000)]
    path.write_bytes("".join(["c,k\r\n", *(f"{text},{row}\r\n" for row, text in enumerate(texts))]).encode())
    features = [feature("c", "category"), feature("k", "number")]
    assert compared(page, [(path, features, Rules())]) == []
