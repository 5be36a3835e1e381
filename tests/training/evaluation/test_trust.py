import io
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from rich.console import Console

from tests.training.conftest import shares
from tests.training.evaluation.test_mistakes import data_of, graph
from training import console
from training.columns.arrays import Rows
from training.evaluation.baselines import TRIVIAL, Baseline
from training.evaluation.bootstrap import intervals
from training.evaluation.evaluate import judge
from training.evaluation.findings import Findings, Interval
from training.evaluation.trust import remarks, unproven
from training.export.ort_session import Session
from training.options import Options
from training.reporting import findings_section
from training.tasks.label.classification import Classification
from training.tasks.value.regression import Regression
from training.trained_model import TrainedModel

FRAUD = Classification(("ok", "fraud"))
MODELS = ("baseline", "linear", "hist_gradient_boosting", "keras", "fp32", "shipped")
ALL = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "log_loss")


def frauds(rows: int, of: int) -> Rows:
    return Rows({}, (np.arange(rows) < of).astype(np.int64))


def test_few_rows_of_a_label_are_said_beside_every_metric_about_it() -> None:
    found = remarks(FRAUD, frauds(600, 4), ALL)
    assert set(found) == set(ALL) - {"accuracy", "log_loss"}
    assert set(found.values()) == {"4 rows of `fraud`: too few to trust"}
    assert remarks(FRAUD, frauds(600, 1), ["f1"]) == {"f1": "1 row of `fraud`: too few to trust"}
    assert remarks(FRAUD, frauds(600, 50), ALL) == {}


def test_few_rows_of_the_other_label_speak_against_what_goes_by_both() -> None:
    found = remarks(FRAUD, frauds(600, 560), ALL)
    assert "roc_auc" in found
    assert "recall" not in found
    assert found["pr_auc"] == "40 rows of `ok`: too few to trust"


def test_of_several_labels_the_scarce_ones_are_named() -> None:
    task = Classification(tuple("abcdefgh"))
    rows = Rows({}, np.repeat(np.arange(8), [100, *range(1, 8)]))
    found = remarks(task, rows, ALL)
    assert found["f1"].startswith("1 row of `b`, 2 rows of `c`, 3 rows of `d`")
    assert "and 2 labels more: too few" in found["f1"]
    assert "accuracy" not in found


def test_rows_that_do_not_count_are_none() -> None:
    rows = Rows({}, np.repeat([0, 1], 60), weights=np.repeat([1.0, 0.0, 2.0], [60, 30, 30]))
    assert remarks(FRAUD, rows, ["recall"]) == {"recall": "30 rows of `fraud`: too few to trust"}


def test_a_number_has_no_scarce_rows() -> None:
    assert remarks(Regression(), Rows({}, np.zeros(3)), ["r2"]) == {}


@pytest.mark.parametrize(("of", "is_said"), [(4, True), (60, False)])
def test_it_stands_beside_the_metric_on_the_card_and_the_console(of: int, is_said: bool) -> None:
    rows = frauds(600, of)
    outputs = shares(np.full((600, 2), 0.5))
    found = intervals(FRAUD, rows, outputs, outputs, "baseline", seed=0)
    scores = {name: {"f1": 0.0} for name in MODELS}
    findings = Findings(scores=scores, outputs=outputs, intervals=found)
    said = io.StringIO()
    console.print_findings(Console(file=said, width=1000), FRAUD, findings)
    card = "\n".join(findings_section.blocks(findings, FRAUD))
    remark = "4 rows of `fraud`: too few to trust"
    assert (remark in said.getvalue()) == is_said
    assert (f"{remark} |" in card) == is_said
    assert (findings_section.doubts(findings) != []) == is_said


def test_it_is_said_where_nothing_may_have_been_learned() -> None:
    said = unproven("roc_auc", Interval(0.52, 0.45, 0.59), 0.5)
    assert said.startswith("Not told from answers that know no feature: roc_auc 0.5200 (0.4500 to 0.5900), theirs 0.5")
    assert unproven("roc_auc", Interval(0.62, 0.51, 0.7), 0.5) == ""
    findings = Findings(scores={name: {"f1": 0.0} for name in MODELS}, outputs={}, unproven=said)
    shown = io.StringIO()
    console.print_findings(Console(file=shown, width=1000), FRAUD, findings)
    assert f"Warning {said}." in shown.getvalue()
    assert findings_section.doubts(findings) == [f"**{said}.**"]


def test_a_graph_that_answers_all_rows_alike_is_judged_so(tmp_path: Path) -> None:
    data, same = data_of(tmp_path, "text"), graph("never there")
    chosen = SimpleNamespace(name="fp32", graph=same)
    choice = SimpleNamespace(candidates=(chosen,), chosen=chosen)
    network = SimpleNamespace(predict=Session(same).predict)
    options = Options.of(data=tmp_path / "rows.csv", target="label")
    model = SimpleNamespace(data=data, choice=choice, network=network, options=options)
    trivial = Baseline(lambda rows: data.task.trivial(len(rows)))
    found = judge(cast("TrainedModel", model), {TRIVIAL: trivial})
    assert found.unproven.startswith("Not told from answers that know no feature: roc_auc 0.5000")
