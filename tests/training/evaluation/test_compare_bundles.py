import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.training.conftest import shares
from training.cli.bundles import COMMANDS
from training.errors import DataError
from training.evaluation import compare_bundles as comparison
from training.evaluation import evaluate_bundle as verdict
from training.evaluation import served_bundle as served


def version(folder: Path, root: Path, number: int, **changes: Any) -> Path:
    """Copy a bundle to another version, with other facts in its manifest."""
    there = root / folder.parent.name / str(number)
    shutil.copytree(folder, there)
    path = there / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["training"].update(changes.pop("training", {}))
    for name in changes.pop("without", []):
        del manifest["training"][name]
    path.write_text(json.dumps({**manifest, "version": number, **changes}))
    return there


def test_only_what_differs_is_listed(bundle_folder: Path, tmp_path: Path) -> None:
    first = served.load(bundle_folder)
    libraries = {**first.manifest.libraries, "numpy": "1.0"}
    options = copy.deepcopy(first.manifest.training["options"])
    options["fit"]["epochs"], options["network"]["dropout"] = 20, 0.3
    other = version(bundle_folder, tmp_path, 2, libraries=libraries, training={"options": options, "seed": 4})
    found = comparison.compare(first, served.load(other))
    assert found.options == {"dropout": ("0.1", "0.3"), "epochs": ("10", "20")}
    assert found.libraries == {"numpy": (first.manifest.libraries["numpy"], "1.0")}
    assert found.features == {}
    assert found.facts["version"] == ("goods/1", "goods/2")
    assert found.facts["seed"] == (0, 4)
    assert not found.same_rows  # another seed divides otherwise


def test_features_of_one_alone_and_of_another_kind_are_shown(bundle_folder: Path, tmp_path: Path) -> None:
    first = served.load(bundle_folder)
    manifest = json.loads((bundle_folder / "manifest.json").read_text())
    features = [dict(feature) for feature in manifest["features"]]
    features[1]["optional"] = True
    second = served.load(version(bundle_folder, tmp_path, 2, features=features))
    found = comparison.compare(first, second).features
    assert list(found) == ["weight"]
    assert "optional" in found["weight"][1]


def test_of_bundles_without_options_the_commands_are_compared(bundle_folder: Path, tmp_path: Path) -> None:
    """As those of format 1 are."""
    one, other = "python -m training goods.csv --target sold", "python -m training goods.csv --target sold --magic 3"
    old = served.load(version(bundle_folder, tmp_path, 2, training={"command": one}, without=["options"]))
    older = served.load(version(bundle_folder, tmp_path, 3, training={"command": other}, without=["options"]))
    assert comparison.compare(old, older).options == {"command": (one, other)}
    assert comparison.compare(old, old).options == {}
    new = served.load(bundle_folder)
    assert comparison.compare(new, older).options == {"command": (new.manifest.training["command"], other)}


def test_a_better_model_wins_by_more_than_chance(bundle_folder: Path, data_file: Path) -> None:
    bundle = served.load(bundle_folder)
    answers = verdict.answer(bundle, data_file)
    right = shares(np.eye(2)[answers.rows.y] * 0.9 + 0.05)
    better = replace(answers, parts=[right], lines=[*answers.lines[:-5], *range(9000, 9005)])  # five lines not shared
    found = comparison.on_same_rows(bundle, bundle, answers, better)
    assert found.rows == len(answers.lines) - 5
    assert found.metrics["accuracy"][1] == 1
    gap = found.difference["accuracy"]
    assert 0 < gap.low < gap.value < gap.high
    assert gap.value == pytest.approx(1 - found.metrics["accuracy"][0].value)
    assert comparison.on_same_rows(bundle, bundle, answers, answers).difference["accuracy"].high == 0


def test_models_of_other_labels_do_not_fight(bundle_folder: Path, data_file: Path, tmp_path: Path) -> None:
    bundle = served.load(bundle_folder)
    other = served.load(version(bundle_folder, tmp_path, 2, target="bought"))
    answers = verdict.answer(bundle, data_file)
    with pytest.raises(DataError, match="two models of the same target"):
        comparison.on_same_rows(bundle, other, answers, answers)


def test_the_command_says_it_in_tables_and_in_json(bundle_folder: Path, data_file: Path, tmp_path: Path) -> None:
    words = [str(bundle_folder), str(version(bundle_folder, tmp_path, 2)), "--data", str(data_file)]
    tables = CliRunner().invoke(COMMANDS["compare"], words)
    assert tables.exit_code == 0, tables.stderr
    assert "goods/2" in tables.stdout
    assert "No feature differs." in tables.stdout
    assert "the file it was trained on" in tables.stdout
    document = json.loads(CliRunner().invoke(COMMANDS["compare"], [*words, "--json"]).stdout)
    assert document["facts"]["version"] == ["goods/1", "goods/2"]
    assert document["same_rows"] is True
    assert document["on_data"]["difference"]["roc_auc"] == {"value": 0, "low": 0, "high": 0}
