import io

import numpy as np
import pytest
from rich.console import Console

from tests.training.conftest import shares
from training import console
from training.columns.arrays import Rows
from training.evaluation.bootstrap import intervals
from training.evaluation.findings import Findings
from training.evaluation.trust import remarks
from training.reporting import findings_section
from training.tasks.label.classification import Classification
from training.tasks.value.regression import Regression

FRAUD = Classification(("ok", "fraud"))
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
    scores = {
        name: {"f1": 0.0} for name in ("baseline", "linear", "hist_gradient_boosting", "keras", "fp32", "shipped")
    }
    findings = Findings(scores=scores, outputs=outputs, intervals=found)
    said = io.StringIO()
    console.print_findings(Console(file=said, width=1000), FRAUD, findings)
    card = "\n".join(findings_section.blocks(findings, FRAUD))
    remark = "4 rows of `fraud`: too few to trust"
    assert (remark in said.getvalue()) == is_said
    assert (f"{remark} |" in card) == is_said
    assert (findings_section.doubts(findings) != []) == is_said
