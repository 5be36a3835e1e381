"""What cannot be scored is refused before any work, with exit code 2 and what to do."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.app.scoring import jobs


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.parquet(tmp_path_factory.mktemp("data") / "rows.parquet")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"data": "-"}, "Received: standard input. Write it to a file first"),
        ({"data": "nowhere.csv"}, "which is not a file"),
        ({"keep": "id,shoe"}, "`--keep`: expected columns of the table, age, hours-per-week, member, level, id."),
        ({"engine": "steam"}, "`--engine`: expected one of here"),
        ({"bundle": Path("nowhere/1")}, "nowhere"),
    ],
)
def test_options_that_mean_nothing(
    tmp_path: Path, bundle: Path, data: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any], reason: str
) -> None:
    given = {"data": data, "bundle": bundle} | options
    assert jobs.run(out=tmp_path / "out", **given) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("columns", "options", "reason"),
    [
        ({"label": ["x"] * 3}, {"keep": "all"}, "expected columns to keep with other names than the answers"),
        ({"bag": [[1], [2], [3]]}, {"keep": "bag", "format": "csv"}, "`bag` of a type that csv can hold"),
        ({"level": None}, {}, ""),
        ({"age": None}, {}, "expected the column(s) age, which the model needs"),
    ],
)
def test_columns_that_do_not_fit(
    tmp_path: Path,
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
    columns: dict[str, Any],
    options: dict[str, Any],
    reason: str,
) -> None:
    found = {**jobs.table(3).to_pydict(), **columns}
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pa.table({name: cells for name, cells in found.items() if cells is not None}), path)
    assert jobs.run(path, tmp_path / "out", bundle, **options) == (2 if reason else 0)
    assert reason in capsys.readouterr().err


def test_a_folder_that_holds_something_else(
    tmp_path: Path, bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert jobs.run(data, tmp_path, bundle) == 2
    assert "or holds a plan. Received" in capsys.readouterr().err
    assert jobs.files(tmp_path) == {"notes.txt": b"mine"}


def test_a_dry_run_writes_nothing(tmp_path: Path, bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert jobs.run(data, tmp_path / "out", bundle, dry_run=True) == 0
    assert "Of the first 30 rows 30 are answered, 0 set aside." in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_an_input_that_changes_under_way_ends_the_run(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.scoring.scorer import Scorer

    data, score = jobs.parquet(tmp_path / "rows.parquet", group_rows=130), Scorer.score

    def changing(self: Scorer, *given: Any) -> Any:
        data.touch()
        return score(self, *given)

    monkeypatch.setattr(Scorer, "score", changing)
    assert jobs.run(data, tmp_path / "out", bundle) == 2
    assert "expected the file that was planned, modified" in capsys.readouterr().err
    assert not jobs.files(tmp_path / "out", parts_only=True)


def test_names_with_quotes_and_line_breaks_are_kept(tmp_path: Path, bundle: Path) -> None:
    odd = 'a "b",\nc'
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(jobs.table(5).append_column(odd, pa.array(range(5))), path)
    for form in ("parquet", "csv", "jsonl"):
        out = tmp_path / form
        assert jobs.run(path, out, bundle, keep="all", format=form) == 0
        (data,) = jobs.files(out, parts_only=True).values()
        assert len(data) > 100
    table = pyarrow.parquet.read_table(next((tmp_path / "parquet").glob("part-*")))
    assert table.schema.names == ["age", "hours-per-week", "member", "level", "id", odd, "label", *PROBABILITIES]
    assert (tmp_path / "csv" / "part-00000-00000.csv").read_text().startswith('"age","hours-per-week","member"')


PROBABILITIES = ["probability[no]", "probability[yes]"]


def test_a_run_is_told_to_node_exporter(tmp_path: Path, bundle: Path, data: Path) -> None:
    assert jobs.run(data, tmp_path / "out", bundle, metrics_textfile=tmp_path / "slipway.prom") == 0
    text = (tmp_path / "slipway.prom").read_text()
    assert 'slipway_scoring_exit_code{model="tiny",version="1"} 0\n' in text
    assert 'slipway_scoring_rows{model="tiny",version="1"} 130\n' in text
