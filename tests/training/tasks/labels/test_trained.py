"""A bundle of several labels a row, as training writes it: folds, selection, all compression; served, judged anew."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from app.answers.registry import answer_of
from tests.training.tasks.labels.conftest import LABELS
from training.evaluation import compare_bundles, evaluate_bundle, served_bundle
from training.options import Options
from training.pipeline import train

OptionsOf = Callable[..., Options]


@pytest.fixture
def manifest(labels_bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((labels_bundle / "manifest.json").read_text())
    return found


def test_the_manifest_keeps_labels_and_thresholds(manifest: dict[str, Any]) -> None:
    answer = manifest["answer"]
    assert (answer["type"], answer["labels"]) == ("labels", list(LABELS))
    assert all(0 < at < 1 for at in answer["thresholds"])
    assert len(set(answer["thresholds"])) > 1
    assert manifest["training"]["temperature"] > 0
    assert (manifest["task"], manifest["target"]) == ("multilabel", "topics")


def test_it_learned(manifest: dict[str, Any]) -> None:
    metrics = manifest["metrics"]
    assert set(metrics["shipped"]) == {"micro_f1", "macro_f1", "exact", "roc_auc", "pr_auc", "ranking"}
    for name in ("micro_f1", "roc_auc"):
        assert metrics["shipped"][name] > metrics["baseline"][name] + 0.2
        assert metrics["shipped"][name] > metrics["hist_gradient_boosting"][name] - 0.05
    assert len(manifest["training"]["folds"]["micro_f1"]) == 2
    assert manifest["training"]["importances"]["metric"] == "micro_f1"


def test_the_card_has_a_table_of_the_labels(labels_bundle: Path) -> None:
    card = (labels_bundle / "card.md").read_text()
    assert "### Each label" in card
    assert all(f"| {label} |" in card for label in LABELS)
    assert "Each label" in (labels_bundle / "report.html").read_text()


@pytest.mark.parametrize("form", ["list", "lines", "texts", "columns"])
def test_new_rows_are_judged_in_every_form(form: str, labels_bundle: Path, options_of: OptionsOf) -> None:
    served = served_bundle.load(labels_bundle)
    answers = evaluate_bundle.answer(served, options_of(form).data.path)
    found = evaluate_bundle.judge(served, answers)
    assert (found.rows, answers.without_target, answers.refused) == (570, 30, 0)
    if form == "list":
        assert answers.is_own
    reference = evaluate_bundle.answer(served, options_of("list").data.path)
    np.testing.assert_array_equal(answers.rows.y, reference.rows.y)


def test_a_label_that_the_model_does_not_have_is_refused_by_its_row(labels_bundle: Path, tmp_path: Path) -> None:
    served = served_bundle.load(labels_bundle)
    lines = ["a,b,c,city,topics", *["0,1,0,x,law", "1,0,0,y,art|tax"] * 20, "0,0,0,x,law|sea"]
    (tmp_path / "new.csv").write_text("\n".join(lines) + "\n")
    answers = evaluate_bundle.answer(served, tmp_path / "new.csv")
    assert answers.refused == 1
    assert "expected labels among art, law, tax, war" in answers.faults[0]


def test_the_service_gives_the_labels_that_training_judged(labels_bundle: Path, options_of: OptionsOf) -> None:
    """By the same thresholds, in 32 bits."""
    served = served_bundle.load(labels_bundle)
    outputs = evaluate_bundle.answer(served, options_of("texts").data.path).outputs
    answer = answer_of(served.manifest.answer)
    given = served.task.decided(outputs)["given"]
    texts = [json.loads(text)["labels"] for text in answer.encode(outputs)]
    assert texts == [[label for label, has in zip(LABELS, row, strict=True) if has] for row in given.tolist()]


def test_two_bundles_are_compared_each_by_its_own_thresholds(
    labels_bundle: Path, options_of: OptionsOf, tmp_path: Path, manifest: dict[str, Any]
) -> None:
    """The second is the first, but gives no label at all."""
    folder = tmp_path / "topics" / "2"
    shutil.copytree(labels_bundle, folder)
    manifest["answer"]["thresholds"] = [0.9999] * 4
    (folder / "manifest.json").write_text(json.dumps({**manifest, "version": 2}))
    first, second = served_bundle.load(labels_bundle), served_bundle.load(folder)
    one, other = (evaluate_bundle.answer(served, options_of("list").data.path) for served in (first, second))
    found = compare_bundles.on_same_rows(first, second, one, other)
    judged = [evaluate_bundle.judge(*pair).metrics for pair in ((first, one), (second, other))]
    for metric, (value, beside) in found.metrics.items():
        assert (value.value, beside) == (judged[0][metric].value, judged[1][metric].value), metric
    assert found.difference["micro_f1"].high < 0
    assert found.difference["roc_auc"].value == 0


def test_a_stream_with_a_column_a_label_is_learned(options_of: OptionsOf, tmp_path: Path) -> None:
    """By several heads."""
    options = options_of("columns", models=tmp_path, stream=True, members=2, epochs=8)
    folder = train(options, Console(quiet=True))
    facts = json.loads((folder / "manifest.json").read_text())
    assert facts["target"] == ", ".join(LABELS)
    assert facts["metrics"]["shipped"]["micro_f1"] > facts["metrics"]["baseline"]["micro_f1"] + 0.15
