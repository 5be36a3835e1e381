"""What a column is, by all of its cells and whatever the chunks."""

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from app.sources.rules import ColumnRule, DateForm, NumberForm
from app.sources.tally import Tally, Verdict
from app.sources.tally.different import Different, hash_texts


def tally(cells: Sequence[Any], *, is_text: bool = True, chunk: int | None = None, kind: Any = None) -> Tally:
    found = Tally("c", is_text)
    values = pa.array(cells, kind or (pa.string() if is_text else None))
    for start in range(0, len(values), chunk or len(values)):
        found.add(values[start : start + (chunk or len(values))], start + 1)
    return found


def verdict(*cells: str | None, **known: Any) -> Verdict:
    return tally(cells).verdict(**known)


def number(**form: Any) -> ColumnRule:
    return ColumnRule(number=NumberForm(**form))


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        (["1", "2.5", None, "-3e5"], ColumnRule()),
        (["0", "0.5", "00.5"], ColumnRule()),
        (["1.992,41", "5,5", "3"], number(decimal=",", thousands=".")),
        (["1992,41", "0,909"], number(decimal=",")),
        (["549.664", "1.021.664"], number(decimal=",", thousands=".")),
        (["1,234,567", "2,590"], number(thousands=",")),
        (["2,590", "3,100", "516"], number(thousands=",")),
        (["12,34,567", "1,234"], number(thousands=",")),
        (["2,590", "2590"], number(decimal=",")),
        (["1'992.41", "12.5"], number(thousands="'")),
        (["1 992,41", "1\u00a0000\u00a0000"], number(decimal=",", thousands=" ")),
        (["$16,268.00", "-$5.00"], number(thousands=",", affix="$")),
        (["$16,268.00", "12"], number(thousands=",", affix="$")),
        (["3,50 €", "1.000,00 €"], number(decimal=",", thousands=".", affix="€")),
        (["USD 5", "USD 12.5"], number(affix="USD")),
        (["R$ 1.000,50", "R$ 3,00"], number(decimal=",", thousands=".", affix="R$")),
        (["5 kg", "12.5 kg"], number(affix="kg")),
        (["36 months", "60 months"], number(affix="months")),
        (["4%", "87.5%"], number(percent=True)),
        (["4,125 %"], number(decimal=",", percent=True)),
        (["5 €", "1.000 €"], number(decimal=",", thousands=".", affix="€")),
        (["1.5", "1.250"], ColumnRule()),
        (["1,234.50-", "3.00"], number(thousands=",")),
        (["4,5 %", "3,25 %"], number(decimal=",", percent=True)),
        (["−5", "3"], ColumnRule()),  # noqa: RUF001 - U+2212
        (["(1,234.50)", "12.00"], number(thousands=",")),
    ],
)
def test_numbers_in_any_notation_that_all_cells_share(cells: list[str | None], rule: ColumnRule) -> None:
    found = verdict(*cells)
    assert (found.kind, found.rule) == ("numbers", rule)
    assert bool(found.remarks) == (rule != ColumnRule())


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "12", "13"],
        ["1", "00"],
        ["5", "x"],
        ["1.2.3", "1.2.4"],
        ["1,23,4", "5"],
        ["1.5", "1,5,5"],
        ["12", "12B"],
        ["Room 12", "Room 13"],
        ["C536379", "C536380"],
        ["tt0000001", "tt0000002"],
        ["$5", "€5"],
        ["5 kg", "5 lb"],
        ["4%", "4"],
        ["10 AM", "11 AM"],
        ["10:30", "11:30"],
        ["192.168.0.1", "10.0.0.1"],
        ["555-1234", "555-1235"],
        ["1st", "2nd"],
        ["7-Nov", "8-Nov"],
        ["12345678901234567890", "12345678901234567891"],
        ["1 23", "4 56"],
        ["true", "1"],
        ["yes", "no"],
        ["2602860537000000001", "2602860537000000002", "2602860537000000003"],
    ],
)
def test_what_is_no_number_stays_words(cells: list[str]) -> None:
    assert verdict(*cells).kind == "words"
    assert verdict(*cells[::-1]).kind == "words"


