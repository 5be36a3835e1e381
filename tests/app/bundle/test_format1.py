"""Format 1 is still read, and a model answers alike in both."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bundle import reader as bundles
from app.errors import BundleError
from app.features.row_reader import RowReader
from app.runtime.model import load
from app.settings import Settings
from tests.support import tiny

BEFORE = Path(__file__).parents[2] / "support" / "format1" / "adult-income" / "1"
Manifest = dict[str, Any]
MIXED = tiny.Tiny(
    numbers=("a", "b"), booleans=("c", "d"), strings=("s",), optional=("s", "d", "b"), order=("d", "s", "b", "c", "a")
)


def test_its_types_are_what_format_2_calls_them(tmp_path: Path) -> None:
    manifest = bundles.read(tiny.write(tmp_path, tiny.Tiny(format=1))).manifest
    assert [feature.type for feature in manifest.features] == ["number", "number", "boolean", "category"]
    assert manifest.labels == ("no", "yes")


@pytest.mark.parametrize("named", [tiny.Tiny(), MIXED, tiny.Tiny(task="regression"), tiny.Tiny(strings=())])
def test_a_model_answers_alike_in_both_formats(named: tiny.Tiny, tmp_path: Path) -> None:
    named = replace(named, optional=[name for name in named.optional if name in tiny.instance(named)])
    rows = json.loads(json.dumps([tiny.instance(named, row) for row in range(20)]))
    for row, name in zip(rows, [*named.optional] * 5, strict=False):
        row[name] = None
    body = json.dumps({"instances": [*rows, *[[row[name] for name in order(named)] for row in rows]]}).encode()
    found = []
    for format_ in (1, 2):
        model = load(tiny.write(tmp_path / str(format_), replace(named, format=format_)), Settings())
        (answers,) = model.run([model.row_reader.decode(body)])
        found.append(model.body(answers))
    assert found[0] == found[1]


def order(named: tiny.Tiny) -> list[str]:
    return [feature["name"] for feature in tiny.manifest(named)["features"]]


def test_the_columns_of_a_shared_tensor_stand_where_the_manifest_says(tmp_path: Path) -> None:
    def swap(manifest: Manifest) -> None:
        for feature in manifest["features"]:
            feature["column"] = {"age": 2, "hours-per-week": 0, "member": 1, "level": 0}[feature["name"]]

    bundle = bundles.read(tiny.write(tmp_path, tiny.Tiny(format=1), swap))
    model = load(tiny.write(tmp_path / "sound", tiny.Tiny(format=1)), Settings())
    assert model.features is not None
    row = {"age": 5, "hours-per-week": 7, "member": True, "level": "low"}
    reader = RowReader(bundle.features, 1)
    np.testing.assert_array_equal(reader.rows([row]).arrays()["numeric"], [[7, 1, 5]])
    np.testing.assert_array_equal(model.row_reader.rows([row]).arrays()["numeric"], [[5, 7, 1]])


def put(**values: Any) -> Callable[[Manifest], None]:
    return lambda manifest: manifest.update(values)


def put_feature(**values: Any) -> Callable[[Manifest], None]:
    return lambda manifest: manifest["features"][0].update(values)


BROKEN: dict[str, tuple[Callable[[Manifest], None], str]] = {
    "another kind": (put(kind="image"), r"\$\.kind"),
    "another task": (put(task="ranking"), r"\$\.task"),
    "no labels key": (lambda manifest: manifest.pop("labels") and None, "labels"),
    "labels missing": (put(labels=None), "expected labels for classes, null for regression"),
    "a label less": (put(labels=["no"]), "expected 2 labels"),
    "a type of format 2": (put_feature(type="date"), r"\$\.features\[0\]\.type"),
    "feature of another dtype": (put_feature(type="string"), "one tensor for all features of a type"),
    "feature of unknown tensor": (put_feature(tensor="other"), "one tensor for all features of a type"),
    "feature beyond the tensor": (put_feature(column=99), "fed by one feature"),
    "a column fed twice": (put_feature(column=2), "fed by one feature"),
    "feature without a name": (put_feature(name=""), r"\$\.features\[0\]\.name"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_manifest_that_breaks_a_rule_is_refused(case: str, tmp_path: Path) -> None:
    edit, message = BROKEN[case]
    folder = tiny.write(tmp_path, tiny.Tiny(format=1), edit)
    with pytest.raises(BundleError, match=message) as refusal:
        bundles.read(folder)
    assert str(refusal.value).startswith(str(folder / "manifest.json"))


def test_a_bundle_that_was_trained_before_there_were_types_answers_as_it_did() -> None:
    recorded = json.loads((BEFORE / "golden.json").read_bytes())
    assert json.loads((BEFORE / "manifest.json").read_bytes())["format"] == 1
    model = load(BEFORE, Settings())
    (answers,) = model.run([model.row_reader.decode(json.dumps({"instances": recorded["instances"]}).encode())])
    found = [list(each["probabilities"].values()) for each in json.loads(model.body(answers))["predictions"]]
    tolerance = {"rtol": recorded["rtol"], "atol": recorded["atol"]}
    np.testing.assert_allclose(found, recorded["outputs"]["probabilities"], **tolerance)
