"""Files that people reported elsewhere as read wrongly, each for a kind: what must come of them, in memory and not."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.data.prepare import Data, prepare
from training.errors import DataError
from training.options import Options

FAULTS = Path(__file__).parent / "faults"


@dataclass(frozen=True)
class Case:
    """A file, and what must come of it; several words of a refusal or a warning stand in one pattern."""

    file: str
    target: str
    types: dict[str, str] | None = None
    rows: int | None = None
    warned: tuple[str, ...] = ()
    refused: str = ""
    task: str = ""
    labels: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    chosen: Any = ()  # further options


USUAL = {"amount": "number", "colour": "category", "count": "number"}
CASES = [
    Case("02-trailing-comma/data-only.csv", "bought", USUAL, 400, ("delimiter",)),
    Case("02-trailing-comma/first-row.csv", "bought", USUAL, 400, ("delimiter",)),
    Case("03-trailing-everywhere/all.csv", "bought", USUAL, 400),
    Case("03-trailing-everywhere/semicolons.csv", "bought", USUAL, 400),
    Case("03-trailing-everywhere/blank-tail.csv", "bought", USUAL, 400),
    Case("04-comment-lines/one-comment.csv", "bought", USUAL, 400, ("line",)),
    Case("04-comment-lines/comments.csv", "bought", USUAL, 400, ("line",)),
    Case("04-comment-lines/comma-comment.csv", "bought", USUAL, 400, ("line",)),
    Case("04-comment-lines/title-rows.csv", "bought", USUAL, 400, ("line",)),
    Case("04-comment-lines/units-row.csv", "bought", USUAL, 400, ("line 2",)),
    Case("04-comment-lines/total-row.csv", "bought", refused=r"`amount`: 1 of 401 cells .*'Total' .*line 402"),
    Case("05-sep-line/sep.csv", "bought", USUAL, 400, ("sep=",)),
    Case("05-sep-line/sep-bom-crlf.csv", "bought", USUAL, 400, ("sep=",)),
    Case("05-sep-line/utf16.csv", "bought", USUAL, 400),
    Case("06-timezones/mixed.csv", "shift", {"when": "date"}, 600, ("UTC",)),
    Case("06-timezones/naive-some.csv", "shift", {"when": "date"}, 600, ("UTC", "without an offset")),
    Case("06-timezones/far-date.csv", "shift", {"when": "date"}, 600),
    Case("06-timezones/early-date.csv", "shift", {"when": "date"}, 600),
    Case("06-timezones/zero-date.csv", "shift", {"when": "date"}, 600, ("no calendar|0000-00-00",)),
    Case("06-timezones/with-empty.csv", "shift", {"when": "date"}, 600, ("UTC",)),
    Case("08-imdb/backslash-n.csv", "kind", {"runtime": "number"}, 500),
    Case("08-imdb/title.basics.tsv", "titleType", rows=500, chosen={"no_quotes": True}),
    *(
        Case(f"08-imdb/missing/{word}.csv", "kind", refused=r"`runtime`: \d+ of \d+ cells .*line \d+")
        for word in ("--", "-", "NIL", "NdotAdot", "dot", "hDIV_0!", "hREF!", "hVALUE!", "missing", "ndotadot", "null")
    ),
    *(
        Case(f"08-imdb/missing/{word}.csv", "kind", {"runtime": "number"}, 300)
        for word in ("9999", "bsN", "inf", "space")
    ),
    Case("08-imdb/missing/-.csv", "kind", {"runtime": "number"}, 300, chosen={"missing": ("-",)}),
    Case("11-rare-class/one-row.csv", "y", refused=r"\(1\)"),
    Case(
        "14-thousands/br.csv",
        "Level",
        {"When": "date", "Machine": "category", "Pieces": "number", "Waste": "number", "Cost": "number"},
        500,
        ("Waste.*%|Waste.*per cent", r"Cost.*\$"),
    ),
    Case("15-european/eu-class.csv", "Klasse", {"Umsatz": "number", "Quote": "number", "Filiale": "number"}, 500),
    Case("15-european/eu.csv", "Ertrag", {"Umsatz": "number", "Quote": "number"}, 500, task="regression"),
    Case("15-european/eu-decimal-only.csv", "Ertrag", {"Umsatz": "number"}, 500, task="regression"),
    Case("15-european/swiss.csv", "Klasse", {"Umsatz": "number"}, 500),
    Case("15-european/thousand-dot-ints.csv", "Klasse", {"Einwohner": "number"}, 500, ("Einwohner",)),
    Case("16-epoch/millis-two-minutes.csv", "y", {"t": "number"}, 1500),
    Case("16-epoch/seconds.csv", "y", {"t": "number"}, 1500),
    Case("16-epoch/offset.csv", "y", {"v": "number"}, 1500),
    Case("16-epoch/bigint-regression.csv", "y", {"v": "number"}, 1500, task="regression"),
    Case("16-epoch/big-target.csv", "y", {"a": "number"}, 800, task="regression"),
    Case("16-epoch/int64-ids.csv", "y", {"account": "category"}, 500, ("account",)),
    Case("17-quotes/cr-only.csv", "bought", USUAL, 400),
    Case("17-quotes/quoted-header-newline.csv", "bought", {"amount (EUR)": "number"}, 400),
    Case("17-quotes/mixed-eol.csv", "bought", USUAL, 400),
    Case("17-quotes/newlines.csv", "y", rows=500),
    Case("19-labelspace/space.csv", "y", labels=("Boots", "Stilettos"), rows=600),
    Case("19-labelspace/case.csv", "y", rows=600, warned=("upper and lower case.*'YES'",)),
    Case("19-labelspace/num-labels.csv", "y", rows=600, warned=("how a number is written.*'01'",)),
    Case("21-names/labels.csv", "y", labels=("100% €", 'say "hi"'), rows=600),
    Case("21-names/odd.csv", "y", rows=300),
    Case("24-dedupe/dose.csv", "recovered", rows=4000, warned=("80 combinations",)),
    Case("24-dedupe/slope.csv", "recovered", rows=4000, warned=("80 combinations",)),
    Case("26-time/past.csv", "price", {"hours_since_start": "number"}, 1800, task="regression"),
    Case("27-parquet/date32.parquet", "y", {"c": "date"}, 300),
    Case("27-parquet/date32_far.parquet", "y", {"c": "date"}, 300),
    Case("27-parquet/decimal.parquet", "y", {"c": "number"}, 300),
    Case("27-parquet/uint64_big.parquet", "y", rows=300, warned=("`c`",)),
    *(
        Case(f"27-parquet/{kind}.parquet", "y", rows=300, dropped=("c",), warned=(f"`c`.*{kind}",))
        for kind in ("list", "struct", "map", "duration", "time64")
    ),
    Case("27-parquet/t_list.parquet", "y", rows=300),  # several labels a row
    Case("27-parquet/str_numbers.parquet", "y", {"c": "category"}, 300),
    Case("27-parquet/t_bool_na.parquet", "y", labels=("false", "true"), rows=276),
    Case("27-parquet/t_bool.parquet", "y", labels=("false", "true"), rows=300),
    Case("27-parquet/t_ts.parquet", "y", refused="'y'.*timestamp"),
    Case("27-parquet/t_dur.parquet", "y", refused="'y'.*duration"),
    Case("27-parquet/t_date.parquet", "y", refused="'y'.*date32"),
    Case("27-parquet/bool_na.parquet", "y", {"c": "boolean"}, 300),
    *(
        Case(f"27-parquet/{kind}.parquet", "y", {"c": "number"}, 300)
        for kind in ("int64_na", "float_nan", "float16", "dict_int")
    ),
    *(
        Case(f"27-parquet/{kind}.parquet", "y", {"c": "category"}, 300)
        for kind in ("large_string", "dict_str", "str_NA", "str_empty", "binary", "fixed")
    ),
    Case("27-parquet/t_f16.parquet", "y", rows=300, task="regression"),
    Case("27-parquet/t_dec.parquet", "y", rows=270, task="regression"),
    Case("27-parquet/t_dict.parquet", "y", rows=278, labels=("c0", "c1", "c2", "c3", "c4")),
    Case("27-parquet/t_float_whole.parquet", "y", rows=300, labels=("0", "1", "2")),
    Case("27-parquet/t_int_na.parquet", "y", rows=274, task="regression"),
    Case("27-parquet/null.parquet", "y", rows=300, dropped=("c",)),
    Case("27-parquet/ts_s.parquet", "y", {"c": "date"}, 300),
    Case("27-parquet/ts_tz.parquet", "y", {"c": "date"}, 300, ("Europe/Berlin",)),
]


def read(case: Case, *, stream: bool) -> Data:
    return prepare(Options.of(data=FAULTS / case.file, target=case.target, stream=stream, **dict(case.chosen)))


def attempted(case: Case) -> tuple[Data | None, str]:
    """Return what comes of a file, or the message."""
    try:
        return read(case, stream=False), ""
    except DataError as error:
        return None, str(error)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_it_comes_out_as_it_was_meant_or_is_refused_by_its_cause(case: Case) -> None:
    if case.refused:
        messages = []
        for stream in (False, True):
            with pytest.raises(DataError, match=case.refused) as error:
                read(case, stream=stream)
            messages.append(str(error.value))
        assert messages[0] == messages[1]
        return
    whole, streamed = read(case, stream=False), read(case, stream=True)
    assert whole.table.columns == streamed.table.columns
    assert whole.warnings == streamed.warnings
    assert whole.features == streamed.features
    _as_expected(case, whole)


def _as_expected(case: Case, data: Data) -> None:
    table = data.table
    for name, type_ in (case.types or {}).items():
        assert table.types[name] == type_
    assert case.rows is None or len(table.features) == case.rows
    for pattern in case.warned:
        assert any(re.search(pattern, warning) for warning in data.warnings), data.warnings
    assert not case.labels or data.task.answer()["labels"] == case.labels
    assert not case.task or data.task.name == case.task
    fates = {column.name: column.fate for column in table.columns}
    assert all(fates[name].startswith("dropped") for name in case.dropped)


def test_numbers_are_what_people_mean() -> None:
    table = read(Case("14-thousands/br.csv", "Level"), stream=False).table.features
    assert table[["Pieces", "Waste", "Cost"]].iloc[0].tolist() == [4067.0, 4.0, 16268.0]
    assert read(Case("15-european/eu.csv", "Ertrag"), stream=False).table.features["Umsatz"].iloc[0] == 1992.41
    assert read(Case("15-european/swiss.csv", "Klasse"), stream=False).table.features["Umsatz"].iloc[0] == 1992.41
    people = read(Case("15-european/thousand-dot-ints.csv", "Klasse"), stream=False).table.features["Einwohner"]
    assert people.iloc[0] == 549_664
    assert read(Case("15-european/eu-decimal-only.csv", "Ertrag"), stream=False).table.target.iloc[0] == 1811.10


@pytest.mark.parametrize(("file", "column"), [("nfc", "ville"), ("feature-space", "colour")])
def test_one_word_is_one_category(file: str, column: str) -> None:
    values = read(Case(f"19-labelspace/{file}.csv", "y"), stream=False).table.features[column]
    assert all(value == value.strip() for value in values)
    assert values.nunique() == len({value.casefold() for value in values}) <= 3


def test_accounts_of_19_digits_stay_apart() -> None:
    assert read(Case("16-epoch/int64-ids.csv", "y"), stream=False).table.features["account"].nunique() == 3


@pytest.mark.parametrize("file", ["quote", "backslash", "tab", "nbsp"])
def test_a_name_is_served_or_refused_before_the_fit(file: str) -> None:
    data, message = attempted(Case(f"21-names/{file}.csv", "y"))
    assert len(data.features.order) == 2 if data is not None else "column" in message


@pytest.mark.parametrize("file", ["ctrl-z", "nul", "backslash-escaped", "single-quoted"])
def test_what_is_odd_is_read_as_it_was_meant_or_refused_by_its_cause(file: str) -> None:
    target = "y" if "quoted" in file or "escaped" in file else "bought"
    data, message = attempted(Case(f"17-quotes/{file}.csv", target))
    if data is None:
        assert re.search(r"line \d+|quote|NUL|control", message)
    else:
        assert (len(data.table.columns), len(data.table.features)) in ((3, 200), (4, 400))


def test_stray_quotes_are_named() -> None:
    """Quotes that begin a cell and do not end it would swallow the rows behind them."""
    data, message = attempted(Case("08-imdb/title.basics.tsv", "titleType"))
    said = message if data is None else " ".join(data.warnings)
    assert data is None or len(data.table.features) == 500
    assert re.search(r"quote.*line \d+|line \d+.*quote", said)
    assert data is not None or "--no-quotes" in said


def test_nothing_of_a_table_of_few_combinations_is_lost() -> None:
    data = read(Case("24-dedupe/dose.csv", "recovered"), stream=False)
    assert data.task.answer()["labels"][1] == "no"  # the rarer label
    assert np.mean(data.test.y) == pytest.approx(0.1, abs=0.02)
