"""A source: one road from files to chunks, whatever the size of a chunk."""

import gzip
from pathlib import Path

import pytest

from app.sources.errors import SourceError
from app.sources.rules import Rules
from app.sources.source import Wishes, line_of, open_source
from tests.app.sources.reading import columns_of, read, rejected_of, written


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceError, match=r"nowhere\.csv, which is not a file"):
        open_source(Path("nowhere.csv"))


def test_cells_are_stripped_and_words_for_missing_are_null(tmp_path: Path) -> None:
    text = "a, b,c\n 1 ,\u00a0x\u00a0,NA\n2,?,\\N\n3,, -9 \n"
    assert read(tmp_path, text, missing=("-9",)) == {"a": ["1", "2", "3"], "b": ["x", None, None], "c": [None] * 3}


def test_rows_of_another_width_are_results_with_their_lines(tmp_path: Path) -> None:
    source = open_source(written(tmp_path, 'a,b\n1,2\n"x\ny",2\n\n3\n4,5,6\n7,8\n'))
    for size in (16, 2**21):
        found = rejected_of(source, size)
        assert [(each.row, each.line, each.content) for each in found] == [(3, 6, "3"), (4, 7, "4,5,6")]
        assert found[1].reason == "2 cells, as in the header. Received: 3"
    assert columns_of(source)["a"] == ["1", "x\ny", "7"]
    assert [line_of(source, row)[1] for row in (1, 2, 3)] == [2, 3, 8]


def test_a_row_longer_than_a_chunk_is_read_all_the_same(tmp_path: Path) -> None:
    long = "x" * 5000
    assert read(tmp_path, f"a,b\n1,2\n{long},3\n4\n5,6\n")["a"] == ["1", long, "5"]


def test_the_rules_of_an_earlier_file_hold_where_they_fit(tmp_path: Path) -> None:
    rules = Rules(delimiter=";", missing=("none",))
    source = open_source(written(tmp_path, "a,x;b,y\n1,5;none\n"), rules=rules)
    assert columns_of(source) == {"a,x": ["1,5"], "b,y": [None]}
    assert source.rules == rules
    other = open_source(written(tmp_path, "a,b\n1,none\n2,3\n", "other.csv"), Wishes(missing=("2",)), rules)
    assert columns_of(other) == {"a": ["1", None], "b": [None, "3"]}
    assert other.rules == Rules(missing=("none", "2"))


def test_one_column_is_a_table_for_a_model_that_knows_it(tmp_path: Path) -> None:
    path = written(tmp_path, "text\nhello\nworld\n")
    assert columns_of(open_source(path, rules=Rules())) == {"text": ["hello", "world"]}
    with pytest.raises(SourceError, match="divided by one of"):
        open_source(path)


def test_how_far_a_reading_is_goes_from_nothing_to_all(tmp_path: Path) -> None:
    source = open_source(written(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * 9999)))
    shares: list[float] = []
    assert sum(chunk.columns.num_rows for chunk in source.batches(shares.append, chunk_bytes=999)) == 9999
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert source.packed
