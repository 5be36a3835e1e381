"""A run of `score`: every row once, whatever happens, in parts that are the same to the byte."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from app.scoring.places.local import LocalPlace
from app.scoring.scorer import load_scorer
from tests.app.scoring import jobs
from tests.support import tiny

GOOD = [row for row in range(130) if row not in jobs.TEXT_FAULTS]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    path.write_text(jobs.text())
    return path


def test_every_row_of_a_text_is_answered_or_set_aside_with_line_and_reason(
    tmp_path: Path, bundle: Path, csv: Path
) -> None:
    assert jobs.run(csv, tmp_path / "out", bundle, max_rejected=0.05) == 0
    assert jobs.ids(jobs.answers(tmp_path / "out")) == GOOD
    assert [(row["file"], row["row"], row["line"], row["content"]) for row in jobs.rejected(tmp_path / "out")] == [
        ("rows.csv", 4, 5, "1,2"),
        ("rows.csv", 51, 52, "x,1,true,low,50"),
        ("rows.csv", 52, 53, ",1,true,low,51"),
        ("rows.csv", 102, 103, '"a\nb",1,true,low,101'),
    ]
    assert [row["reason"] for row in jobs.rejected(tmp_path / "out")][:2] == [
        "expected 5 cells, as in the header. Received: 2.",
        "`age`: expected a number within the range of a 32-bit float. Received: 'x'.",
    ]
    assert sorted(jobs.files(tmp_path / "out", parts_only=True)) == [
        f"part-00000-0000{part}.parquet" for part in range(4)
    ]


def test_answers_are_the_scorers(tmp_path: Path, bundle: Path) -> None:
    assert jobs.run(jobs.parquet(tmp_path / "rows.parquet"), tmp_path / "out", bundle) == 0
    expected = load_scorer(bundle)(jobs.table()).to_pylist()
    found = jobs.answers(tmp_path / "out")
    assert jobs.ids(found) == list(range(130))
    assert [{name: row[name] for name in row if name != "id"} for row in found] == expected


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_empty_parts_of_a_folder_add_nothing_and_are_said(
    tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str], scheme: str
) -> None:
    """Spark leaves such: a schema without rows, and files of 0 bytes; here on this machine and as if elsewhere."""
    data = tmp_path / "data"
    data.mkdir()
    for name in ("_SUCCESS", "part-0.parquet"):
        (data / name).touch()
    jobs.parquet(data / "part-1.parquet", rows=0)
    jobs.parquet(data / "part-2.parquet")
    jobs.parquet(data / "part-3.parquet", rows=0)
    pyarrow.parquet.write_table(jobs.table(70, first=130), data / "part-4.parquet")
    assert jobs.run(f"{scheme}{data}", tmp_path / "out", bundle) == 0
    assert jobs.ids(jobs.answers(tmp_path / "out")) == list(range(200))
    said = capsys.readouterr().out
    assert "left out, for there is nothing in them: part-0.parquet" in said
    assert "left out, for they have no rows: part-1.parquet, part-3.parquet" in said


def test_a_run_lists_its_folder_no_more_often_the_more_stretches_there_are(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is as long as what is done: one a stretch would be the square of all."""
    listed, names = [], LocalPlace.names

    def noted(self: LocalPlace, folder: str = "") -> list[str]:
        listed.append(folder)
        return names(self, folder)

    monkeypatch.setattr(LocalPlace, "names", noted)
    counts = []
    for group_rows in (130, 10):
        data, out = jobs.parquet(tmp_path / f"{group_rows}.parquet", group_rows=group_rows), tmp_path / str(group_rows)
        for _ in range(2):
            assert jobs.run(data, out, bundle, part_rows=20) == 0
        counts.append(len(listed))
        listed.clear()
    assert counts[0] == counts[1]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_run_goes_on_from_any_subset_of_parts(tmp_path: Path, bundle: Path, csv: Path, form: str) -> None:
    data = csv if form == "csv" else jobs.parquet(tmp_path / "rows.parquet")
    out = tmp_path / "out"
    assert jobs.run(data, out, bundle, max_rejected=1) == 0
    whole = jobs.files(out)
    for name in [name for name in whole if name.startswith("_parts/")]:
        (out / name).unlink()
        (out / "_report.json").unlink()
        before = written(out)
        assert jobs.run(data, out, bundle, max_rejected=1) == 0
        assert jobs.files(out) == whole
        assert {part for part, time in written(out).items() if before[part] != time} == {Path(name).stem}