def test_a_column_that_leaves_its_notation_open_says_so() -> None:
    open_ = verdict("549.664", "88.655")
    assert (open_.kind, open_.rule) == ("numbers", ColumnRule())
    assert open_.remarks == (
        "`c`: `549.664` may be 549.664 or 549664; it is read as 549.664. "
        "`--number-format '1.234,56'` reads it as 549664",
    )
    settled = verdict("549.664", "88.655", decimal=",")
    assert settled.rule == number(decimal=",", thousands=".")
    assert settled.remarks == ("`c` is read as numbers written as 1.234,56: `549.664` is 549664",)
    assert verdict("549.664", decimal=".").remarks == ()
    assert verdict("549.664", number=NumberForm(decimal=",", thousands=".")).rule == settled.rule
    assert verdict("2,590", decimal=",").rule == number(decimal=",")
    assert verdict("0.664", "88.655", decimal=",").rule == ColumnRule()  # no group begins with a zero


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["1.5"], "."),
        (["1,5"], ","),
        (["1.992,41"], ","),
        (["1.021.664"], ","),
        (["1,021,664"], "."),
        (["549.664"], None),
        (["2,590"], None),
        (["5", "12"], None),
        (["1.5", "x"], None),
        (["3.5%"], "."),
        ([None], None),
    ],
)
def test_a_column_may_prove_the_files_decimal_sign(cells: list[str | None], decimal: str | None) -> None:
    assert tally(cells).certain_decimal == decimal


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["2023-02-24T08:15:00Z", "2023-02-07 08:15+02", None], None),
        (["20220716", "19991231"], None),
        (["07-Nov-2022", "8-Nov-2022"], None),
        (["31.12.2023", "01.02.2023"], "dmy"),
        (["01.02.2023", "02.03.2023"], "dmy"),
        (["01/02/2023", "13/02/2023"], "dmy"),
        (["01/02/2023", "02/13/2023 5:00 PM"], "mdy"),
        (["01/07/16 0:00", "29/07/16 1:00"], "dmy"),
        (["0000-00-00", "2023-02-30", "2023-03-01"], None),
    ],
)
def test_dates_whose_order_the_cells_settle(cells: list[str | None], order: Any) -> None:
    found = verdict(*cells)
    assert found.kind == "dates"
    assert found.rule == (ColumnRule(date=DateForm(order=order)) if order else ColumnRule())


def test_what_chunks_say_of_dates_is_joined() -> None:
    """Each alone, so that no chunk knows what another one said; more words than are counted."""
    days = [f"{1 + place % 28:02}/{1 + place % 12:02}/{1900 + place}" for place in range(1100)]
    cells = ["13/01/2023", *days, "31/02/2023", "01/02/2023"]
    for chunk in (1, 400, len(cells)):
        found = tally(cells, chunk=chunk).verdict()
        assert found.rule == ColumnRule(date=DateForm(order="dmy"))
        assert "1 cell with a day that no calendar has, such as `31/02/2023`" in found.remarks[1]
    assert tally([*cells, "01/13/2023"], chunk=400).verdict().kind == "words"


def test_days_that_no_calendar_has_are_counted() -> None:
    assert verdict("0000-00-00", "2023-03-01", "0000-00-00").remarks == (
        "`c`: 2 cells with a day that no calendar has, such as `0000-00-00`: missing",
    )


def test_dates_whose_order_nobody_knows_are_words_and_said() -> None:
    found = verdict("01/02/2023", "03/04/2023")
    assert found.kind == "words"
    assert "`--date-order dmy` or `--date-order mdy`" in found.remarks[0]
    assert verdict("01/02/2023", order="mdy").rule == ColumnRule(date=DateForm(order="mdy"))
    assert verdict("13/02/2023", order="mdy").rule == ColumnRule(date=DateForm(order="dmy"))
    assert verdict("23-12-31", "24-01-01").kind == "words"  # the year may come first
    assert verdict("23-12-31", order="dmy").kind == "dates"
    assert verdict("23-12-99").rule == ColumnRule(date=DateForm(order="dmy"))
    assert verdict("2023-01-01", "31.12.2023").remarks[0].endswith("such as `31.12.2023`")
    both = verdict("13/02/2023", "02/13/2023")
    assert (both.kind, len(both.remarks)) == ("words", 1)
    assert verdict("13/13/2023", "02/13/2023").kind == "words"


@pytest.mark.parametrize(
    "cells", [["2023-01-01", "x"], ["20220716", "20221301"], ["20220716", "5"], ["2023-01-01", "5"]]
)
def test_one_cell_that_is_no_date_makes_none(cells: list[str]) -> None:
    assert verdict(*cells).kind in ("words", "numbers")


def test_truths_are_only_what_all_cells_are() -> None:
    assert verdict("True", "FALSE", None).kind == "truths"
    assert verdict("true", "x").kind == "words"
    assert verdict(None).kind == "words"


