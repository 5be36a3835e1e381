"""Buckets: data from one, answers into one, by a real client and a real server; what is wrong is one message."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet
import pytest

from app.scoring.errors import Failed, Refused
from app.scoring.parts import fetching
from app.scoring.places import addresses
from app.scoring.places.remote import RemotePlace
from app.sources.source import Cut
from tests.app.scoring import jobs, machines

OUT = f"s3://{machines.BUCKET}/out"
IN = f"s3://{machines.BUCKET}/in"


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """One server for all tests of this module; none of them minds what others left."""
    with machines.s3_server() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        addresses.opened.cache_clear()
        yield variables
    addresses.opened.cache_clear()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.model(tmp_path_factory.mktemp("models"))


def upload(name: str, path: Path) -> None:
    """Put an object by the client alone."""
    system, folder = addresses.opened(IN)
    with system.open_output_stream(f"{folder}/{name}") as stream:
        stream.write(path.read_bytes())


def objects(folder: str) -> dict[str, bytes]:
    """Every object below a folder, by the client alone."""
    system, path = addresses.opened(f"s3://{machines.BUCKET}/{folder}")
    found = system.get_file_info(pyarrow.fs.FileSelector(path, recursive=True))
    files = [each.path for each in found if each.type == pyarrow.fs.FileType.File]
    return {each.removeprefix(path + "/"): system.open_input_stream(each).read() for each in sorted(files)}


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_from_bucket_to_bucket_the_answers_are_those_of_files(
    server: dict[str, str], tmp_path: Path, bundle: Path, form: str
) -> None:
    """Parts and rejected rows to the byte; a second command finds all of it done."""
    path = tmp_path / f"rows.{form}"
    path.write_text(jobs.text()) if form == "csv" else jobs.parquet(path)
    upload(f"{form}/{path.name}", path)
    assert jobs.run(path, tmp_path / "out", bundle, max_rejected=0.05) == 0
    expected = {name: data for name, data in jobs.files(tmp_path / "out").items() if not name.startswith("_p")}
    for _ in range(2):
        assert jobs.run(f"{IN}/{form}/", f"{OUT}/{form}", bundle, max_rejected=0.05) == 0
        found = objects(f"out/{form}")
        assert {name: found.get(name) for name in expected if name != "_report.json"} == {
            name: data for name, data in expected.items() if name != "_report.json"
        }
        assert "_report.json" in found


def test_of_a_parquet_file_only_what_is_read_is_fetched(server: dict[str, str], tmp_path: Path) -> None:
    """A row group and a column: the rest of the file is a hole, so that a giant file needs no giant disk."""
    rows = 200_000
    table = pa.table({"a": [float(n) for n in range(rows)], "b": [str(n) * 3 for n in range(rows)]})
    pyarrow.parquet.write_table(table, tmp_path / "wide.parquet", row_group_size=50_000)
    upload("wide.parquet", tmp_path / "wide.parquet")
    address = f"{IN}/wide.parquet"
    fetching.complete(address, 1, Cut(groups=(1, 2), columns=("a",)))
    path = fetching.local(address, 1)
    read = pyarrow.parquet.ParquetFile(path).read_row_group(1, columns=["a"])
    assert read.column("a").to_pylist() == [float(n) for n in range(50_000, 100_000)]
    assert path.stat().st_size == (tmp_path / "wide.parquet").stat().st_size
    assert path.stat().st_blocks * 512 < path.stat().st_size / 2


def test_an_object_that_changes_under_the_reader_is_refused(server: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(jobs.text(rows=20_000, faults={}))
    upload("changing.csv", tmp_path / "a.csv")
    fetching.local(f"{IN}/changing.csv", 0)
    (tmp_path / "a.csv").write_text(jobs.text(rows=20_001, faults={}))
    upload("changing.csv", tmp_path / "a.csv")
    with pytest.raises(Refused, match="expected the file as it was at first"):
        fetching.complete(f"{IN}/changing.csv", 0, Cut())


def test_a_folder_and_a_pattern_mean_the_same_files_as_on_a_disk(server: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    for name in ("b.csv", "a.csv", "_left.csv", "notes.md"):
        upload(f"listed/{name}", tmp_path / "x")
    assert fetching.listed(f"{IN}/listed/") == [f"{IN}/listed/a.csv", f"{IN}/listed/b.csv"]
    assert fetching.listed(f"{IN}/listed/b*") == [f"{IN}/listed/b.csv"]
    assert fetching.listed(f"{IN}/listed/notes.md") == [f"{IN}/listed/notes.md"]
    with pytest.raises(Refused, match="Received: nothing of that name"):
        fetching.listed(f"{IN}/absent/")


def test_a_place_holds_what_was_put(server: dict[str, str]) -> None:
    """A large object goes in pieces, and is there whole."""
    place = RemotePlace(f"{OUT}/place")
    assert (place.get("a"), place.size("a"), place.names()) == (None, None, [])
    place.put("_parts/b", b"x" * 12_000_000)
    place.put("a", b"1")
    place.put("a", b"2")
    assert (place.get("a"), place.size("_parts/b"), place.names()) == (b"2", 12_000_000, ["a"])
    assert place.names("_parts") == ["b"]
    place.sweep()
    assert place.get("a") == b"2"


def test_who_comes_later_gets_what_stands_there(server: dict[str, str]) -> None:
    place = RemotePlace(f"{OUT}/claim")
    assert place.claim("plan", b"first") == b"first"
    assert place.claim("plan", b"second") == b"first"


def test_another_file_system_is_written_by_move(tmp_path: Path) -> None:
    """What a kill left is swept."""
    place = RemotePlace(f"file://{tmp_path}")
    place.put("folder/a", b"1")
    (tmp_path / "folder" / ".b.0.tmp").write_bytes(b"half")
    assert place.names("folder") == ["a"]
    place.sweep()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://no-such-bucket/in/", "NO_SUCH_BUCKET"),
        ("s3://lake/in/?nonsense=1", "nonsense"),
        ("nowhere://lake/in/", "nowhere"),
        ("s3://key:secret@lake/in/", "one with them"),
        ("s3://lake/in/?secret_key=secret", "one with them"),
    ],
)
def test_an_address_that_means_nothing_is_one_message(
    server: dict[str, str], address: str, said: str, tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before work, for data and for answers; no secret is shown."""
    data = jobs.parquet(tmp_path / "rows.parquet")
    for source, out in ((address, str(tmp_path / "out")), (str(data), address)):
        assert jobs.run(source, out, bundle, quiet=True) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert said in line
        assert "secret@" not in line
        assert "=secret" not in line


def test_a_server_that_is_not_there_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    place = RemotePlace("s3://lake/out?endpoint_override=127.0.0.1:1&scheme=http&region=us-east-1")
    with pytest.raises(Failed, match="connect"):
        place.get("_plan.json")


def test_a_wrong_key_is_one_message(
    tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server of its own, for this one knows no key at all."""
    with machines.s3_server() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        addresses.opened.cache_clear()
        machines.lock_out(variables)
        data = jobs.parquet(tmp_path / "rows.parquet")
        for source, out in ((f"{IN}/", str(tmp_path / "out")), (str(data), OUT)):
            assert jobs.run(source, out, bundle, quiet=True) == 2
            [line] = capsys.readouterr().err.splitlines()
            assert "ACCESS" in line
    addresses.opened.cache_clear()
