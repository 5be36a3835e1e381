"""Cells: a text as rows, as the standard library reads it where that is strict."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sources.delimited.cells import Dialect, rows_of

CELLS = st.lists(st.lists(st.text("\",;\n\r '\\xé", max_size=6), min_size=2, max_size=4), min_size=1, max_size=6)


@settings(max_examples=200)
@given(CELLS, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]))
def test_what_was_written_is_read(rows: list[list[str]], delimiter: str, end: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    found = list(rows_of(text.getvalue(), Dialect(delimiter)))
    assert [row.cells for row in found] == rows
    assert not any(row.fault for row in found)
    assert found[-1].end == len(text.getvalue())


@pytest.mark.parametrize(
    ("text", "dialect", "cells", "fault"),
    [
        ('"a" b,c', Dialect(","), ["a b", "c"], "letters behind a closing quote"),
        ('"a,c', Dialect(","), ['"a', "c"], "a quote that never closes"),
        ('"a" ,c', Dialect(","), ["a ", "c"], ""),
        ('"a\\"b\\\\",c', Dialect(",", '"', "\\"), ['a"b\\', "c"], ""),
        (' "a,b", c', Dialect(",", spaced=True), ["a,b", " c"], ""),
        ("'a,''b',c", Dialect(",", "'"), ["a,'b", "c"], ""),
        ('"a,b', Dialect(",", ""), ['"a', "b"], ""),
    ],
)
def test_a_dialect_is_followed(text: str, dialect: Dialect, cells: list[str], fault: str) -> None:
    [row] = rows_of(text, dialect)
    assert (row.cells, row.fault) == (cells, fault)


def test_lines_are_counted_over_blank_ones_and_line_breaks_in_quotes() -> None:
    rows = rows_of('\n"a\r\nb",c\r\r\nd,e\n\n\nf,g', Dialect(","))
    assert [row.line for row in rows] == [2, 5, 8]