def test_numbers_of_which_doubles_lose_some_are_said() -> None:
    found = verdict(*[str(2**53 + step) for step in range(4)], *[str(2**54 + 4 * step) for step in range(9)])
    assert found.kind == "numbers"
    assert "13 different numbers beyond 2^53, such as 9007199254740992, are 12 as 64-bit floats" in found.remarks[0]


def test_numbers_in_part_are_said() -> None:
    found = verdict("1.992,41", "5.197,14", "3,14", "Total")
    assert found.remarks == (
        "`c` is read as words: most cells are numbers in a notation, such as `1.992,41`, and not all in one: `Total`",
    )


def test_the_first_text_has_its_row() -> None:
    found = tally(["1", None, "2", "none", "n.a."], chunk=2)
    assert (found.first_text, found.number_cells, found.present, found.rows) == (("none", 4), 2, 4, 5)


def test_words_are_counted_while_they_are_few() -> None:
    found = tally(["b", "a", "b", None], chunk=1)
    assert (found.words, found.different, found.sample) == ({"b": 2, "a": 1}, 2, ["b", "a"])
    many = tally([f"w{place}" for place in range(2000)], chunk=300)
    assert (many.words, many.different, many.sample) == (None, 2000, ["w0", "w1", "w2", "w3", "w4"])


def test_texts_are_measured() -> None:
    found = tally(["one two", "three", None])
    assert (found.mean_chars, found.mean_words) == (6, 1.5)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([1, None]), "numbers"),
        (pa.array([1.5, float("nan")]), "numbers"),
        (pa.array([1.5], pa.float16()), "numbers"),
        (pa.array([2**64 - 1], pa.uint64()), "numbers"),
        (pa.array([1], pa.decimal128(5, 2)), "numbers"),
        (pa.array([True]), "truths"),
        (pa.array(["1", "true", "2023-01-01"]), "words"),
        (pa.array(["a"]).dictionary_encode(), "words"),
        (pa.array([1, 2]).dictionary_encode(), "numbers"),
        (pa.array([b"a"]), "words"),
        (pa.array([b"a", b"\xff"]), "other"),
        (pa.array([datetime.date(9999, 12, 31)]), "dates"),
        (pa.array([0], pa.timestamp("s", "UTC")), "dates"),
        (pa.array([0], pa.time64("us")), "other"),
        (pa.array([0], pa.duration("s")), "other"),
        (pa.array([[1]]), "lists"),
        (pa.array([{"a": 1}]), "other"),
        (pa.array([None]), "words"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_a_typed_file_says_what_its_columns_are(values: Any, kind: str) -> None:
    found = Tally("c", is_text=False)
    found.add(values, 1)
    assert (found.verdict().kind, found.verdict().arrow_type) == (kind, str(values.type))


def test_missing_values_of_a_typed_file_are_not_present() -> None:
    found = tally([1.0, float("nan"), None, 2.0], is_text=False)
    assert (found.present, found.number_cells, found.words) == (2, 2, {"1": 1, "2": 1})
    assert tally([1.0, 2.5], is_text=False).words == {"1.0": 1, "2.5": 1}


def test_moments_in_a_zone_are_said() -> None:
    found = tally([0], is_text=False, kind=pa.timestamp("s", "Europe/Berlin"))
    assert found.verdict().remarks == ("`c` has moments in the zone Europe/Berlin: they are taken in UTC",)


def test_different_values_are_exact_while_few_and_estimated_beyond() -> None:
    few, many = Different(kept=1000), Different(kept=1000)
    few.add(hash_texts(pa.array([str(place % 900) for place in range(5000)])))
    assert few.count(5000) == 900
    for start in range(0, 60_000, 7_000):
        many.add(hash_texts(pa.array([str(place % 30_000) for place in range(start, start + 7_000)])))
    assert many.count(10**9) == pytest.approx(30_000, rel=0.1)


def test_hashes_tell_texts_apart_by_all_their_bytes() -> None:
    longest = ["x" * size for size in range(1, 600)]
    texts = [
        *longest,
        *(f"{'x' * size}y{'x' * 5}" for size in range(500)),
        "",
        "\0",
        "\0\0",
        "é",
        "abcdefgh",
        "abcdefgi",
    ]
    assert len(np.unique(hash_texts(pa.array(texts)))) == len(set(texts))
    part = pa.array(["", *texts])[1:]
    assert (hash_texts(part) == hash_texts(pa.array(texts))).all()
