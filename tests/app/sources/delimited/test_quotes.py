"""Quotes: the quick look at a whole text says what the slow one says cell by cell."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.sources.delimited.cells import GOES_ON, Dialect, rows_of
from app.sources.delimited.quotes import QuoteCheck

COMMA = Dialect(",")


def checked(text: str, size: int, dialect: Dialect = COMMA) -> QuoteCheck:
    check, content = QuoteCheck(dialect), text.encode()
    for start in range(0, len(content), size):
        check.add(content[start : start + size])
    check.add(b"", last=True)
    return check


@settings(max_examples=300)
@given(st.text('",\n x', max_size=30), st.integers(1, 12))
def test_a_fault_is_found_wherever_a_block_ends(text: str, size: int) -> None:
    faults = [row.fault for row in rows_of(text, COMMA) if row.fault]
    check = checked(text, size)
    assert check.has_quotes == ('"' in text)
    assert check.fault == ("".join(faults[:1]))


def test_the_place_is_that_of_the_first() -> None:
    text = 'a,6" x\n"b",c\n"d" e,f\n"g" h,i\n'
    assert {(found.fault, found.fault_at) for found in (checked(text, size) for size in range(1, 40))} == {
        (GOES_ON, text.index('"d"'))
    }


def test_where_quotes_are_letters_nothing_is_wrong() -> None:
    assert checked('"a" b\n', 3, Dialect(",", "")).fault == ""
