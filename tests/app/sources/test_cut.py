"""Some of a file: row groups, columns, one file of many; and where its rows stand."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from app.sources.errors import SourceError
from app.sources.source import Cut, Source, open_one, open_source
from tests.app.sources.reading import columns_of, written


def parquet(root: Path, **columns: Sequence[object]) -> Path:
    path = root / "rows.parquet"
    pyarrow.parquet.write_table(pa.table(columns), path, row_group_size=3)
    return path


def cut(source: Source, cut: Cut) -> list[pa.RecordBatch]:
    return [chunk.columns for chunk in source.batches(cut=cut)]


def test_row_groups_are_read_alone(tmp_path: Path) -> None:
    source = open_source(parquet(tmp_path, a=list(range(10)), b=list("abcdefghij")))
    assert list(source.groups[0]) == [3, 3, 3, 1]
    found = pa.Table.from_batches(cut(source, Cut(groups=(1, 3), columns=("b", "a"))))
    assert found.to_pydict() == {"b": list("defghi"), "a": list(range(3, 9))}


def test_a_column_named_as_the_beginning_of_another_is_that_column(tmp_path: Path) -> None:
    source = open_source(parquet(tmp_path, **{"a.b": [1], "a": [2], " c ": [3]}))
    assert cut(source, Cut(columns=("c", "a")))[0].to_pydict() == {"c": [3], "a": [2]}


def test_texts_stay_dictionaries_where_that_is_asked_for(tmp_path: Path) -> None:
    source = open_source(parquet(tmp_path, a=["x", None, "x"], b=["x", "y", "z"], c=[1, 2, 3]))
    (found,) = cut(source, Cut(dictionaries=frozenset("ac")))
    assert [pa.types.is_dictionary(kind) for kind in found.schema.types] == [True, False, False]
    assert found.to_pydict() == {"a": ["x", None, "x"], "b": ["x", "y", "z"], "c": [1, 2, 3]}


def test_without_a_column_there_are_rows(tmp_path: Path) -> None:
    for source in (
        open_source(parquet(tmp_path, a=[1, 2])),
        open_source(written(tmp_path, "a,b\n1,2\n3,4\n")),
        open_source(written(tmp_path, '{"a":1}\n{"a":2}\n', "rows.jsonl")),
    ):
        assert sum(batch.num_rows for batch in cut(source, Cut(columns=()))) == 2


def test_one_file_is_read_as_beside_the_others(tmp_path: Path) -> None:
    written(tmp_path, '{"a":1}\n{"a":null}\n', "1.jsonl")
    second = written(tmp_path, '{" a":"x"}\n{" a":2}\n', "2.jsonl")
    one = open_one(second, "two", open_source(tmp_path).form)
    assert columns_of(one) == {"a": ["x", "2"]}
    assert one.files == (second,)


def test_a_file_of_another_kind_or_with_other_columns_is_refused(tmp_path: Path) -> None:
    form = open_source(written(tmp_path, "a,b\n1,2\n")).form
    with pytest.raises(SourceError, match=r"two: expected files of one form, as .*\(csv\)\. Received: parquet"):
        open_one(parquet(tmp_path, a=[1]), "two", form)
    with pytest.raises(SourceError, match=r"two: expected the columns of the plan\. Received: none named b"):
        open_one(written(tmp_path, "a,c\n1,2\n"), "two", form)


@pytest.mark.parametrize("size", [16, 2**21])
def test_good_and_rejected_rows_are_found_in_one_look(tmp_path: Path, size: int) -> None:
    source = open_source(written(tmp_path, 'a,b\n1,2\n\n3\n"x\ny",4\n5,6\n,,,\n7,8,9\n1,0\n'))
    locator = source.locator()
    rejected, good = [], []
    for chunk in source.batches(chunk_bytes=size):
        good += list(range(chunk.first_row, chunk.first_row + chunk.columns.num_rows))
        rejected += chunk.rejected
    assert [each.row for each in rejected] == [2, 6]
    first, lines = locator.find(good[:2], [2])
    assert [(place.row, place.line, place.content) for place in first.values()] == [(1, 2, "1,2"), (3, 5, '"x\ny",4')]
    assert lines == {2: 4}
    rest, lines = locator.find(good[2:], [6])
    assert [(place.row, place.line) for place in rest.values()] == [(4, 7), (5, 8), (7, 10)]
    assert lines == {6: 9}


def test_rows_of_json_lines_are_found(tmp_path: Path) -> None:
    source = open_source(written(tmp_path, '{"a":1}\n\n[2]\n{"a":3}\n', "rows.jsonl"))
    (chunk,) = source.batches()
    assert [(each.row, each.line, each.place) for each in chunk.rejected] == [(2, 3, 1)]
    places, lines = source.locator().find([2], [2])
    assert (places[2].row, places[2].line, places[2].content, lines) == (3, 4, '{"a":3}', {2: 3})
