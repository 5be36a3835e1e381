import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from app.scoring.command import Score, score
from tests.training.conftest import options_for
from training.cli.bundles import COMMANDS
from training.data.prepare import prepare
from training.errors import DataError
from training.evaluation import evaluate_bundle as verdict
from training.evaluation import served_bundle as served
from training.evaluation.served_bundle import Served


@pytest.fixture(scope="module")
def bundle(bundle_folder: Path) -> Served:
    return served.load(bundle_folder)


@pytest.fixture(scope="module")
def test_rows(data_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test split of the bundle, in a file of its own."""
    data = prepare(options_for(data_file, "sold"))
    path = tmp_path_factory.mktemp("new") / "test.csv"
    data.test_frame.assign(sold=data.table.target.iloc[data.parts.test]).to_csv(path, index=False)
    return path


def test_the_test_rows_give_what_the_card_says(bundle: Served, test_rows: Path) -> None:
    answers = verdict.answer(bundle, test_rows)
    found = verdict.judge(bundle, answers)
    assert answers.refused == answers.without_target == 0
    assert not answers.is_own
    for name, value in bundle.manifest.metrics["shipped"].items():
        assert found.metrics[name].value == pytest.approx(value, abs=1e-6)
        assert found.metrics[name].low <= value <= found.metrics[name].high
        assert not found.is_beyond(name)


def test_the_file_of_the_training_is_recognised(bundle: Served, data_file: Path) -> None:
    answers = verdict.answer(bundle, data_file)
    assert answers.is_own
    assert len(answers.lines) == 405  # repeated rows count: nobody said that they are one row


def test_labels_that_are_wrong_make_the_card_lie_outside(bundle: Served, test_rows: Path, tmp_path: Path) -> None:
    path = tmp_path / "turned.csv"
    frame = pd.read_csv(test_rows)
    frame.assign(sold=frame["sold"].map({"yes": "no", "no": "yes"})).to_csv(path, index=False)
    assert verdict.judge(bundle, verdict.answer(bundle, path)).is_beyond("accuracy")


def test_rows_that_cannot_be_judged_are_counted_with_the_reason(bundle: Served, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    good = "48.5,3,red,never seen,true,yes\n,3,,city 1,false,no\n"
    path.write_text(
        "size,weight,color,city,old,sold\n" + good + "1,heavy,red,a,true,yes\n1,2,red,a,true,maybe\n1,2,red,a,true,\n"
    )
    answers = verdict.answer(bundle, path)
    assert (answers.lines, answers.rows.y.tolist()) == ([1, 2], [0, 1])
    assert (answers.refused, answers.without_target) == (2, 1)
    assert "line 4, `weight`: expected a number" in answers.faults[0] + answers.faults[1]
    assert any("line 5, `sold`: expected one of yes, no. Received: 'maybe'" in fault for fault in answers.faults)


HEAD = "id,size,weight,color,city,old,sold\n"
FAULTS = [
    "1,48.5,?,red,city 1,TRUE,yes",
    "2,,2.5,,city 2,0,no",
    "3,1,2.5,red,city 2,0,",
    "4,1,heavy,red,city 2,0,",
    "5,1,2.5",
    "6,48.5,2,red,city 1,TRUE,maybe",
    *["7,48.5,2,red,city 1,TRUE,yes"] * 40,
]


def test_rows_are_set_aside_as_scoring_does_and_for_the_same_reasons(
    bundle: Served, bundle_folder: Path, tmp_path: Path
) -> None:
    """Then come those that cannot be judged."""
    path = tmp_path / "new.csv"
    path.write_text(HEAD + "\n".join(FAULTS) + "\n")
    settings = {"data": str(path), "out": str(tmp_path / "out"), "bundle": bundle_folder, "max_rejected": 1}
    score(Score.model_validate(settings))
    report = json.loads((tmp_path / "out" / "_report.json").read_text())
    answers = verdict.answer(bundle, path)
    assert len(report["reasons"]) == 3
    assert answers.rejected == {**report["reasons"], "`sold`: expected one of yes, no": 1}
    assert (answers.refused, answers.without_target, answers.lines) == (4, 1, [2, *range(6, 46)])
    assert answers.file.tally.rows == report["answered"] == 43


def test_parquet_gives_the_same_answers(bundle: Served, frame: pd.DataFrame, tmp_path: Path) -> None:
    csv, parquet = tmp_path / "new.csv", tmp_path / "new.parquet"
    frame.to_csv(csv, index=False)
    frame.assign(old=frame["old"] == "true").to_parquet(parquet)
    one, other = (verdict.answer(bundle, path) for path in (csv, parquet))
    assert one.truths == other.truths == frame["sold"].tolist()
    np.testing.assert_array_equal(one.outputs["probabilities"], other.outputs["probabilities"])


def test_answers_stay_beside_their_truths_where_rows_are_read_one_by_one(
    bundle: Served, frame: pd.DataFrame, tmp_path: Path
) -> None:
    """Such as those with Arabic digits, which Arrow does not read: the answers to these come last."""
    usual, arabic = tmp_path / "usual.csv", tmp_path / "arabic.csv"
    frame.to_csv(usual, index=False)
    texts = frame["weight"].astype(str)
    digits = texts.str.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    frame.assign(weight=texts.where(frame.index % 7 != 3, digits)).to_csv(arabic, index=False)
    one, other = (verdict.answer(bundle, path) for path in (usual, arabic))
    assert one.lines == other.lines
    assert verdict.judge(bundle, one).metrics == verdict.judge(bundle, other).metrics


def test_a_file_without_a_column_that_the_model_needs_is_refused(bundle: Served, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("size,color,city,old,sold\n1,red,a,true,yes\n")
    with pytest.raises(DataError, match="weight, which the model needs"):
        verdict.answer(bundle, path)


def test_rows_of_one_label_cannot_be_judged(bundle: Served, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("size,weight,color,city,old,sold\n" + "48.5,3,red,a,true,yes\n" * 9)
    with pytest.raises(DataError, match=r"at least two different values of the target\. Received: 9 rows with 1"):
        verdict.answer(bundle, path)


def test_the_command_says_it_in_a_table_and_in_json(bundle_folder: Path, test_rows: Path) -> None:
    words = [str(bundle_folder), str(test_rows)]
    table = CliRunner().invoke(COMMANDS["evaluate"], words)
    document = json.loads(CliRunner().invoke(COMMANDS["evaluate"], [*words, "--json"]).stdout)
    assert table.exit_code == 0
    assert "on the card" in table.stdout
    assert document["rows"] == len(pd.read_csv(test_rows))
    accuracy = document["metrics"]["accuracy"]
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert document["card"]["accuracy"] == pytest.approx(accuracy["value"])


@pytest.mark.parametrize(
    ("words", "message"),
    [(["{folder}", "nowhere.csv"], "nowhere.csv, which is not a file"), (["nowhere", "{data}"], "nowhere")],
)
def test_what_does_not_fit_is_one_message(bundle_folder: Path, test_rows: Path, words: list[str], message: str) -> None:
    done = CliRunner().invoke(COMMANDS["evaluate"], [w.format(folder=bundle_folder, data=test_rows) for w in words])
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_variable_of_the_service_that_is_wrong_is_one_message(
    bundle_folder: Path, test_rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_THREADS", "many")
    done = CliRunner().invoke(COMMANDS["evaluate"], [str(bundle_folder), str(test_rows)])
    assert done.exit_code == 2
    assert "Error: Invalid SLIPWAY_THREADS: " in done.stderr
