"""Files that break under way: a stretch fails by name and place, the others are scored, a mended file is told."""

import gzip
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.app.scoring import jobs

PADDING_BYTES = 4000  # a row: the middle of the file lies beyond what is looked at of its ends


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.model(tmp_path_factory.mktemp("models"))


def padded(path: Path) -> Path:
    """Write 160 rows in four row groups, with a column of bytes that nothing compresses."""
    texts = [f"{row:04}" + "x" * PADDING_BYTES for row in range(160)]
    rows = jobs.table(160).append_column("padding", pa.array(texts))
    pyarrow.parquet.write_table(rows, path, row_group_size=40, compression="none", use_dictionary=False)
    return path


def damage(path: Path, group: int) -> None:
    """Overwrite the beginning of a column of one row group; size and time stay."""
    times = path.stat()
    column = pyarrow.parquet.read_metadata(path).row_group(group).column(5)
    with path.open("r+b") as file:
        file.seek(column.data_page_offset)
        file.write(b"\xff" * 64)
    put_back(path, times)


def put_back(path: Path, times: os.stat_result) -> None:
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_damaged_row_group_fails_alone_and_a_mended_file_goes_on_or_is_told(
    tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = padded(tmp_path / "rows.parquet"), tmp_path / "out"
    good, times = data.read_bytes(), data.stat()
    assert jobs.run(data, tmp_path / "right", bundle, keep="id,padding") == 0
    damage(data, group=1)
    capsys.readouterr()
    for workers in (1, 2):  # again it is the same
        assert jobs.run(data, out, bundle, keep="id,padding", workers=workers) == 1
        said = capsys.readouterr().err
        assert "rows.parquet: expected a Parquet file. Received: " in said
        assert "It is in stretch 1, behind row 40 of the file. A file that is mended is another: " in said
        assert "1 of 4 stretches are not whole." in said
        assert jobs.ids(jobs.answers(out)) == [*range(40), *range(80, 160)]
        assert not (out / "_report.json").exists()
    data.write_bytes(good)  # with another time: whoever looks at the ends alone could not know what it holds
    assert jobs.run(data, out, bundle, keep="id,padding") == 2
    assert "of another: input rows.parquet.modified: " in capsys.readouterr().err
    put_back(data, times)
    assert jobs.run(data, out, bundle, keep="id,padding") == 0
    assert jobs.files(out) == jobs.files(tmp_path / "right")


def test_a_packed_text_that_was_cut_off_keeps_the_parts_before_it(
    tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the middle of a folder, behind what is looked at before the work."""
    folder, out = tmp_path / "rows", tmp_path / "out"
    folder.mkdir()
    lines = [f"{row % 9},1,true,low,{row},{'x' * 20_000}\n" for row in range(300)]
    text = ("age,hours-per-week,member,level,id,padding\n" + "".join(lines)).encode()
    for name in "abc":
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text, 1, mtime=0))
    broken = folder / "b.csv.gz"
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) * 9 // 10])
    assert jobs.run(folder, out, bundle) == 1
    said = capsys.readouterr().err
    assert "b.csv.gz: expected a CSV file. Received: Compressed file ended before the end-of-stream marker" in said
    assert "It is in stretch 1, behind row " in said
    kept = {name: jobs.ids(jobs.answers_of(out, stretch)) for stretch, name in enumerate("abc")}
    assert kept["a"] == kept["c"] == list(range(300))
    rows = len(kept["b"])
    assert 0 < rows < 300
    assert rows % jobs.PART_ROWS == 0
    assert kept["b"] == list(range(rows))
    broken.write_bytes(whole)
    assert jobs.run(folder, out, bundle) == 2
    assert "of another: input b.csv.gz.bytes: " in capsys.readouterr().err
    assert jobs.run(folder, tmp_path / "new", bundle) == 0
    assert len(jobs.answers(tmp_path / "new")) == 900
