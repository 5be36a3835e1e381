import gzip
from pathlib import Path

import pandas as pd
import pytest

from training.data import chunked_reader as chunks
from training.data.chunked_reader import DoesNotFit, Source
from training.data.load import load
from training.errors import DataError
from training.features.registry import recognise


def source(path: Path, text: frozenset[str] = frozenset()) -> Source:
    return Source(path, text)


def read(of: Source) -> pd.DataFrame:
    return pd.concat(of.read(of.first_types(), lambda _share: None), ignore_index=True)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 4096)
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 50)


def test_a_csv_in_chunks_is_what_load_and_convert_make_of_the_whole(data_file: Path, small_chunks: None) -> None:
    whole = load(data_file)
    streamed = read(source(data_file))
    assert list(streamed) == list(whole)
    for name in whole:
        expected = recognise(whole[name]).convert(whole[name])
        pd.testing.assert_series_equal(streamed[name], expected.astype(streamed[name].dtype), check_names=False)


@pytest.mark.parametrize("ending", ["csv.gz", "csv.bz2", "csv.xz", "csv.zip", "parquet"])
def test_every_kind_of_file_says_the_same(frame: pd.DataFrame, tmp_path: Path, ending: str, small_chunks: None) -> None:
    path, plain = tmp_path / f"goods.{ending}", tmp_path / "goods.csv"
    frame.to_csv(plain, index=False)
    frame.to_parquet(path, index=False) if ending == "parquet" else frame.to_csv(path, index=False)
    shares: list[float] = []
    of = source(path)
    found = pd.concat(of.read(of.first_types(), shares.append), ignore_index=True)
    pd.testing.assert_frame_equal(found, read(source(plain)))
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_text_is_kept_as_written_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("code,n\n007,1\nNA,2\n" + "1,3\n" * 5)
    assert read(source(path, frozenset(["code"])))["code"].tolist()[:3] == ["007", "", "1"]


def test_what_does_not_fit_a_type_is_named_and_goes_one_further(tmp_path: Path, small_chunks: None) -> None:
    path = tmp_path / "late.csv"
    path.write_text("a,b\n" + "1,true\n" * 2000 + "unknown,false\n")
    of = source(path)
    types = of.first_types()
    assert types == {"a": "number", "b": "boolean"}
    with pytest.raises(DoesNotFit) as caught:
        list(of.read(types, lambda _share: None))
    assert caught.value.names == ["a"]
    assert of.widened(types, ["a"]) == {"a": "boolean", "b": "boolean"}


def test_a_column_that_begins_without_values_goes_on_as_it_must(tmp_path: Path, small_chunks: None) -> None:
    path = tmp_path / "late.csv"
    path.write_text("when,n\n" + ",1\n" * 2000 + "2024-02-29,2\n")
    of = source(path)
    types = of.first_types()
    while types["when"] != "date":
        with pytest.raises(DoesNotFit):
            list(of.read(types, lambda _share: None))
        types = of.widened(types, ["when"])
    assert pd.concat(of.read(types, lambda _share: None))["when"].tolist()[-2:] == ["", "2024-02-29"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n1,2,3\n", "Expected 2 columns, got 3"),
        ("a,b\nMünchen,2\n".encode("latin-1"), "UTF-8"),
        (b"", "an empty file"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.csv.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match=said):
        source(path).first_types()