def written(out: Path) -> dict[str, int]:
    """Return when each part was written."""
    return {path.stem: path.stat().st_mtime_ns for path in out.glob("part-*")}


def test_a_part_that_was_damaged_is_written_anew(tmp_path: Path, bundle: Path) -> None:
    data, out = jobs.parquet(tmp_path / "rows.parquet"), tmp_path / "out"
    jobs.run(data, out, bundle)
    whole = jobs.files(out)
    part = out / "part-00001-00000.parquet"
    part.write_bytes(part.read_bytes()[:-1] + b"X")
    assert jobs.run(data, out, bundle) == 0
    assert jobs.files(out) == whole


def test_a_folder_of_another_plan_is_refused(tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = jobs.parquet(tmp_path / "rows.parquet"), tmp_path / "out"
    jobs.run(data, out, bundle)
    whole = jobs.files(out)
    assert jobs.run(data, out, bundle, keep="") == 2
    assert "keep: [] here, ['id'] there" in capsys.readouterr().err
    jobs.parquet(data, rows=131)
    assert jobs.run(data, out, bundle) == 2
    assert "input rows.parquet.bytes" in capsys.readouterr().err
    assert jobs.files(out) == whole


def test_too_many_rows_set_aside_are_another_exit_code(tmp_path: Path, bundle: Path, csv: Path) -> None:
    assert jobs.run(csv, tmp_path / "out", bundle) == 3
    assert len(jobs.answers(tmp_path / "out")) == 126


def test_the_report_judges_where_the_truth_stands_in_the_data_and_says_what_moved(tmp_path: Path, bundle: Path) -> None:
    rows = jobs.table(1200)
    truth = ["yes" if row % 3 else "no" for row in range(1200)]
    pyarrow.parquet.write_table(rows.append_column("target", pa.array(truth)), tmp_path / "rows.parquet")
    assert jobs.run(tmp_path / "rows.parquet", tmp_path / "out", bundle, part_rows=500) == 0
    report = json.loads((tmp_path / "out" / "_report.json").read_text())
    right = sum(row["label"] == truth[row["id"]] for row in jobs.answers(tmp_path / "out"))
    accuracy = next(each for each in report["metrics"] if each["metric"] == "accuracy")
    assert (report["judged"], accuracy["value"], accuracy["card"]) == (1200, round(right / 1200, 6), 1.0)
    assert {found["feature"] for found in report["drift"]} == {"age", "hours-per-week", "member", "level", "target"}
    assert report["card_weighs_by"] is None
    text = (tmp_path / "out" / "_report.md").read_text()
    assert "| accuracy |" in text
    assert "Rows count once each" not in text


def test_the_report_says_where_the_card_weighs_rows_and_it_does_not(tmp_path: Path) -> None:
    weighed = tiny.Tiny(format=2, profiled=True)
    bundle = tiny.write(tmp_path / "models", weighed, lambda facts: facts["training"].update(weights="w|1"))
    rows = jobs.table(60).append_column("target", pa.array(["yes", "no"] * 30)).append_column("w|1", pa.array([2] * 60))
    pyarrow.parquet.write_table(rows, tmp_path / "rows.parquet")
    assert jobs.run(tmp_path / "rows.parquet", tmp_path / "out", bundle) == 0
    assert json.loads((tmp_path / "out" / "_report.json").read_text())["card_weighs_by"] == "w|1"
    said = "Rows count once each here; on the card they count by w\\|1."
    assert said in (tmp_path / "out" / "_report.md").read_text()


def test_a_second_run_of_what_is_done_changes_nothing_and_loads_no_part(
    tmp_path: Path, bundle: Path, csv: Path
) -> None:
    assert jobs.run(csv, tmp_path / "out", bundle, max_rejected=1) == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*part-*")}
    assert jobs.run(csv, tmp_path / "out", bundle, max_rejected=1, workers=3) == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
