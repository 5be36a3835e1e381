"""`python -m app drift`: the same counts as the service's, judged by the same bounds."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.drift.counts import DRIFTED, MOVED, psi
from app.scoring.drift_report import Drift, drift
from tests.app.test_printable import is_safe
from tests.support import serving, tiny
from tests.support.drift_traffic import adult_rows, send, shifted, write_csv

ROWS = 4000


def table(capsys: pytest.CaptureFixture[str], **settings: Any) -> tuple[int, Any]:
    """The exit code and the JSON document."""
    code = drift(Drift.model_validate({"as_json": True, **settings}))
    return code, json.loads(capsys.readouterr().out)


def by_feature(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["feature"]: found for found in document["features"]}


def test_traffic_like_the_training_data_is_steady(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = table(capsys, data=write_csv(tmp_path / "data.csv", adult_rows(ROWS)))
    assert (code, found["rows"], found["refused"]) == (0, ROWS, 0)
    assert len(found["features"]) == 15
    assert max(feature["psi"] for feature in found["features"]) < MOVED / 2
    assert {feature["verdict"] for feature in found["features"]} == {"steady"}


@pytest.mark.parametrize("feature", ["age", "fnlwgt", "education_num", "hours_per_week", "capital_gain"])
def test_a_feature_moved_by_one_deviation_has_drifted_and_no_other(
    feature: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = shifted(adult_rows(ROWS), feature)
    code, found = table(capsys, data=write_csv(tmp_path / "data.csv", rows))
    indices = {name: f["psi"] for name, f in by_feature(found).items() if f["kind"] == "feature"}
    assert code == 1
    assert indices.pop(feature) > DRIFTED
    assert max(indices.values()) < MOVED
    assert by_feature(found)[feature]["verdict"] == "drifted"
    assert [f["kind"] for f in found["features"]][:2] == ["prediction", "feature"]
    assert found["features"][1]["feature"] == feature  # those that moved most come first


async def test_the_service_counts_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The index that Prometheus would compute of its series is the offline one."""
    rows = shifted(adult_rows(1500), "age", 0.5)
    _, offline = table(capsys, data=write_csv(tmp_path / "data.csv", rows))
    async with serving.running(serving.app_of(serving.ROOT / "models")) as client:
        bodies: list[bytes | None] = []
        send(bodies.append, rows, lambda: bodies.append(None))
        for body in bodies:
            answer = await (client.get("/metrics") if body is None else client.post("/predict", content=body))
            assert answer.status_code == 200
        families = {f.name: f for f in text_string_to_metric_families((await client.get("/metrics")).text)}
    for name, expected in by_feature(offline).items():
        shares, values = (series(families[f"slipway_drift_{what}"], name) for what in ("training_share", "values"))
        assert sum(values.values()) == 1500
        assert psi([shares[bin_] for bin_ in values], list(values.values())) == pytest.approx(expected["psi"], abs=1e-9)
        for bin_, value in values.items():
            assert value / 1500 == pytest.approx(expected["bins"][bin_]["rows"])


def series(family: Any, feature: str) -> dict[str, float]:
    return {
        sample.labels["bin"]: sample.value
        for sample in family.samples
        if sample.labels["feature"] == feature and not sample.name.endswith("_created")
    }


# ── tiny tables, by hand ──

HEAD = "age,hours-per-week,member,level\n"


@pytest.fixture
def profiled(tmp_path: Path) -> Path:
    tiny.write(tmp_path / "models", tiny.Tiny(profiled=True))
    return tmp_path / "models"


def file(root: Path, *lines: str) -> Path:
    (root / "data.csv").write_text(HEAD + "".join([f"{line}\n" for line in lines]))
    return root / "data.csv"


