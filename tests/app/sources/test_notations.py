"""Whatever the chunks, and whether words are counted or no longer, a column is the same."""

from itertools import chain
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.sources import dates, numbers
from app.sources.rules import DateForm, NumberForm, Order
from app.sources.tally import Tally, tally

KINDS = [
    ["1", "12", "-7", "999", "1000", "12345"],
    ["1.5", "0.25", "549.664", "1.021.664", "88.655", "1234.567", "1e5", "inf", "nan", "5."],
    ["1,5", "2,590", "1,234,567", "12,34,567", "0,909", "1234,5"],
    ["1.992,41", "1.992,4", "3,0", "1'234.5", "1 234", "1\u00a0234,5"],
    ["$5", "-$1,234.50", "5 €", "4%", "87,5 %", "5 kg", "12kg", "(5)", "\u22125", "USD 3"],
    ["007", "00", "0", "0.0", "01"],
    ["2023-01-02", "0000-00-00", "2023-02-30", "2023-01-02T10:00Z", "20220716", "20221301"],
    ["01/02/2023", "13/02/2023", "02/13/2023", "31.12.2023", "1.2.10", "7 Nov 2022", "07NOV22"],
    ["true", "False", "TRUE", "x", "two words", "é", "none", "Total"],
    ["9007199254740992", "9007199254740993", "2602860537000000001", "18446744073709551616"],
]
CELLS = st.lists(st.sampled_from(KINDS), min_size=1, max_size=2).flatmap(
    lambda kinds: st.lists(st.sampled_from([None, *chain(*kinds)]), min_size=1, max_size=30)
)
VALUES = {
    "int64": st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    "uint64": st.integers(0, 2**64 - 1),
    "double": st.floats() | st.sampled_from([1.0, 2.0, 2.5]),
    "float": st.floats(width=32),
    "bool": st.booleans(),
    "string": st.text(max_size=3),
    "date32[day]": st.dates(),
}
TYPES = {"double": pa.float64(), "float": pa.float32(), "bool": pa.bool_(), "date32[day]": pa.date32()}
TYPED = st.sampled_from(sorted(VALUES)).flatmap(
    lambda kind: st.lists(st.none() | VALUES[kind], min_size=1, max_size=30).map(
        lambda cells: pa.array(cells, TYPES.get(kind) or getattr(pa, kind)())
    )
)


@pytest.fixture(params=[1, 1000])
def kept_words(request: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """Few, so that most columns have more; or as many as always."""
    monkeypatch.setattr(tally, "KEPT_WORDS", request.param)
    kept: int = request.param
    return kept


def seen(found: Tally) -> tuple[Any, ...]:
    verdicts = [found.verdict(decimal, None, order) for decimal in (None, ".", ",") for order in (None, "dmy", "mdy")]
    counted = (found.rows, found.present, found.arrow_types, found.number_cells, found.first_text, found.different)
    described = (found.words, found.sample, found.mean_chars, found.mean_words, found.certain_decimal)
    return counted, described, verdicts


def tallied(values: Any, is_text: bool, sizes: list[int]) -> Tally:
    found, start = Tally("c", is_text), 0
    for size in [*sizes, len(values)]:
        found.add(values[start : start + size], start + 1)
        start += size
    return found


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cells=CELLS, sizes=st.lists(st.integers(0, 7), max_size=20))
def test_chunks_of_text_change_nothing(kept_words: int, cells: list[str | None], sizes: list[int]) -> None:
    values = pa.array(cells, pa.string())
    assert seen(tallied(values, True, sizes)) == seen(tallied(values, True, []))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=TYPED, sizes=st.lists(st.integers(0, 7), max_size=20))
def test_chunks_of_typed_columns_change_nothing(kept_words: int, values: Any, sizes: list[int]) -> None:
    assert seen(tallied(values, False, sizes)) == seen(tallied(values, False, []))


@settings(max_examples=50, deadline=None)
@given(cells=CELLS, data=st.data())
def test_the_order_of_rows_decides_nothing(cells: list[str | None], data: st.DataObject) -> None:
    other = data.draw(st.permutations(cells))
    first, second = (tallied(pa.array(each, pa.string()), True, []).verdict() for each in (cells, other))
    assert (first.kind, first.rule) == (second.kind, second.rule)


@settings(max_examples=50, deadline=None)
@given(cells=CELLS)
def test_a_column_is_read_as_its_verdict_says(cells: list[str | None]) -> None:
    values = pa.array(cells, pa.string())
    found = tallied(values, True, []).verdict()
    present = len(values) - values.null_count
    if found.kind == "numbers":
        form = found.rule.number or NumberForm()
        assert pa.compute.sum(numbers.fits(values, form)).as_py() == present
        assert numbers.read(values, form).null_count == values.null_count
    if found.kind == "dates":
        assert pa.compute.sum(dates.fits(values, found.rule.date or DateForm())).as_py() == present


@settings(max_examples=50, deadline=None)
@given(
    cents=st.integers(-(10**14), 10**14),
    decimal=st.sampled_from(".,"),
    mark=st.sampled_from(["", ".", ",", " ", "'", "\u202f"]),
    affix=st.sampled_from(["", "$", "€", "kg", "%", "CHF"]),
)
def test_a_number_that_is_written_in_a_form_is_read_in_it(cents: int, decimal: str, mark: str, affix: str) -> None:
    if mark == decimal:
        return
    digits = f"{cents / 100:,.2f}".translate({ord(","): mark, ord("."): decimal})
    form = NumberForm(
        decimal=decimal,
        thousands={"\u202f": " "}.get(mark, mark),
        affix="" if affix == "%" else affix,
        percent=affix == "%",
    )
    assert numbers.read(pa.array([f"{digits} {affix}".strip()]), form)[0].as_py() == float(f"{cents / 100:.2f}")


@settings(max_examples=50, deadline=None)
@given(
    moment=st.datetimes(),
    order=st.sampled_from(["dmy", "mdy"]),
    mark=st.sampled_from("./-"),
)
def test_a_date_that_is_written_in_an_order_is_read_in_it(moment: Any, order: Order, mark: str) -> None:
    moment = moment.replace(microsecond=0)
    places = ["%d", "%m"] if order == "dmy" else ["%m", "%d"]
    text = f"{moment.strftime(mark.join(places))}{mark}{moment.year:04} {moment:%H:%M:%S}"
    assert dates.read(pa.array([text]), DateForm(order=order))[0].as_py() == moment.isoformat()
    assert dates.read(pa.array([moment.isoformat()]))[0].as_py() == moment.isoformat()
    assert dates.read(pa.array([moment.date().isoformat()]))[0].as_py() == moment.date().isoformat()