def test_rates_and_shares(profiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = file(tmp_path, "0.5,,true,low", "11,3,true,new", "0.5,3,false,", "0.5,3,true,high")
    code, found = table(capsys, data=data, models=profiled)
    features = by_feature(found)
    assert (code, found["rows"], found["model"], found["version"]) == (0, 4, "tiny", 1)
    assert features["age"]["out_of_range"] == 0.25
    assert features["age"]["unseen"] is None
    assert features["hours-per-week"]["missing"] == 0.25
    assert features["level"]["unseen"] == features["level"]["missing"] == 0.25
    assert features["level"]["bins"]["low"] == {"training": 0.5, "rows": 0.25}
    assert {f["verdict"] for f in found["features"]} == {"too few rows"}
    assert features["target"]["missing"] is None


def test_the_table_is_for_people(profiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = file(tmp_path, *["0.5,3,true,low"] * 1000, "old,3,true,low", "1,3,true,low,7", ",3,true,low", "1")
    assert drift(Drift(data=data, models=profiled)) == 1
    text = capsys.readouterr().out
    assert "1,000 rows against the training data of tiny/1." in text
    assert "4 lines are left out, because the service would refuse them:" in text
    assert "line 1002, `age`: expected a number" in text
    assert text.count("  line ") == 3
    assert re.search(r"feature +PSI +missing +unseen +out of range +verdict\ntarget \(prediction\) ", text)
    assert re.search(r"\nage +\d+\.\d{4} +0\.00% +0\.00% +drifted", text)
    assert "Too few rows" not in text


def test_few_rows_are_not_judged(profiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data.csv").write_text("age,member,level\n" + "99,true,low\n" * 999)
    assert drift(Drift(data=tmp_path / "data.csv", models=profiled)) == 0
    text = capsys.readouterr().out
    assert "Too few rows to judge: chance alone moves the index. Expected at least 1,000." in text
    assert "Without a column, hence missing in each row: hours-per-week." in text
    assert "drifted" not in text


def test_a_row_that_the_model_cannot_answer_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.write(tmp_path / "models", tiny.Tiny(profiled=True, scale=1e30))
    data = file(tmp_path, "1,3,true,low", "1e38,3,true,low", "1,3,true,low")
    _, found = table(capsys, data=data, models=tmp_path / "models")
    assert (found["rows"], found["refused"]) == (2, 1)
    assert found["faults"] == ["line 3: expected a finite answer of the model. Received: another."]


def test_drift_is_counted_also_where_the_service_does_not(
    profiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, found = table(capsys, data=file(tmp_path, "1,3,true,low"), models=profiled, drift=False)
    assert found["rows"] == 1


def test_progress_is_for_terminals(profiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("app.scoring.drift_report.STEP_S", 0.0)
    monkeypatch.setattr(sys, "stderr", terminal)
    drift(Drift(data=file(tmp_path, *["0.5,3,true,low"] * 5000), models=profiled))
    assert re.search(r"\r *\d+%  \d,000 rows", terminal.getvalue())
    assert terminal.getvalue().endswith("\r\033[K")


# ── which model, and what is wrong ──


def fault(capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    assert drift(Drift.model_validate(settings)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_the_newest_version_of_the_only_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for version in (1, 2):
        tiny.write(tmp_path / "models", tiny.Tiny(version=version, profiled=True))
    data = file(tmp_path, "1,3,true,low")
    assert table(capsys, data=data, models=tmp_path / "models")[1]["version"] == 2
    assert table(capsys, data=data, models=tmp_path / "models", version=1)[1]["version"] == 1
    assert table(capsys, data=data, bundle=tmp_path / "models/tiny/1")[1]["version"] == 1


def test_what_there_is_to_choose_from_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        tiny.write(tmp_path / "models", tiny.Tiny(name=name, profiled=True))
    known: dict[str, Any] = {"data": file(tmp_path, "1,3,true,low"), "models": tmp_path / "models"}
    assert "Invalid `--model`: expected one of one, two. Received: nothing." in fault(capsys, **known)
    assert "Invalid `--model`: expected one of one, two. Received: `six`." in fault(capsys, **known, model="six")
    assert "Invalid `--version`: expected one of 1. Received: 9." in fault(capsys, **known, model="one", version=9)
    assert "expected a model in" in fault(capsys, data=known["data"], models=tmp_path / "none")
    assert table(capsys, **known, default_model="two")[1]["model"] == "two"


def test_a_model_without_a_profile_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.write(tmp_path / "models")
    found = fault(capsys, data=file(tmp_path, "1,3,true,low"), models=tmp_path / "models")
    assert "tiny/1: expected the distribution of its training data in profile.json. Received: none." in found


def test_no_file_no_rows_and_no_good_row(profiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = tmp_path / "nowhere.csv"
    assert f"Received: {nowhere}, which is not a file" in fault(capsys, data=nowhere, models=profiled)
    assert "Received: 0 rows" in fault(capsys, data=file(tmp_path), models=profiled)
    assert "line 2, `age`: expected" in fault(capsys, data=file(tmp_path, "old,3,true,low"), models=profiled)


def test_the_command(profiled: Path, tmp_path: Path) -> None:
    data = file(tmp_path, *["0.5,3,true,low"] * 1000)
    command = [sys.executable, "-m", "app", "drift", str(data), "--models", str(profiled), "--json"]
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=serving.ROOT, timeout=serving.PATIENCE_S, check=False
    )
    assert ended.returncode == 1, ended.stderr
    assert json.loads(ended.stdout)["rows"] == 1000


@pytest.mark.parametrize("as_json", [False, True])
def test_names_and_cells_of_files_are_escaped(
    as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of features, of folders, of lines that are left out; what Python's JSON leaves as it is as well."""
    hostile = "x\x9b2J\u202e"
    tiny.write(tmp_path / "models", tiny.Tiny(profiled=True, numbers=("age", hostile)))
    folder = tmp_path / "\x1b[31m\n"
    folder.mkdir()
    rows = "".join([f"{age},1,true,low\n" for age in (40, 41, f"\x1b[2J{hostile}")])
    (folder / "data.csv").write_text(f"age,{hostile},member,level\n{rows}", encoding="utf-8")
    assert drift(Drift(data=folder / "data.csv", models=tmp_path / "models", as_json=as_json)) in (0, 1)
    text = capsys.readouterr().out
    assert is_safe(text.replace("\n", ""))
    assert "2J" in text
    assert "31m" in text
    assert not as_json or hostile in by_feature(json.loads(text))


def test_a_message_lists_as_many_models_as_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(200):
        (tmp_path / f"m{number}\x1b" / "1").mkdir(parents=True)
    assert drift(Drift(data=tmp_path / "data.csv", models=tmp_path)) == 2
    said = capsys.readouterr().err
    assert "and 180 more" in said
    assert is_safe(said.rstrip("\n"))
